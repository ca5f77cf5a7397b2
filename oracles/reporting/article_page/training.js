"use strict";

/* The trainings: drawn, and run again with a reader's numbers when asked. */
const Training = (() => {
  const button = document.querySelector("[data-train]");
  const note = document.querySelector("[data-trained]");
  const said = note.textContent;
  const { training, images, versions } = State.run;

  let costs = training.costs;
  let trainedOn = null; // the reader's numbers as text; null while the curves are the run's

  const numbers = () => {
    const { x: _x, y: _y, ...shared } = State.numbers();
    return { ...shared, pictures: images.map((_, n) => State.picture(n)) };
  };
  const given = () => JSON.stringify(numbers());

  /** The step is the run's; all images as they stand, the changed ones among them. */
  const train = () => {
    const { pictures, ...shared } = numbers();
    const all = {
      ...shared,
      images: pictures.map(({ x }) => x),
      targets: pictures.map(({ y }) => y[0][0]),
      rate: training.rate,
      epochs: training.epochs,
    };
    costs = Object.fromEntries(versions.map((each) => [each, Network.train(each, all).costs]));
    trainedOn = given();
    const before = Curves.costText(costs.right[0]);
    note.textContent = `Trained in the page, from your numbers: ${before} before training.`;
    Curves.draw(costs);
  };

  const follow = () => {
    button.hidden = State.isRunThroughout();
    if (trainedOn === null || trainedOn === given()) return;
    // Curves of other numbers than those above would be taken for theirs.
    [costs, trainedOn] = [training.costs, null];
    note.textContent = said;
    Curves.draw(costs);
  };

  const wire = () => {
    button.addEventListener("click", train);
    Curves.chart.addEventListener("pointermove", (event) => Curves.read(costs, event));
    Curves.chart.addEventListener("pointerleave", Curves.unread);
  };

  return Object.freeze({ wire, follow });
})();
