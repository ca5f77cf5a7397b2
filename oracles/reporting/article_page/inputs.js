"use strict";

/* Cells in which a reader writes: short at rest, with every digit while one is in them. */
const Inputs = (() => {
  const FITS = 5; // characters in a cell
  const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

  const note = document.querySelector("[data-refused]");

  /** The number that the whole of a text is, NaN if it is none; 1e400 is none either. */
  const parsed = (text) => {
    const plain = text.trim().replace("\u2212", "-");
    const value = NUMBER.test(plain) ? Number(plain) : NaN;
    return Number.isFinite(value) ? value : NaN;
  };

  const exponent = (value, digits) => value.toExponential(digits).replace("e+", "e");

  /** At most two decimals, or as a power of ten: never the beginning of a longer number. */
  const short = (value) => {
    const plain = Math.abs(value) < 0.1 ? [value.toPrecision(2)]
      : [2, 1, 0].map((digits) => value.toFixed(digits));
    const powers = [1, 0].map((digits) => exponent(value, digits));
    const forms = [...plain.map((form) => String(Number(form))), ...powers];
    return forms.find((form) => form.length <= FITS) ?? forms.at(-1);
  };

  const rest = (input, value) => {
    const text = short(value);
    input.value = text;
    input.title = text === String(value) ? "" : String(value);
    input.style.width = "";
  };

  const show = (input, value) => {
    if (input !== document.activeElement) rest(input, value);
  };

  const widen = (input) => { input.style.width = `max(100%, ${input.value.length + 2}ch)`; };

  const isBad = (input) => Number.isNaN(parsed(input.value));

  const refuse = (input, name, kept) => {
    note.textContent = `${name}: “${input.value}” is not a finite number; kept ${kept}.`;
    input.classList.add("refused");
  };

  const forgive = () => {
    note.textContent = "";
    document.querySelectorAll(".refused").forEach((each) => each.classList.remove("refused"));
  };

  /** A number counts as soon as it is one; what is none gives way to what stood there before. */
  const wire = (input, name, value, set) => {
    let before = 0;
    let entered = false; // by the pointer, which puts the caret somewhere after the focus
    input.addEventListener("focus", () => {
      before = value();
      input.value = String(before);
      widen(input);
      input.select();
      entered = true;
    });
    input.addEventListener("click", () => {
      if (entered) input.select();
      entered = false;
    });
    input.addEventListener("input", () => {
      forgive();
      widen(input);
      input.setAttribute("aria-invalid", String(isBad(input)));
      if (!isBad(input)) set(parsed(input.value));
    });
    const finish = () => {
      if (isBad(input)) {
        refuse(input, name, before); // first: what is set is written into the field
        if (!Object.is(value(), before)) set(before);
      }
      input.removeAttribute("aria-invalid");
    };
    input.addEventListener("blur", () => { finish(); rest(input, value()); });
    input.addEventListener("keydown", ({ key }) => {
      if (key !== "Enter") return;
      finish();
      before = value();
      input.value = String(before);
      input.select();
    });
  };

  const make = (table, cell) => {
    const { matrix: name } = table.dataset;
    const { row, column } = Grids.placeOf(cell);
    const input = document.createElement("input");
    // No inputMode: the decimal keyboards of some telephones have no minus and no e.
    Object.assign(input, { type: "text", autocomplete: "off", spellcheck: false });
    input.setAttribute("aria-label", `${name}, row ${row}, column ${column}`);
    const place = name === "y" ? name : `${name}[${row},${column}]`;
    wire(input, place, () => State.matrix(name)[row][column],
      (value) => State.set(name, row, column, value));
    cell.replaceChildren(input);
  };

  const makeAll = () => Grids.tables
    .filter((table) => table.closest(".map") && State.INPUTS.includes(table.dataset.matrix))
    .forEach((table) => Grids.cellsOf(table).forEach((cell) => make(table, cell)));

  return Object.freeze({ show, makeAll, forgive });
})();
