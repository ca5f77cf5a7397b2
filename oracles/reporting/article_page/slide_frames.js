"use strict";

/* What happens in a convolution step of the article, frame by frame. */
const SlideFrames = (() => {
  const PLANS = {
    l1: { matrix: "x", kernel: "w1" },
    l2: { matrix: "a1", kernel: "w2" },
    g2: { matrix: "a1", kernel: "d2", backward: true },
    dA1: { matrix: "w2", kernel: "d2", backward: true, padded: true },
    g1: { matrix: "x", kernel: "d1", backward: true },
  };

  /** How a version does a step: whether its kernel and its result are rotated by the line. */
  const planOf = (step, version) => {
    const plan = PLANS[step];
    return {
      ...plan,
      turned: Boolean(plan.backward) && !(version === "first" && step !== "dA1"),
      rotated: Boolean(plan.backward) && !(version !== "right" && step === "dA1"),
    };
  };

  const before = ({ matrix, kernel, padded, turned }) => {
    const frames = [];
    if (padded) {
      frames.push({ ring: true, turns: 0, caption:
        `pad1: a ring of zeros around ${matrix}, so that ${kernel} may lie over its edge.` });
    }
    if (turned) {
      frames.push({ ring: true, turns: 1, caption: `R(${kernel}): rotated by 180 degrees.` });
      frames.push({ ring: true, turns: 2, caption:
        `*v is true convolution: it turns the kernel. R has turned it before, the two cancel: what slides is ${kernel} itself.` });
    } else {
      frames.push({ ring: true, turns: 1, caption:
        `*v rotates the kernel ${kernel} by 180 degrees.` });
    }
    return frames;
  };

  const sliding = (sums, turns) => {
    const columns = sums[0].length;
    return sums.flat().map((_, flat, all) => ({
      ring: true, turns, filled: flat + 1, at: [Math.floor(flat / columns), flat % columns],
      caption: `Place ${flat + 1} of ${all.length}: multiply what lies on one another, and add up.`,
    }));
  };

  /** How the kernel is called when it was turned so many times. */
  const KERNEL_TITLES = [(name) => name, (name) => `R(${name})`, (name) => `R(R(${name})) = ${name}`];

  /** How the result is called: the sums are what the step is named after only when all is done. */
  const resultTitle = (step, plan, rotated) => {
    if (!plan.rotated) return step;
    return rotated ? `R: ${step}` : "the sums";
  };

  const titled = (step, plan) => (frame) => ({
    ...frame,
    matrixTitle: plan.padded && frame.ring ? `pad1(${plan.matrix})` : plan.matrix,
    kernelTitle: KERNEL_TITLES[frame.turns](plan.kernel),
    resultTitle: resultTitle(step, plan, frame.rotated),
  });

  const after = (step, { rotated, backward }, turns, count) => {
    const end = { ring: true, turns, filled: count };
    if (rotated) {
      return [{ ...end, rotated, caption: `R: the result is rotated. It is ${step}.` }];
    }
    const caption = backward
      ? "The published line ends here. The right one rotates the result: that R is missing."
      : `All places are done. It is ${step}.`;
    return [{ ...end, caption }];
  };

  /** The matrices of a step and its frames; the first frame shows the whole. */
  const frames = (step, version) => {
    const plan = planOf(step, version);
    const [inner, kernel] = [plan.matrix, plan.kernel].map((name) => State.matrix(name, version));
    const [rows, columns] = plan.padded ? [kernel.length - 1, kernel[0].length - 1] : [0, 0];
    const matrix = Network.pad(inner, rows, columns);
    const slid = plan.turned ? kernel : Network.rotate180(kernel);
    const sums = Network.convolveValid(matrix, Network.rotate180(slid));
    const start = before(plan);
    const { turns } = start.at(-1);
    const count = sums.flat().length;
    const whole = { ring: false, turns: 0, filled: count, rotated: plan.rotated, caption:
      `${plan.matrix}, ${plan.kernel}, and ${step}, which comes of them. Step forward, or play.` };
    return {
      step, plan, ring: rows, matrix, kernel, slid, sums,
      frames: [whole, ...start, ...sliding(sums, turns), ...after(step, plan, turns, count)]
        .map(titled(step, plan)),
    };
  };

  return Object.freeze({ frames });
})();
