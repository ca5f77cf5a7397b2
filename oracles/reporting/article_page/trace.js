"use strict";

/* What made a cell: point at it, or move to it with the arrow keys, and that lights up. */
const Trace = (() => {
  const ACTIVATION_OF = { l1: "f1", l2: "f2", l3: "f3", a1: "f1", a2: "f2", out: "f3" };
  const COMPUTED = new Set([...State.run.forward, ...State.run.backward, "k"]);
  const MADE = { x: "pixels", w1: "of w1", w2: "of w2", w3: "of w3", k: "k" };

  let traced = null;
  const said = new Map(); // what is written in a home, as the cell that it is about

  // --- the sum, written out ----------------------------------------------------------------------

  const value = (version, { step, row, column }) => State.matrix(step, version)[row][column];

  const place = ({ step, row, column }) => {
    const matrix = State.matrix(step);
    return matrix.flat().length === 1 ? step : `${step}[${row},${column}]`;
  };

  const named = (origin) =>
    origin.slope ? `${ACTIVATION_OF[origin.step]}'(${place(origin)})` : place(origin);

  const numeral = (version) => (origin) => {
    const found = value(version, origin);
    const number = origin.slope
      ? Network.slope(State.activation(ACTIVATION_OF[origin.step]), found) : found;
    return Numbers.factor(number);
  };

  /** Factors by term of the sum. */
  const terms = (origins) => [...origins.reduce((all, origin) => {
    const key = String(origin.tap);
    return all.set(key, [...(all.get(key) ?? []), origin]);
  }, new Map()).values()];

  const FORMS = {
    k: ([out, y]) => `${out} − ${y}`,
    cost: ([k]) => `(${k})² / 2`,
    h: ([a2]) => a2,
  };

  const written = (step, origins, show) => {
    if (FORMS[step]) return FORMS[step](origins.map(show));
    if (["a1", "a2", "out"].includes(step)) {
      const f = ACTIVATION_OF[step];
      return `${show === named ? f : State.activation(f)}(${show(origins[0])})`;
    }
    return terms(origins).map((factors) => factors.map(show).join(" · ")).join(" + ");
  };

  /** How many cells of each input: "2 of w2, 2 of w3, k". */
  const counted = (cells) => {
    const numbers = new Map();
    cells.forEach(({ step }) => numbers.set(step, (numbers.get(step) ?? 0) + 1));
    return [...numbers].map(([step, n]) => (step === "k" ? "k" : `${n} ${MADE[step]}`)).join(", ");
  };

  /** The lines about a cell: in names, in numbers, and what it depends on. */
  const lines = (cell, version) => {
    const { step, row, column } = cell;
    const origins = Network.origins(version, step, row, column);
    const made = Network.contributors(version, step, row, column, State.numbers());
    const [values, slopes] = [false, true].map((slope) =>
      counted(made.filter((one) => one.slope === slope)));
    const show = numeral(version);
    const result = Numbers.significant(value(version, cell), 4);
    return {
      names: `${place(cell)} = ${written(step, origins, named)}`,
      numbers: `= ${written(step, origins, show)} = ${result}`,
      made: step === "k" ? "" : [
        values && `Solid, numbers that are multiplied: ${values}.`,
        slopes && `Dotted, they matter only because they set f': ${slopes}.`,
      ].filter(Boolean).join(" "),
    };
  };

  const cellOf = (td) => ({ step: td.closest("table").dataset.matrix, ...Grids.placeOf(td) });

  const say = (home, td) => {
    const box = home.querySelector("[data-sum]");
    if (!box) return;
    said.set(home, td);
    const { names, numbers, made } = lines(cellOf(td), Grids.versionOf(td.closest("table")));
    const tail = document.createElement("span");
    tail.className = "made";
    tail.textContent = made;
    box.replaceChildren(names, document.createElement("br"), numbers, tail);
  };

  // --- light -------------------------------------------------------------------------------------

  const mark = (home, cells, version) => {
    const key = ({ step, row, column }) => `${step} ${row} ${column}`;
    const classes = new Map(cells.map((cell) => [key(cell), cell.mark]));
    home.querySelectorAll("table.grid[data-matrix]").forEach((table) => {
      const { matrix: step } = table.dataset;
      if (Grids.versionOf(table) !== version && State.run.backward.includes(step)) return;
      Grids.cellsOf(table).forEach((td) => {
        const found = classes.get(key({ step, ...Grids.placeOf(td) }));
        if (found) td.classList.add(found);
      });
    });
  };

  const darken = () => {
    document.querySelectorAll("td.lit, td.slope, td.via, td.traced").forEach((td) =>
      td.classList.remove("lit", "slope", "via", "traced"));
    document.querySelectorAll(".tracing").forEach((home) => home.classList.remove("tracing"));
    traced = null;
  };

  const homeOf = (td) => td.closest(".card, #map");

  const light = (td) => {
    darken();
    const table = td.closest("table");
    const version = Grids.versionOf(table);
    const cell = cellOf(td);
    const place = [version, cell.step, cell.row, cell.column];
    const via = Network.origins(...place).map((one) => ({ ...one, mark: "via" }));
    const leaves = Network.contributors(...place, State.numbers()).map((one) =>
      ({ ...one, mark: one.slope ? "slope" : "lit" }));
    const home = homeOf(td);
    home.classList.add("tracing");
    td.classList.add("traced");
    mark(home, [...via, ...leaves], version);
    say(home, td);
    traced = td;
  };

  // --- pointer and keys --------------------------------------------------------------------------

  const cellAt = (target) => {
    const td = target.closest?.("td");
    const table = td?.closest("table.grid[data-matrix]");
    return table && homeOf(td) && COMPUTED.has(table.dataset.matrix) ? td : null;
  };

  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  const walk = (event) => {
    const td = cellAt(event.target);
    if (!td || !STEPS[event.key]) return;
    const { row, column } = Grids.placeOf(td);
    const [down, right] = STEPS[event.key];
    const next = td.closest("tbody").rows[row + down]?.cells[column + right];
    if (next) {
      event.preventDefault();
      td.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  };

  const makeReachable = () => Grids.tables
    .filter((table) => homeOf(table) && COMPUTED.has(table.dataset.matrix))
    .forEach((table) => Grids.cellsOf(table).forEach((td, index) => {
      td.tabIndex = index === 0 ? 0 : -1;
    }));

  const wire = () => {
    makeReachable();
    const enter = ({ target }) => {
      const td = cellAt(target);
      if (td && td !== traced) light(td);
    };
    document.addEventListener("pointerover", enter);
    document.addEventListener("focusin", enter);
    document.addEventListener("focusout", darken);
    document.addEventListener("pointerout", ({ target }) => {
      if (cellAt(target) && target !== document.activeElement) darken();
    });
    document.addEventListener("keydown", walk);
  };

  /** Say the sums again after numbers changed: they stay when the pointer has left. */
  const follow = () => {
    said.forEach((td, home) => say(home, td));
    if (traced) light(traced);
  };

  return Object.freeze({ wire, follow });
})();
