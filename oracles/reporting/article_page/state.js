"use strict";

/* The numbers that the page stands at, and every matrix that follows from them. */
const State = (() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const VERSIONS = run.versions;
  const INPUTS = ["x", "w1", "w2", "w3", "y"];
  const copy = (matrix) => matrix.map((row) => [...row]);
  const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  const given = run.images.map(({ x, target }) => ({ x, y: [[target]] }));
  const fresh = (index) => ({ ...given[index], ...run.weights, ...run.activations });

  const shown = { image: 0, version: "right" };
  let numbers = fresh(0);
  let pictures = given; // those that are not shown, as they were left
  let made = {};
  const listeners = [];

  const everything = (given) => {
    const forward = Network.forward(given);
    const y = given.y[0][0];
    const backward = VERSIONS.map((each) => [each, Network.gradients(each, forward, y, given)]);
    const [cost, k] = [Network.cost(forward.out, y), forward.out[0][0] - y];
    return { ...given, ...forward, k: [[k]], cost: [[cost]], ...Object.fromEntries(backward) };
  };

  /** Pixels and target of an image, as a reader left them. */
  const picture = (index) =>
    (index === shown.image ? { x: numbers.x, y: numbers.y } : pictures[index]);

  const isRun = () => equal(numbers, fresh(shown.image));
  const changedImages = () => [...given.keys()].filter((n) => !equal(picture(n), given[n]));

  const changed = () => {
    made = everything(numbers);
    listeners.forEach((listener) => listener());
  };

  /** A matrix by name; of the backward pass as a version has it. */
  const matrix = (name, version = "right") => made[version][name] ?? made[name];

  /** A step of a published version against the right one, on an image. */
  const compared = (step, version, index = shown.image) => {
    const of = index === shown.image ? made : everything({ ...numbers, ...picture(index) });
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
    picture,
    changedImages,
    /** Whether the image shown and the weights are the run's: what others said is about them. */
    isRun,
    /** Whether all images are too, which trainings and the other images' gradients ask. */
    isRunThroughout: () => isRun() && changedImages().length === 0,
    listen: (listener) => listeners.push(listener),
    set: (name, row, column, value) => {
      numbers = { ...numbers, [name]: copy(numbers[name]) };
      numbers[name][row][column] = value;
      changed();
    },
    activate: (f, name) => { numbers = { ...numbers, [f]: name }; changed(); },
    choose: (index) => {
      pictures = pictures.map((each, n) => (n === shown.image ? picture(n) : each));
      shown.image = index;
      numbers = { ...numbers, ...pictures[index] };
      changed();
    },
    follow: (version) => { shown.version = version; changed(); },
    reset: () => { [numbers, pictures] = [fresh(shown.image), given]; changed(); },
  });
})();
