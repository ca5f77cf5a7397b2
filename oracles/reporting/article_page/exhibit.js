"use strict";

/* The exhibit: the published matrix turns into place, equal cells are joined, hands point. */
const Exhibit = (() => {
  const home = document.querySelector(".exhibit");
  const find = (selector) => home.querySelector(selector);
  const turning = find(".turning");
  const button = find("[data-turn]");
  const note = find("[data-turned-note]");
  const still = note.textContent;
  const grids = ["later", "right"].map((version) =>
    find(`[data-joined] table[data-matrix=dA1][data-version=${version}]`));

  const cellOf = (table, letter) => table.querySelector(`[data-letter="${letter}"]`);

  const isTurned = () => button.getAttribute("aria-pressed") === "true";

  const turn = () => {
    const turned = !isTurned();
    button.setAttribute("aria-pressed", String(turned));
    button.textContent = turned ? "Turn it back" : "Turn it by 180°";
    turning.classList.toggle("turned", turned);
    note.textContent = turned
      ? "Turned, it is the right one in all 9 cells. This turn is what the published line lacks."
      : still;
    join(null);
  };

  // --- equal cells -----------------------------------------------------------------------------

  /** Where the row of a cell meets the left or right side of its table. */
  const rowEnd = (cell, end) => {
    const [box, table, around] = [cell, cell.closest("tbody"), find("[data-joined]")].map((each) =>
      each.getBoundingClientRect());
    return [table[end] - around.x, box.y + box.height / 2 - around.y];
  };

  const drawJoin = (letter) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const [published, right] = grids.map((table) => cellOf(table, letter));
    const [[x1, y1], [x2, y2]] = [rowEnd(published, "right"), rowEnd(right, "left")];
    const middle = (x1 + x2) / 2;
    path.setAttribute("d", `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`);
    find(".joins").replaceChildren(path);
  };

  /** Join the two cells of a letter; none if it is null. */
  const join = (letter) => {
    grids.forEach((table) => Grids.cellsOf(table).forEach((cell) =>
      cell.classList.toggle("joined", cell.dataset.letter === letter)));
    if (letter === null) find(".joins").replaceChildren();
    else drawJoin(letter);
  };

  // --- numbers ---------------------------------------------------------------------------------

  const showDial = (dial, index) => {
    const { cosine } = State.compared("g1", "later", index);
    const known = Number.isFinite(cosine);
    const sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
    const [x, y] = known ? [34 * cosine, -34 * sine] : [0, 0];
    const [hand, tip] = [dial.querySelector(".hand"), dial.querySelector(".hand-tip")];
    hand.setAttribute("x2", x.toFixed(2));
    hand.setAttribute("y2", y.toFixed(2));
    tip.setAttribute("cx", x.toFixed(2));
    tip.setAttribute("cy", y.toFixed(2));
    dial.className = cosine < 0 ? "away" : "along";
    dial.classList.toggle("now", index === State.image());
    dial.querySelector("b").textContent = `cos ${known ? Numbers.minus(cosine.toFixed(2)) : "–"}`;
    dial.querySelector("em").textContent = !known ? "no direction" : cosine < 0 ? "away" : "along";
    return cosine < 0;
  };

  const follow = () => {
    const dials = [...home.querySelectorAll("[data-dial]")];
    const away = dials.map(showDial).filter(Boolean).length;
    find("[data-away]").textContent =
      `On ${away} of ${dials.length} images the step points away from descent`;
    const measured = State.compared("g1", "later");
    find("[data-no-direction]").hidden = Number.isFinite(measured.cosine);
    home.querySelectorAll("[data-measure]").forEach((each) => {
      each.textContent = Numbers.known(measured[each.dataset.measure]);
    });
    find("[data-which]").textContent =
      `image ${State.image() + 1}, ${State.isRun() ? "the weights of the run" : "your numbers"}`;
  };

  const wire = () => {
    button.addEventListener("click", turn);
    grids.forEach((table) => {
      table.addEventListener("pointerover", ({ target }) => join(target.dataset.letter ?? null));
      table.addEventListener("pointerleave", () => join(null));
    });
  };

  return Object.freeze({ wire, follow });
})();
