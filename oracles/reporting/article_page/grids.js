"use strict";

/* Grids: each follows its matrix; those of the inputs can be written in. */
const Grids = (() => {
  const FAR = 1e-12; // of the largest cell: far more than rounding, far less than any fault

  const tables = [...document.querySelectorAll("table.grid[data-matrix]")];

  const versionOf = ({ dataset }) => ("follow" in dataset ? State.version() : dataset.version);
  const matrixOf = (table) => State.matrix(table.dataset.matrix, versionOf(table));
  const placeOf = (cell) => ({ row: cell.parentElement.rowIndex, column: cell.cellIndex });
  const cellsOf = (table) => [...table.tBodies[0].rows].flatMap((row) => [...row.cells]);

  /** All numbers whose units and colours a table shares. */
  const together = (table) => {
    const names = table.dataset.together.split(" ").filter(Boolean).map((pair) => pair.split(":"));
    const others = names.map(([version, name]) => State.matrix(name, version));
    return [matrixOf(table), ...others].flat(2);
  };

  /** Whether a number is not the true one. */
  const isWrong = (value, truth, most) =>
    !Object.is(value, truth) && !(Math.abs(value - truth) <= FAR * most);

  const write = (cell, text) => { if (cell.textContent !== text) cell.textContent = text; };

  const follow = (table) => {
    const { matrix: name } = table.dataset;
    const matrix = matrixOf(table);
    const truth = State.matrix(name);
    const numbers = together(table);
    const inputs = table.querySelector("input") !== null;
    const [most, whole] = [Numbers.largest(numbers), Numbers.whole(numbers)];
    const power = inputs ? 0 : Numbers.powerOfTen(numbers);
    const mostTrue = Numbers.largest(truth.flat());
    table.querySelector(".unit").textContent = Numbers.unit(power);
    cellsOf(table).forEach((cell) => {
      const { row, column } = placeOf(cell);
      const value = matrix[row][column];
      cell.dataset.tone = Numbers.tone(value, most);
      cell.classList.toggle("wrong", isWrong(value, truth[row][column], mostTrue));
      if (inputs) Inputs.show(cell.firstElementChild, value);
      else write(cell, Numbers.cellText(value, power, whole));
    });
  };

  const followAll = () => tables.forEach(follow);

  return Object.freeze({ tables, versionOf, placeOf, cellsOf, isWrong, followAll });
})();
