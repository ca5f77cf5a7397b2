"use strict";

/* The curves: read at an epoch, drawn again with a reader's numbers when asked. */
const Training = (() => {
  const [LEFT, RIGHT, TOP, BOTTOM] = [56, 640, 16, 300]; // as in curves.py
  const [LOW, HIGH] = [-3, 0];
  const LABEL_GAP = 30;

  const chart = document.querySelector("[data-chart]");
  const button = document.querySelector("[data-train]");
  const note = document.querySelector("[data-trained]");
  const said = note.textContent;
  const { training } = State.run;

  let costs = training.costs;
  let trainedOn = null; // the reader's numbers as text; null while the curves are the run's

  const x = (epoch) => LEFT + (RIGHT - LEFT) * epoch / training.epochs;
  /** What is no number stands at the top, with what is too large. */
  const y = (cost) => {
    const height = cost <= 0 ? 0 : (Math.log10(cost) - LOW) / (HIGH - LOW);
    if (Number.isNaN(height)) return TOP;
    return BOTTOM - (BOTTOM - TOP) * Math.min(Math.max(height, 0), 1);
  };

  /** Labels are moved apart: those below stay, others go up, and none leaves the chart. */
  const labels = () => {
    const ends = Object.entries(costs).map(([version, values]) => [version, y(values.at(-1))]);
    let above = Infinity;
    return ends.sort(([, a], [, b]) => b - a).map(([version, place], n) => {
      const room = TOP + LABEL_GAP * (ends.length - 1 - n);
      above = Math.min(Math.max(place, room), above - LABEL_GAP);
      return [version, above];
    });
  };

  const ends = () => Object.entries(costs).map(([version, values]) => {
    const name = chart.querySelector(`[data-curve=${version}] .which`).textContent;
    return `${name} from ${costText(values[0])} to ${costText(values.at(-1))}`;
  });

  const draw = () => {
    Object.entries(costs).forEach(([version, values]) => {
      const curve = chart.querySelector(`[data-curve=${version}]`);
      const points = values.map((cost, epoch) => `${x(epoch).toFixed(1)},${y(cost).toFixed(1)}`)
        .filter((_, epoch) => Number.isFinite(values[epoch]));
      curve.querySelector("polyline").setAttribute("points", points.join(" "));
      curve.querySelector(".last").textContent = costText(values.at(-1));
    });
    labels().forEach(([version, place]) =>
      chart.querySelector(`[data-curve=${version}] text`).setAttribute("y", (place + 4).toFixed(1)));
    chart.setAttribute("aria-label", `cost by epoch, logarithmic: ${ends().join("; ")}`);
  };

  const costText = (cost) =>
    (cost < 100 && cost >= 5e-5 ? cost.toFixed(4) : Numbers.significant(cost));

  const given = () => JSON.stringify([State.image(), State.numbers()]);

  /** The step is the run's; images 1 to 4 with the changed one among them. */
  const train = () => {
    const { x: image, y: target, ...numbers } = State.numbers();
    const changed = (n) => n === State.image();
    const { images, versions } = State.run;
    const all = {
      ...numbers,
      images: images.map((each, n) => (changed(n) ? image : each.x)),
      targets: images.map((each, n) => (changed(n) ? target[0][0] : each.target)),
      rate: training.rate,
      epochs: training.epochs,
    };
    costs = Object.fromEntries(versions.map((each) => [each, Network.train(each, all).costs]));
    trainedOn = given();
    const before = costText(costs.right[0]);
    note.textContent = `Trained in the page, from your numbers: ${before} before training.`;
    draw();
  };

  const follow = () => {
    button.hidden = State.isRun();
    if (trainedOn === null || trainedOn === given()) return;
    // Curves of other numbers than those above would be taken for theirs.
    [costs, trainedOn] = [training.costs, null];
    note.textContent = said;
    draw();
  };

  // --- reading -----------------------------------------------------------------------------------

  const text = (place, anchor, content) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "text");
    made.setAttribute("x", place);
    made.setAttribute("y", TOP - 4);
    made.setAttribute("text-anchor", anchor);
    made.textContent = content;
    return made;
  };

  const read = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    const inChart = point.matrixTransform(chart.getScreenCTM().inverse());
    const epoch = Math.round((inChart.x - LEFT) / (RIGHT - LEFT) * training.epochs);
    const inside = epoch >= 0 && epoch <= training.epochs;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", `M${x(epoch)} ${TOP} V${BOTTOM}`);
    const words = Object.entries(costs).map(([version, values]) =>
      `${version} ${costText(values[epoch] ?? NaN)}`);
    const anchor = epoch > training.epochs / 2 ? "end" : "start";
    const reading = text(x(epoch), anchor, `epoch ${epoch}: ${words.join(", ")}`);
    chart.querySelector("[data-reading]").replaceChildren(...(inside ? [line, reading] : []));
  };

  const wire = () => {
    button.addEventListener("click", train);
    chart.addEventListener("pointermove", read);
    chart.addEventListener("pointerleave", () =>
      chart.querySelector("[data-reading]").replaceChildren());
  };

  return Object.freeze({ wire, follow });
})();
