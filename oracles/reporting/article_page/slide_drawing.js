"use strict";

/* The drawing of a convolution step: three panels, of which the frames move parts. */
const SlideDrawing = (() => {
  const SIDE = 54;
  const TOP = 44;
  const GAP = 74;
  const SVG = "http://www.w3.org/2000/svg";

  const element = (name, attributes, ...children) => {
    const made = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  };

  const scaleOf = (matrix) => {
    const numbers = matrix.flat();
    const [most, power] = [Numbers.largest(numbers), Numbers.powerOfTen(numbers)];
    return { most, power, whole: Numbers.whole(numbers) };
  };

  const numeral = (value, { power, whole }) => Numbers.cellText(value, power, whole);

  /** A cell: its square, its number (which stays upright), the index of where it belongs. */
  const cell = (value, row, column, scale, index) => {
    const [x, y] = [column * SIDE, row * SIDE];
    const inside = { x: x + 1.5, y: y + 1.5, width: SIDE - 3, height: SIDE - 3, rx: 5 };
    const middle = x + SIDE / 2;
    const upright = element("g", { class: "moves upright" },
      element("rect", { ...inside, fill: "none" }), // it turns about the middle of the cell
      element("text", { x: middle, y: y + SIDE / 2 + 5 }, numeral(value, scale)),
      element("text", { x: middle, y: y + 13, class: "index" }, index));
    const tone = Numbers.tone(value, scale.most);
    const square = element("rect", { ...inside, class: "cell", "data-tone": tone });
    return element("g", { class: "square" }, square, upright);
  };

  const panel = (title, matrix, x, className) => {
    const scale = scaleOf(matrix);
    const cells = matrix.flatMap((line, row) =>
      line.map((value, column) => cell(value, row, column, scale, `${row},${column}`)));
    const turning = element("g", { class: `moves ${className}` }, ...cells);
    const unit = Numbers.unit(scale.power);
    const whole = element("g", { transform: `translate(${x} ${TOP})` },
      element("text", { x: 2, y: -24, class: "title" }, title),
      element("text", { x: 2, y: -8, class: "note" }, unit || "\u00a0"), turning);
    return {
      turning,
      cells,
      scale,
      title: (text) => { whole.querySelector(".title").textContent = text; },
      /** Write the index of each cell anew, where it stands now. */
      number: (rotated) => cells.forEach((each, flat) => {
        const place = rotated ? cells.length - 1 - flat : flat;
        const columns = matrix[0].length;
        each.querySelector(".index").textContent =
          `${Math.floor(place / columns)},${place % columns}`;
      }),
      whole,
    };
  };

  const windowOver = ({ slid }, scale) => {
    const factors = slid.flatMap((line, row) => line.map((value, column) =>
      element("text", { class: "factor", x: column * SIDE + SIDE / 2, y: row * SIDE + SIDE - 7 },
        `× ${numeral(value, scale)}`)));
    const frame = element("rect", {
      class: "window", x: 0, y: 0, width: slid[0].length * SIDE, height: slid.length * SIDE, rx: 6,
    });
    return element("g", { class: "moves over" }, frame, ...factors);
  };

  const ringCells = ({ ring, matrix }, cells) => cells.filter((_, flat) => {
    const [rows, columns] = [matrix.length, matrix[0].length];
    const [row, column] = [Math.floor(flat / columns), flat % columns];
    return Math.min(row, column, rows - 1 - row, columns - 1 - column) < ring;
  });

  /** The drawing of what `SlideFrames.frames` returns, and how to put it at a frame. */
  const draw = (slide) => {
    const { plan, matrix, kernel, sums, step } = slide;
    const first = panel(plan.matrix, matrix, 12, "matrix");
    const kernelX = 12 + matrix[0].length * SIDE + GAP;
    const second = panel(plan.kernel, kernel, kernelX, "kernel");
    const resultX = kernelX + kernel[0].length * SIDE + GAP;
    const third = panel(step, sums, resultX, "result");
    const over = windowOver(slide, second.scale);
    const ring = ringCells(slide, first.cells);
    ring.forEach((each) => each.classList.add("ring", "moves"));
    first.turning.append(over);
    const sign = (x, text) => element("text", { x, y: TOP + 2 * SIDE, class: "title" }, text);
    const width = resultX + sums[0].length * SIDE + 8;
    const svg = element("svg", {
      viewBox: `0 0 ${width} ${TOP + 4 * SIDE + 8}`, role: "img",
      "aria-label": `${step}: ${plan.kernel} slides over ${plan.matrix}`,
    }, first.whole, sign(kernelX - GAP / 2 - 10, "*v"), second.whole,
    sign(resultX - GAP / 2 - 6, "="), third.whole);
    const parts = { first, second, third, over, ring };
    return { svg, show: (frame) => show(slide, parts, frame) };
  };

  const turn = ({ turning, cells }, halves) => {
    const rotate = (part, degrees) => { part.style.transform = `rotate(${degrees}deg)`; };
    rotate(turning, 180 * halves);
    cells.forEach((each) => rotate(each.querySelector(".upright"), -180 * halves));
  };

  const show = ({ sums }, { first, second, third, over, ring }, frame) => {
    turn(second, frame.turns);
    turn(third, frame.rotated ? 1 : 0);
    first.title(frame.matrixTitle);
    second.title(frame.kernelTitle);
    third.title(frame.resultTitle);
    third.number(frame.rotated);
    ring.forEach((each) => { each.style.opacity = frame.ring ? 1 : 0; });
    over.style.opacity = frame.at ? 1 : 0;
    const [row, column] = frame.at ?? [0, 0];
    over.style.transform = `translate(${column * SIDE}px, ${row * SIDE}px)`;
    const last = frame.at ? row * sums[0].length + column : -1;
    third.cells.forEach((each, flat) => {
      each.classList.toggle("blank", flat >= (frame.filled ?? 0));
      each.classList.toggle("lit", flat === last);
    });
  };

  return Object.freeze({ draw });
})();
