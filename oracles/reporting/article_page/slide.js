"use strict";

/* The player of a convolution step: play, step, scrub. Nothing plays by itself. */
const Slide = (() => {
  const EACH = 1100; // milliseconds for a frame

  const home = document.querySelector("[data-player]");
  const find = (selector) => home.querySelector(selector);
  const [play, scrub] = [find("[data-play]"), find("[data-scrub]")];

  let slide = null;
  let drawing = null;
  let timer = null;

  const chosen = () => find("input[name=sliding]:checked").value;
  const index = () => Number(scrub.value);

  /** The sum of products in the window. */
  const products = ({ at }) => {
    if (!at) return "";
    const [row, column] = at;
    const terms = slide.slid.flatMap((line, i) => line.map((tap, j) =>
      `${Numbers.factor(slide.matrix[row + i][column + j])} · ${Numbers.factor(tap)}`));
    return `  ${terms.join("\n+ ")}\n= ${Numbers.significant(slide.sums[row][column])}`;
  };

  const show = (wanted) => {
    const last = slide.frames.length - 1;
    scrub.value = String(Math.min(Math.max(wanted, 0), last));
    const frame = slide.frames[index()];
    drawing.show(frame);
    find("[data-caption]").textContent = frame.caption;
    find("[data-products]").textContent = products(frame);
    find("[data-back]").disabled = index() === 0;
    find("[data-forward]").disabled = index() === last;
    scrub.setAttribute("aria-valuetext", `frame ${index()} of ${last}`);
  };

  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };

  const start = () => {
    if (index() === slide.frames.length - 1) show(0);
    show(index() + 1);
    timer = setInterval(() => {
      show(index() + 1);
      if (index() === slide.frames.length - 1) stop();
    }, EACH);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
  };

  const line = () => {
    const [step, version] = [chosen(), State.version()];
    return State.run.published_lines[version]?.[step] ?? State.run.equations[step];
  };

  /** Draw the chosen step again, at the same frame where it still has one. */
  const follow = () => {
    slide = SlideFrames.frames(chosen(), State.version());
    drawing = SlideDrawing.draw(slide);
    scrub.max = String(slide.frames.length - 1);
    find("[data-stage]").replaceChildren(drawing.svg);
    find("[data-playing]").textContent = line();
    show(index());
  };

  const wire = () => {
    find("[data-back]").addEventListener("click", () => { stop(); show(index() - 1); });
    find("[data-forward]").addEventListener("click", () => { stop(); show(index() + 1); });
    play.addEventListener("click", () => (timer === null ? start() : stop()));
    scrub.addEventListener("input", () => { stop(); show(index()); });
    home.querySelectorAll("input[name=sliding]").forEach((radio) =>
      radio.addEventListener("change", () => { stop(); scrub.value = "0"; follow(); }));
  };

  /** Go to a step and play it from its beginning: whoever asks to watch it, asks for that. */
  const watch = (step) => {
    stop();
    find(`input[value=${step}]`).click();
    scrub.value = "0";
    follow();
    home.scrollIntoView({ block: "center" });
    play.focus({ preventScroll: true });
    start();
  };

  return Object.freeze({ wire, follow, watch });
})();
