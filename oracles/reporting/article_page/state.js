"use strict";

/* The numbers that the page stands at, and every matrix that follows from them. */
const State = (() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const VERSIONS = run.versions;
  const INPUTS = ["x", "w1", "w2", "w3", "y"];
  const copy = (matrix) => matrix.map((row) => [...row]);
  const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  const image = (index) => ({ x: copy(run.images[index].x), y: [[run.images[index].target]] });
  const weights = () => Object.fromEntries(Object.entries(run.weights).map(([n, w]) => [n, copy(w)]));
  const fresh = (index) => ({ ...image(index), ...weights(), ...run.activations });

  const shown = { image: 0, version: "right" };
  let numbers = fresh(0);
  let made = {};
  const listeners = [];

  const everything = (given) => {
    const forward = Network.forward(given);
    const y = given.y[0][0];
    const ways = VERSIONS.map((version) => [version, Network.gradients(version, forward, y, given)]);
    const cost = [[Network.cost(forward.out, y)]];
    return { ...given, ...forward, k: [[forward.out[0][0] - y]], cost, ...Object.fromEntries(ways) };
  };

  const changed = () => {
    made = everything(numbers);
    listeners.forEach((listener) => listener());
  };

  /** A matrix by name; of the backward pass as a version has it. */
  const matrix = (name, version = "right") => made[version][name] ?? made[name];

  /** The published g1 against the right one on an image, of the numbers as they stand. */
  const compared = (step, version, index = shown.image) => {
    const of = index === shown.image ? made : everything({ ...numbers, ...image(index) });
    const pair = [of[version][step], of.right[step]];
    return { relativeError: Network.relativeError(...pair), cosine: Network.cosine(...pair) };
  };

  changed();
  return Object.freeze({
    run,
    INPUTS,
    matrix,
    compared,
    image: () => shown.image,
    version: () => shown.version,
    activation: (f) => numbers[f],
    numbers: () => ({ ...numbers }),
    /** Whether all numbers are those of the run, so that what others said is about them. */
    isRun: () => equal(numbers, fresh(shown.image)),
    /** Whether weights and activations are those of the run. */
    hasRunWeights: () => equal({ ...numbers, ...image(0) }, fresh(0)),
    listen: (listener) => listeners.push(listener),
    set: (name, row, column, value) => {
      numbers = { ...numbers, [name]: copy(numbers[name]) };
      numbers[name][row][column] = value;
      changed();
    },
    activate: (f, name) => { numbers = { ...numbers, [f]: name }; changed(); },
    choose: (index) => { shown.image = index; numbers = { ...numbers, ...image(index) }; changed(); },
    follow: (version) => { shown.version = version; changed(); },
    reset: () => { numbers = fresh(shown.image); changed(); },
  });
})();
