"use strict";

/*
 * The network of the 2018 article, forward and backward, in the article's own terms, for a page in
 * which a reader changes a pixel or a weight. The lines and the forms of the derivatives are those
 * of manualgrad/article.py:
 *
 *     l1 = x *v w1      w1: the blue weight        l3 = h . w3      w3: the green weight
 *     a1 = f1(l1)                                  out = f3(l3)
 *     l2 = a1 *v w2     w2: the red weight         k = out - y
 *     a2 = f2(l2)                                  cost = k^2 / 2
 *     h = a2, row by row
 *
 * A matrix is an array of rows of numbers. Sums run from left to right, each product rounded. No
 * function changes what it is given.
 */
const Network = (() => {
  // --- matrices -----------------------------------------------------------------------------

  /** The matrix of `cell(row, column)`. */
  const matrix = (rows, columns, cell) =>
    Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_, column) => cell(row, column)));

  /** A function of one cell of each of some matrices of one size, for all cells. */
  const each = (f, first, ...others) =>
    first.map((line, i) => line.map((cell, j) => f(cell, ...others.map((m) => m[i][j]))));

  const transpose = (m) => matrix(m[0].length, m.length, (i, j) => m[j][i]);

  /** A matrix of `rows` rows with the cells of another, row by row. */
  const inRows = (m, rows) => {
    const cells = m.flat();
    const columns = cells.length / rows;
    return matrix(rows, columns, (i, j) => cells[i * columns + j]);
  };

  /** The product of matrices. */
  const multiply = (a, b) =>
    matrix(a.length, b[0].length, (i, j) => a[i].reduce((sum, cell, n) => sum + cell * b[n][j], 0));

  /** R: rotation by 180 degrees. */
  const rotate180 = (m) => [...m].reverse().map((line) => [...line].reverse());

  /** A matrix with `rows` and `columns` of zeros around it. */
  const pad = (m, rows, columns) =>
    matrix(m.length + 2 * rows, m[0].length + 2 * columns, (i, j) => m[i - rows]?.[j - columns] ?? 0);

  /** Pad a kernel so that `d` may slide over it with any overlap at all: d's size minus 1. */
  const padFor = (d, kernel) => pad(kernel, d.length - 1, d[0].length - 1);

  /** x *v w: the kernel, rotated, slides wherever it lies wholly inside the matrix. */
  const convolveValid = (x, w) => {
    const [rows, columns] = [x.length - w.length + 1, x[0].length - w[0].length + 1];
    if (rows < 1 || columns < 1) throw new RangeError("the kernel must fit in the matrix");
    const slid = rotate180(w);
    return matrix(rows, columns, (row, column) => {
      let sum = 0;
      slid.forEach((line, i) => line.forEach((tap, j) => { sum += x[row + i][column + j] * tap; }));
      return sum;
    });
  };

  // --- activations --------------------------------------------------------------------------

  // Each derivative in the form that keeps its digits in the tails.
  const functions = {
    arctan: {
      of: Math.atan,
      derivative: (l) => { // 1 / (1 + l^2), far out through 1/l
        const r = 1 / l;
        return Math.abs(l) > 1 ? (r * r) / (1 + r * r) : 1 / (1 + l * l);
      },
    },
    identity: {
      of: (l) => l,
      derivative: () => 1,
    },
    sigmoid: {
      of: (l) => Math.exp(Math.min(l, 0)) / (1 + Math.exp(-Math.abs(l))),
      derivative: (l) => {
        const h = Math.exp(-Math.abs(l) / 2);
        const root = h / (1 + h * h);
        return root * root;
      },
    },
    tanh: {
      of: Math.tanh,
      derivative: (l) => { // sech^2, and not 1 - tanh^2, which is 0 from 20 on
        const h = Math.exp(-Math.abs(l));
        const e = 1 + Math.exp(-2 * Math.abs(l));
        return 4 * h / (e * e) * h;
      },
    },
  };
  const ACTIVATIONS = Object.keys(functions);
  const VERSIONS = ["right", "first", "later"];

  const known = (name, names) => {
    if (!names.includes(name)) throw new RangeError(`${name} must be one of ${names.join(", ")}`);
  };

  const activate = (f, l) => each(functions[f].of, l);
  const activateBackward = (f, grad, l) =>
    each((g, cell) => g * functions[f].derivative(cell), grad, l);

  // --- the network --------------------------------------------------------------------------

  /** f'(l) for one number. */
  const slope = (f, l) => {
    known(f, ACTIVATIONS);
    return functions[f].derivative(l);
  };

  /** Every matrix of the forward pass; f1, f2, f3 are names from ACTIVATIONS. */
  const forward = ({ x, w1, w2, w3, f1, f2, f3 }) => {
    [f1, f2, f3].forEach((f) => known(f, ACTIVATIONS));
    const l1 = convolveValid(x, w1);
    const a1 = activate(f1, l1);
    const l2 = convolveValid(a1, w2);
    const a2 = activate(f2, l2);
    const h = inRows(a2, 1);
    const l3 = multiply(h, w3);
    const out = activate(f3, l3);
    return { x: each((cell) => cell, x), l1, a1, l2, a2, h, l3, out, f1, f2, f3 };
  };

  /**
   * Every matrix of the backward pass. `version` is "right", or one of the two as published:
   * "first" lacks a rotation in each of g2, dA1 and g1, "later" lacks that of dA1.
   */
  const gradients = (version, { x, l1, a1, l2, h, l3, out, f1, f2, f3 }, y, { w2, w3 }) => {
    known(version, VERSIONS);
    const d3 = activateBackward(f3, each((o) => o - y, out), l3);
    const g3 = multiply(transpose(h), d3);
    const d2 = activateBackward(f2, inRows(multiply(d3, transpose(w3)), l2.length), l2);
    const g2 = rotate180(convolveValid(a1, version === "first" ? d2 : rotate180(d2)));
    const slid = convolveValid(padFor(d2, w2), rotate180(d2));
    const dA1 = version === "right" ? rotate180(slid) : slid;
    const d1 = activateBackward(f1, dA1, l1);
    const g1 = rotate180(convolveValid(x, version === "first" ? d1 : rotate180(d1)));
    return { d3, g3, d2, g2, dA1, d1, g1 };
  };

  /** The cost of one image, (out - y)^2 / 2. */
  const cost = (out, y) => {
    const k = out[0][0] - y;
    return k * k / 2;
  };

  /** The slope of the cost by one cell of an input, measured by moving it `by` each way. */
  const nudged = (net, y, name, [row, column], by) => {
    const at = (change) => {
      const moved = each((cell) => cell, net[name]);
      moved[row][column] += change;
      return [moved[row][column], cost(forward({ ...net, [name]: moved }).out, y)];
    };
    const [[high, above], [low, below]] = [at(by), at(-by)];
    return (above - below) / (high - low);
  };

  // --- training -----------------------------------------------------------------------------

  /**
   * Train as the article does: a step after each image, the images in order. `costs` has the sum
   * over all images before training and after each epoch, epochs + 1 numbers.
   */
  const train = (version, { images, targets, w1, w2, w3, f1, f2, f3, rate, epochs }) => {
    let weights = { w1, w2, w3 };
    const run = (x) => forward({ x, ...weights, f1, f2, f3 });
    const total = () => images.reduce((sum, x, n) => sum + cost(run(x).out, targets[n]), 0);
    const step = (w, g) => each((cell, slope) => cell - rate * slope, w, g);
    const costs = [total()];
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      images.forEach((x, n) => {
        const { g1, g2, g3 } = gradients(version, run(x), targets[n], weights);
        const { w1, w2, w3 } = weights;
        weights = { w1: step(w1, g1), w2: step(w2, g2), w3: step(w3, g3) };
      });
      costs.push(total());
    }
    return { costs, ...weights };
  };

  // --- how far a matrix is from the true one --------------------------------------------------

  const inner = (a, b) => {
    const other = b.flat();
    return a.flat().reduce((sum, cell, n) => sum + cell * other[n], 0);
  };
  const norm = (m) => Math.sqrt(inner(m, m));

  /** |value - truth| / |truth| in the Frobenius norm. */
  const relativeError = (value, truth) => {
    const apart = norm(each((v, t) => v - t, value, truth));
    return apart === 0 ? 0 : apart / norm(truth); // two matrices of zeros are equal
  };

  /** The cosine of the angle between two matrices: negative where a step along one climbs. */
  const cosine = (value, truth) => inner(value, truth) / (norm(value) * norm(truth));

  // --- which cells made a cell, in the article's sizes ------------------------------------------

  const SIZES = {
    x: [4, 4], w1: [2, 2], l1: [3, 3], a1: [3, 3], w2: [2, 2], l2: [2, 2], a2: [2, 2],
    h: [1, 4], w3: [4, 1], l3: [1, 1], out: [1, 1], y: [1, 1], k: [1, 1], cost: [1, 1],
    d3: [1, 1], g3: [4, 1], d2: [2, 2], g2: [2, 2], dA1: [3, 3], d1: [3, 3], g1: [2, 2],
  };
  const LEAVES = ["x", "w1", "w2", "w3", "k"];

  /** A cell, the term of a sum that it is a factor of, and whether only f'(cell) counts. */
  const origin = (step, row, column, tap = null, slope = false) => ({ step, row, column, tap, slope });

  const same = (step) => (row, column) => [origin(step, row, column)];
  const slopeOf = (step) => (row, column) => [origin(step, row, column, null, true)];

  /** Of result[n][m] = sum over i of a[n][i] b[i][m]. */
  const product = (a, b) => (row, column) =>
    Array.from({ length: SIZES[a][1] }, (_, i) =>
      [origin(a, row, i, [0, i]), origin(b, i, column, [0, i])]).flat();

  /**
   * Of m *v kernel, or of m *v R(kernel) if `turned`, rotated in the end if `rotated`, with m
   * padded for the kernel if `padded`. The tap is the place in the window; zeros make nothing.
   */
  const convolution = (m, kernel, { turned = false, rotated = false, padded = false } = {}) => {
    const [[rows, columns], [height, width]] = [SIZES[m], SIZES[kernel]];
    const [above, before] = padded ? [height - 1, width - 1] : [0, 0];
    const last = [rows + 2 * above - height, columns + 2 * before - width];
    return (row, column) => {
      const [top, left] = rotated ? [last[0] - row, last[1] - column] : [row, column];
      return matrix(height, width, (i, j) => {
        const [r, c] = [top + i - above, left + j - before];
        if (r < 0 || r >= rows || c < 0 || c >= columns) return [];
        const of = turned ? [i, j] : [height - 1 - i, width - 1 - j];
        return [origin(m, r, c, [i, j]), origin(kernel, ...of, [i, j])];
      }).flat(2);
    };
  };

  /** The lines of a version, each as a function from a cell to its origins. */
  const lines = (version) => ({
    l1: convolution("x", "w1"),
    a1: same("l1"),
    l2: convolution("a1", "w2"),
    a2: same("l2"),
    h: (row, column) => [origin("a2", Math.floor(column / 2), column % 2)],
    l3: product("h", "w3"),
    out: same("l3"),
    k: () => [origin("out", 0, 0), origin("y", 0, 0)],
    cost: same("k"),
    d3: (...cell) => [...same("k")(...cell), ...slopeOf("l3")(...cell)],
    g3: (row) => [origin("h", 0, row), origin("d3", 0, 0)],
    d2: (row, column) =>
      [origin("d3", 0, 0), origin("w3", 2 * row + column, 0), ...slopeOf("l2")(row, column)],
    g2: convolution("a1", "d2", { turned: version !== "first", rotated: true }),
    dA1: convolution("w2", "d2", { turned: true, rotated: version === "right", padded: true }),
    d1: (...cell) => [...same("dA1")(...cell), ...slopeOf("l1")(...cell)],
    g1: convolution("x", "d1", { turned: version !== "first", rotated: true }),
  });
  const LINES = Object.fromEntries(VERSIONS.map((version) => [version, lines(version)]));

  /**
   * The cells that were multiplied or mapped to make one cell, one step back. Factors of one term
   * of a sum have the same `tap`; `slope` says that of this cell only f'(cell) was used.
   */
  const origins = (version, step, row, column) => {
    known(version, VERSIONS);
    known(step, Object.keys(SIZES));
    return LINES[version][step]?.(row, column) ?? [];
  };

  const ACTIVATION_OF = { l1: "f1", l2: "f2", l3: "f3" };

  /**
   * The cells of x, w1, w2, w3 and k that a cell depends on, each once. `slope` is true where it
   * does so through slopes of activations alone: a cell that would not count were they lines. Of
   * the `activations` that are given, those that are lines have slopes that depend on nothing.
   */
  const contributors = (version, step, row, column, activations = {}) => {
    const found = new Map();
    const bent = (cell) => !cell.slope || activations[ACTIVATION_OF[cell.step]] !== "identity";
    const visit = (cell, slope) => {
      const key = [cell.step, cell.row, cell.column].join();
      if (found.has(key) && found.get(key).slope <= slope) return;
      found.set(key, { step: cell.step, row: cell.row, column: cell.column, slope });
      if (LEAVES.includes(cell.step)) return;
      origins(version, cell.step, cell.row, cell.column)
        .filter(bent)
        .forEach((one) => visit(one, slope || one.slope));
    };
    visit({ step, row, column }, false);
    const place = (cell) => 100 * LEAVES.indexOf(cell.step) + 10 * cell.row + cell.column;
    return [...found.values()]
      .filter((cell) => LEAVES.includes(cell.step))
      .sort((a, b) => place(a) - place(b));
  };

  return Object.freeze({
    ACTIVATIONS, forward, cost, gradients, rotate180, pad, convolveValid, origins, contributors,
    train, relativeError, cosine, slope, nudged,
  });
})();
