"use strict";

/* The drawing of the costs of trainings: the rules of curves.py, and what diverged told. */
const Curves = (() => {
  const [LEFT, RIGHT, TOP, BOTTOM] = [56, 640, 16, 300]; // as in curves.py
  const LABEL_GAP = 30;
  const MOST_TICKS = 6;

  const chart = document.querySelector("[data-chart]");
  const { epochs } = State.run.training;

  let axis = null; // the decades that are drawn: [lowest, highest]

  const x = (epoch) => LEFT + (RIGHT - LEFT) * epoch / epochs;

  const height = (cost) => {
    const [low, high] = axis;
    return cost > 0 ? (Math.log10(cost) - low) / (high - low) : 0;
  };

  const y = (cost) =>
    (Number.isFinite(cost) ? BOTTOM - (BOTTOM - TOP) * Math.min(Math.max(height(cost), 0), 1) : TOP);

  // --- the axis ----------------------------------------------------------------------------------

  /** The first epoch with a cost that is no number, -1 if there is none. */
  const divergedAt = (values) => values.findIndex((cost) => !Number.isFinite(cost));

  /**
   * Whole decades around the costs. Of a training that diverges only the start counts: what it
   * ends in would press the others flat.
   */
  const decades = (costs) => {
    const drawn = Object.values(costs)
      .flatMap((values) => (divergedAt(values) < 0 ? values : values.slice(0, 1)))
      .filter((cost) => cost > 0 && Number.isFinite(cost));
    if (drawn.length === 0) return [-3, 0];
    const [least, most] = [Math.min(...drawn), Math.max(...drawn)];
    const [low, below] = [least, most].map((cost) => Number(cost.toExponential().split("e")[1]));
    return [low, Math.max(most > Number(`1e${below}`) ? below + 1 : below, low + 1)];
  };

  const svg = (name, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.textContent = text;
    return made;
  };

  const decadeText = (n) => (Math.abs(n) > 4 ? `1e${n}` : String(Number(`1e${n}`)));

  const drawAxis = () => {
    const [low, high] = axis;
    const step = Math.ceil((high - low) / MOST_TICKS);
    const ticks = [];
    for (let n = low; n <= high; n += step) {
      const at = BOTTOM - (BOTTOM - TOP) * (n - low) / (high - low);
      ticks.push(svg("path", { class: "rule", d: `M${LEFT} ${at} H${RIGHT}` }), svg("text",
        { class: "tick", x: LEFT - 8, y: at + 4, "text-anchor": "end" }, decadeText(n)));
    }
    chart.querySelector("[data-decades]").replaceChildren(...ticks);
  };

  // --- the curves --------------------------------------------------------------------------------

  const costText = (cost) =>
    (cost < 100 && cost >= 5e-5 ? cost.toFixed(4) : Numbers.significant(cost));

  const endText = (values) => {
    const epoch = divergedAt(values);
    return epoch < 0 ? costText(values.at(-1)) : `diverged at epoch ${epoch}`;
  };

  /** Labels are moved apart: those below stay, others go up, and none leaves the chart. */
  const labels = (costs) => {
    const ends = Object.entries(costs).map(([version, values]) => [version, y(values.at(-1))]);
    let above = Infinity;
    return ends.sort(([, a], [, b]) => b - a).map(([version, place], n) => {
      const room = TOP + LABEL_GAP * (ends.length - 1 - n);
      above = Math.min(Math.max(place, room), above - LABEL_GAP);
      return [version, above];
    });
  };

  const curveOf = (version) => chart.querySelector(`[data-curve=${version}]`);

  const drawCurve = ([version, values]) => {
    const epoch = divergedAt(values);
    // A curve that diverges ends where it leaves the axis.
    const inside = (cost) => Number.isFinite(cost) && (epoch < 0 || height(cost) <= 1);
    const points = values.map((cost, n) => `${x(n).toFixed(1)},${y(cost).toFixed(1)}`)
      .filter((_, n) => inside(values[n]));
    curveOf(version).querySelector("polyline").setAttribute("points", points.join(" "));
    const last = curveOf(version).querySelector(".last");
    last.textContent = endText(values);
    last.toggleAttribute("x", false);
    last.toggleAttribute("dy", false);
    if (epoch >= 0) { last.setAttribute("x", 652); last.setAttribute("dy", 14); } // a line of its own
  };

  const inWords = ([version, values]) => {
    const name = curveOf(version).querySelector(".which").textContent;
    const start = Number.isFinite(values[0]) ? ` from ${costText(values[0])}` : "";
    return `${name}${start}${divergedAt(values) < 0 ? " to " : ", "}${endText(values)}`;
  };

  /** Draw costs by version: before training and after each epoch. */
  const draw = (costs) => {
    axis = decades(costs);
    drawAxis();
    Object.entries(costs).forEach(drawCurve);
    labels(costs).forEach(([version, place]) =>
      curveOf(version).querySelector("text").setAttribute("y", (place + 4).toFixed(1)));
    const words = Object.entries(costs).map(inWords).join("; ");
    chart.setAttribute("aria-label", `cost by epoch, logarithmic: ${words}`);
  };

  // --- reading -----------------------------------------------------------------------------------

  /** The costs at the epoch under the pointer. */
  const read = (costs, event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    const inChart = point.matrixTransform(chart.getScreenCTM().inverse());
    const epoch = Math.round((inChart.x - LEFT) / (RIGHT - LEFT) * epochs);
    if (epoch < 0 || epoch > epochs) { unread(); return; }
    const words = Object.entries(costs).map(([version, values]) =>
      `${version} ${Number.isFinite(values[epoch]) ? costText(values[epoch]) : "diverged"}`);
    const anchor = epoch > epochs / 2 ? "end" : "start";
    chart.querySelector("[data-reading]").replaceChildren(
      svg("path", { d: `M${x(epoch)} ${TOP} V${BOTTOM}` }),
      svg("text", { x: x(epoch), y: TOP - 4, "text-anchor": anchor },
        `epoch ${epoch}: ${words.join(", ")}`));
  };

  const unread = () => chart.querySelector("[data-reading]").replaceChildren();

  return Object.freeze({ chart, draw, costText, read, unread });
})();
