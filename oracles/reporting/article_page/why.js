"use strict";

/* Why the rotation belongs there, in the numbers of the image shown: one cell, and its slope. */
const Why = (() => {
  const DIGITS = 1000; // how far above its own rounding a slope must be to have three digits

  const all = (selector) => [...document.querySelectorAll(selector)];

  const write = (each) => {
    const { cell, version, digits, form } = each.dataset;
    const [name, row, column] = cell.split(" ");
    const value = State.matrix(name, version)[row][column];
    each.textContent = Numbers[form](value, Number(digits));
  };

  /** The slope as text, or that rounding hides it. */
  const measured = () => {
    const by = State.run.nudge;
    const y = State.matrix("y")[0][0];
    const slope = Network.nudged(State.numbers(), y, "w1", [0, 0], by);
    const noise = Number.EPSILON * State.matrix("cost")[0][0] / by;
    if (Number.isFinite(slope) && Math.abs(slope) > DIGITS * noise) {
      return Numbers.plain(slope, 4);
    }
    return "too little to measure";
  };

  const follow = () => {
    all("[data-cell]").forEach(write);
    all("[data-slope]").forEach((each) => { each.textContent = measured(); });
  };

  return Object.freeze({ follow });
})();
