"use strict";
// Everything here only adds: without it the page has the same contents, open to be read.
(() => {
  const STRENGTH = ["VACUOUS", "tolerance", "bound", "lattice", "proof"];
  const FILTERS = ["q", "fail", "op", "dtype", "oracle"];
  const state = { q: "", fail: "", op: "", dtype: "", oracle: "", sort: "", at: "" };
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  document.documentElement.classList.add("js");
  document.addEventListener("DOMContentLoaded", () => {
    all(".copyable").forEach(addCopyButton);
    all(".slices").forEach(addSlider);
    all(".slice").forEach(addReadout);
    addPrinting();
    const table = document.getElementById("matrix");
    if (table) addTable(table);
    document.addEventListener("click", followLink);
    window.addEventListener("hashchange", fromAddress);
    window.addEventListener("popstate", fromAddress);
    fromAddress();
  });

  // The table: filter, search, sort.

  let rows = [];
  let heads = [];
  let form = null;
  let apart = [];
  let sorted = "";

  function addTable(table) {
    heads = all("thead th", table);
    form = document.querySelector(".controls");
    rows = [...table.tBodies[0].rows].map(readRow);
    const byId = new Map(rows.map((row) => [row.element.id, row]));
    apart = all("details.failure, details.defect").map((each) => readApart(each, byId));
    heads.forEach(addSortButton);
    fillSelect("op", rows.map((row) => row.op));
    fillSelect("dtype", rows.map((row) => row.dtype));
    for (const head of heads.filter((head) => head.dataset.oracle)) {
      form.elements.oracle.append(new Option(titleOf(head), head.dataset.oracle));
    }
    form.hidden = false;
    form.addEventListener("input", fromForm);
    form.addEventListener("reset", () => setTimeout(fromForm));
    form.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", toSearch);
  }

  function readRow(element, place) {
    const [op, dtype] = [...element.cells].map((cell) => cell.textContent.trim());
    return { element, place, op, dtype, text: element.textContent.toLowerCase(),
             wrong: element.classList.contains("wrong") };
  }

  function readApart(element, byId) {
    const row = byId.get(element.dataset.row);
    if (row) row.text += " " + headText(element);
    const told = (name) => element.querySelector(`summary .${name}`)?.textContent.trim() ?? "";
    return { element, row, op: told("op"),
             dtype: told("dtype"), oracle: element.dataset.oracle ?? "",
             text: row ? "" : element.textContent.toLowerCase() };
  }

  const headText = (failure) =>
    all(".whose, .sentences, .causes", failure).map((e) => e.textContent).join(" ").toLowerCase();

  const titleOf = (head) => head.querySelector("button")?.textContent ?? head.textContent;

  function fillSelect(name, values) {
    const select = form.elements[name];
    for (const value of new Set(values)) select.append(new Option(value, value));
  }

  function fromForm() {
    for (const name of FILTERS) {
      const field = form.elements[name];
      state[name] = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
    }
    state.at = "";
    show();
    toAddress();
  }

  function show() {
    if (!form) return;
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (text) => words.every((word) => text.includes(word));
    const place = heads.findIndex((head) => head.dataset.oracle === state.oracle);
    let shown = 0;
    for (const row of rows) {
      const visible = fits(row) && has(row.text) && (!state.fail || row.wrong)
        && (place < 0 || !["-", "SKIPPED"].includes(row.element.cells[place].textContent.trim()));
      row.element.hidden = !visible;
      shown += visible;
    }
    apart.forEach((each) => {
      each.element.hidden = each.row ? each.row.element.hidden
        : !fits(each) || !has(each.text) || (state.oracle && each.oracle !== state.oracle);
    });
    all(".none").forEach((note) => {
      const items = all("details.failure, details.defect", note.parentElement);
      note.hidden = items.length === 0 || items.some((item) => !item.hidden);
    });
    showColumns();
    form.querySelector(".count").textContent = `${shown} of ${rows.length} rows`;
  }

  const fits = (each) =>
    (!state.op || each.op === state.op)
    && (!state.dtype || each.dtype.split(", ").includes(state.dtype));

  function showColumns() {
    heads.forEach((head, column) => {
      if (!head.dataset.oracle) return;
      const hide = Boolean(state.oracle) && head.dataset.oracle !== state.oracle;
      if (head.hidden === hide) return;
      head.hidden = hide;
      for (const row of rows) row.element.cells[column].hidden = hide;
    });
  }

  function addSortButton(head) {
    const button = make("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const [key, way] = state.sort.split(":");
      const next = key !== head.dataset.key ? "up" : way === "up" ? "down" : "";
      state.sort = next && `${head.dataset.key}:${next}`;
      sort();
      toAddress();
    });
  }

  function sort() {
    sorted = state.sort;
    const [key, way] = state.sort.split(":");
    const column = heads.findIndex((head) => head.dataset.key === key);
    heads.forEach((head, place) => head.setAttribute("aria-sort",
      place !== column ? "none" : way === "down" ? "descending" : "ascending"));
    const sign = way === "down" ? -1 : 1;
    const value = column < 0 ? null : VALUES[heads[column].dataset.kind];
    const keyed = rows.map((row) => [value ? value(row.element.cells[column].textContent) : 0, row]);
    keyed.sort(([a, one], [b, other]) => sign * compare(a, b) || one.place - other.place);
    rows[0]?.element.parentElement.append(...keyed.map(([, row]) => row.element));
  }

  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a < b ? -1 : +(a > b));

  const VALUES = {
    text: (text) => text,
    evidence: (text) => STRENGTH.findLastIndex((word) => text.includes(word)),
    number: (text) => {
      if (text.includes("WRONG") || text.includes("inf")) return Infinity;
      const found = parseFloat(text.replace(/^[^\d-]*/, ""));
      return Number.isNaN(found) ? -1 : found;
    },
  };

  function toSearch(event) {
    const field = form.elements.q;
    if (event.key === "/" && !event.target.closest("input, select, textarea")
        && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === "Escape" && event.target === field && field.value) {
      event.preventDefault();
      field.value = "";
      fromForm();
    }
  }

  // The address: what stands behind # says which view this is, so that it can be sent.

  function toAddress(push = false) {
    const kept = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
    const address = `#${kept}`;
    if (address === (location.hash || "#")) return;
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  function fromAddress() {
    const hash = location.hash.slice(1);
    const named = hash && !hash.includes("=");
    if (!named) {
      const given = new URLSearchParams(hash);
      for (const name of Object.keys(state)) state[name] = given.get(name) ?? "";
    }
    if (form) {
      for (const name of FILTERS) {
        const field = form.elements[name];
        if (field.type === "checkbox") field.checked = state[name] === "1";
        else field.value = state[name];
        if (field.type !== "checkbox" && field.value !== state[name]) {
          field.value = state[name] = "";  // an address of another run, with names that are not here
        }
      }
      show();
      if (state.sort !== sorted) sort();
    }
    open(named ? hash : state.at);
  }

  function open(id) {
    const target = id && document.getElementById(id);
    const around = target && target.closest("details");
    if (!around) return;
    around.hidden = false;
    around.open = true;
    around.scrollIntoView({ block: "start" });
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }

  function followLink(event) {
    const link = event.target.closest('a[href^="#"]');
    const id = link && link.getAttribute("href").slice(1);
    if (!id || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = document.getElementById(id);
    if (!target) return;
    event.preventDefault();
    state.at = target.closest("details") ? id : "";
    toAddress(true);
    if (state.at) open(id);
    else goTo(target);
  }

  function goTo(section) {
    section.tabIndex = -1;  // so that the next Tab goes on from there, as without a script
    section.focus({ preventScroll: true });
    section.scrollIntoView();
  }

  // Copying.

  function addCopyButton(box) {
    const code = box.querySelector("code");
    if (!code) return;
    const button = make("button", { type: "button" }, "Copy");
    button.setAttribute("aria-label", `Copy: ${box.querySelector(".word").textContent}`);
    box.querySelector("p").append(button);
    button.addEventListener("click", async () => {
      const done = await copy(code);
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      say(done ? "Copied" : "Selected: press Ctrl+C to copy");
      setTimeout(() => { button.textContent = "Copy"; say(""); }, 2500);
    });
  }

  async function copy(code) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  }

  function say(text) {
    document.querySelector(".status").textContent = text;
  }

  // Slices, one at a time.

  function addSlider(box) {
    const slices = all(".slice", box);
    if (slices.length < 2) return;
    const range = make("input", { type: "range", min: 0, max: slices.length - 1,
                                  value: box.dataset.first, step: 1 });
    const told = make("output");
    const pick = () => {
      slices.forEach((slice, place) => slice.toggleAttribute("data-shown", place === +range.value));
      const name = slices[range.value].querySelector("figcaption").innerText.trim();
      told.textContent = `${+range.value + 1} of ${slices.length}`;
      range.setAttribute("aria-valuetext", name);
    };
    range.addEventListener("input", pick);
    box.prepend(make("label", { className: "slider" }, "slice ", range, told));
    box.classList.add("sliced");
    pick();
  }

  // Cells: the pointer or the arrow keys tell what everybody says in one.

  function addReadout(slice) {
    const tables = all("table.map", slice);
    const first = tables[0]?.rows[1]?.cells[1];
    if (!first) return;
    first.tabIndex = 0;
    const readout = make("p", { className: "readout" });
    readout.setAttribute("aria-live", "polite");
    slice.append(readout);
    const hear = (event) => {
      const cell = event.target.closest("td[class]");
      if (cell) tell(slice, tables, cell, readout);
    };
    slice.addEventListener("pointerover", hear);
    slice.addEventListener("focusin", hear);
    slice.addEventListener("keydown", (event) => move(event, tables));
  }

  const exact = (cell) => cell.title || cell.textContent.trim();

  function tell(slice, tables, cell, readout) {
    const [row, column] = [cell.parentElement.rowIndex, cell.cellIndex];
    const cells = tables.map((table) => table.rows[row].cells[column]);
    const heads = [tables[0].rows[row].cells[0], tables[0].rows[0].cells[column]];
    const index = heads.map((head) => head.textContent.trim()).filter(Boolean).join(", ");
    all(".same", slice).forEach((each) => each.classList.remove("same"));
    cells.forEach((each) => each.classList.add("same"));
    readout.textContent = `[${slice.dataset.index}${index}] `
      + cells.map((each, i) => `${tables[i].caption.textContent} ${exact(each)}`).join(", ");
  }

  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  function move(event, tables) {
    const cell = event.target.closest("td[class]");
    const step = STEPS[event.key];
    if (!cell || !step) return;
    event.preventDefault();
    const which = tables.indexOf(cell.closest("table"));
    const [row, column] = [cell.parentElement.rowIndex + step[0], cell.cellIndex + step[1]];
    const width = tables[which].rows[0].cells.length;
    const next = column === 0 ? tables[which - 1]?.rows[row].cells[width - 1]
      : column === width ? tables[which + 1]?.rows[row].cells[1]
      : row > 0 && tables[which].rows[row]?.cells[column];
    if (!next) return;
    next.tabIndex = -1;
    next.focus();
  }

  // On paper everything is open.

  function addPrinting() {
    let closed = [];
    window.addEventListener("beforeprint", () => {
      closed = all("details:not([open])");
      closed.forEach((each) => { each.open = true; });
    });
    window.addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
  }
})();
