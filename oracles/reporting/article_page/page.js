"use strict";

/* Everything follows the numbers; the controls set them. */
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const find = (selector) => document.querySelector(selector);

  /** What others said is shown if it is about the numbers that stand here. */
  const followAnswers = () => {
    const isRun = State.isRun();
    all(".asked").forEach((asked) =>
      asked.classList.toggle("now", isRun && Number(asked.dataset.image) === State.image()));
    all(".elsewhere").forEach((note) => { note.hidden = isRun; });
  };

  const stateInWords = () => {
    if (!State.isRun()) return "your numbers";
    const others = State.changedImages().map((n) => n + 1).join(", ");
    return others ? `the run's numbers; changed on image ${others}` : "the run's numbers";
  };

  const followState = () => {
    const isRun = State.isRunThroughout();
    find("[data-state]").textContent = stateInWords();
    find("[data-reset]").disabled = isRun;
    document.documentElement.classList.toggle("changed", !isRun);
  };

  /** The small pictures of the images. */
  const followPictures = () => all(".pictures svg").forEach((svg, n) => {
    const pixels = State.picture(n).x.flat();
    [...svg.querySelectorAll("rect")].forEach((rect, flat) => rect.setAttribute("class",
      pixels[flat] > 0 ? "positive" : pixels[flat] < 0 ? "negative" : "zero"));
  });

  const followDistances = () => all("[data-far]").forEach((each) => {
    const [version, step] = each.dataset.far.split(":");
    const { relativeError, cosine } = State.compared(step, version);
    const equal = relativeError < 1e-12;
    const like = State.isRun() ? "the truth" : "the page's right version";
    each.textContent = equal ? `equal to ${like}, to rounding`
      : `relative error ${Numbers.known(relativeError)}, cosine ${Numbers.known(cosine)}`;
    each.parentElement.classList.toggle("equal", equal);
  });

  const followControls = () => all("[data-activation]").forEach((select) => {
    select.value = State.activation(select.dataset.activation);
  });

  const fillChoices = () => all("[data-activation]").forEach((select) => {
    select.replaceChildren(...Network.ACTIVATIONS.map((name) => new Option(name, name)));
    select.addEventListener("change", () => State.activate(select.dataset.activation, select.value));
  });

  const wireControls = () => {
    all("input[name=image]").forEach((radio) =>
      radio.addEventListener("change", () => State.choose(Number(radio.value))));
    all("input[name=version]").forEach((radio) =>
      radio.addEventListener("change", () => State.follow(radio.value)));
    find("[data-reset]").addEventListener("click", () => { Inputs.forgive(); State.reset(); });
    // A browser may keep a choice of radio buttons when the page is loaded again.
    all("fieldset input").forEach((input) => { input.checked = input.defaultChecked; });
  };

  const wireWatching = () => all("[data-watch]").forEach((button) =>
    button.addEventListener("click", () => Slide.watch(button.dataset.watch)));

  document.documentElement.classList.add("script");
  Inputs.makeAll();
  fillChoices();
  wireControls();
  wireWatching();
  const parts = [Exhibit, Trace, Slide, Training];
  parts.forEach((part) => part.wire());
  const followers = [Grids.followAll, followAnswers, followState, followPictures, followDistances,
    followControls, Why.follow, ...parts.map((part) => part.follow)];
  const followAll = () => followers.forEach((follow) => follow());
  State.listen(followAll);
  followAll();
})();
