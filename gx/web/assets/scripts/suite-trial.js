// Try the draft on bars: the choice of bars, and what came of it.
import { byId, counted, datasetOptions, el, moment, offerSymbols } from "./elements.js";
import { ask, PAGE } from "./page.js";

const panel = document.getElementById("try");
const choice = { dataset: "", kind: "fresh", run_id: "", symbols: "", start: "", end: "" };
take(PAGE.datasets?.[0]);
const WORST = ["critical", "warning", "info"];
let result = null;

function take(dataset) {
  if (!dataset) return;
  choice.dataset = dataset.name;
  choice.kind = dataset.runs.length ? "run" : "fresh";
  choice.run_id = dataset.runs[0]?.run_id ?? "";
  choice.symbols = "";
}

function runsOf(name) {
  return PAGE.datasets?.find((one) => one.name === name)?.runs ?? [];
}

function bars() {
  const of = ofDataset();
  if (choice.kind === "run") return { ...of, run_id: choice.run_id };
  return {
    ...of,
    symbols: choice.symbols
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
    start: choice.start,
    end: choice.end,
  };
}

export const ofDataset = () => (choice.dataset ? { dataset: choice.dataset } : {});

export const onRun = () => choice.kind === "run";

export function onWhat() {
  const of = PAGE.datasets?.length > 1 ? ` of ${choice.dataset}` : "";
  if (choice.kind === "fresh") return `a fresh extract${of}`;
  const run = runsOf(choice.dataset).find((one) => one.run_id === choice.run_id);
  return run ? `the bars of ${moment(run.started)}${of}` : `bars${of}`;
}

export async function run(name, document, entry) {
  const body = { document, ...bars() };
  if (entry !== undefined) body.entry = entry;
  return ask("POST", `/suites/${encodeURIComponent(name)}/try`, body);
}

function field(label, key, attributes) {
  return el(
    "label",
    {},
    `${label} `,
    el("input", {
      ...attributes,
      value: choice[key],
      oninput: (event) => {
        choice[key] = event.target.value;
        choose("fresh");
      },
    }),
  );
}

function choose(kind) {
  choice.kind = kind;
  for (const radio of panel.querySelectorAll("input[type=radio]"))
    radio.checked = radio.value === kind;
}

function radio(kind, label) {
  return el(
    "label",
    { class: "radio" },
    el("input", {
      type: "radio",
      name: "bars",
      value: kind,
      checked: choice.kind === kind,
      onchange: () => choose(kind),
    }),
    ` ${label}`,
  );
}

function chooseDataset(onTry) {
  const change = (event) => {
    take(PAGE.datasets.find((one) => one.name === event.target.value));
    open(onTry);
    byId("try-dataset").focus();
    offerSymbols(byId("symbols-known"), choice.dataset);
  };
  return el(
    "div",
    { class: "choice" },
    el(
      "label",
      {},
      "Dataset \u00a0",
      el("select", { id: "try-dataset", onchange: change }, ...datasetOptions(choice.dataset)),
    ),
  );
}

// What tells runs apart first: the dates of their data, and what began them.
function runTold(one) {
  const state = one.state === "no_verdict" ? "no verdict" : one.state;
  const told = [one.span, one.trigger, moment(one.started), counted(one.rows, "bar"), state];
  return told.filter(Boolean).join(" · ");
}

export function open(onTry) {
  const known = runsOf(choice.dataset);
  const runs = el(
    "select",
    {
      "aria-label": "Run",
      onchange: (event) => {
        choice.run_id = event.target.value;
        choose("run");
      },
    },
    ...known.map((one) =>
      el("option", { value: one.run_id, selected: one.run_id === choice.run_id }, runTold(one)),
    ),
  );
  const button = el(
    "button",
    { class: "main", id: "run-try", onclick: () => onTry(button) },
    "Try the draft",
  );
  panel.replaceChildren(
    el("h2", {}, "Try the draft"),
    el(
      "p",
      {},
      "Judges bars by this draft, saved or not, and compares with the saved suite. Nothing is written.",
    ),
    PAGE.datasets.length > 1 ? chooseDataset(onTry) : "",
    known.length ? el("div", { class: "choice" }, radio("run", "Bars of a run"), runs) : "",
    el(
      "div",
      { class: "choice" },
      radio("fresh", "A fresh extract"),
      field("Symbols", "symbols", {
        placeholder: "all",
        list: "symbols-known",
        size: 12,
        autocomplete: "off",
      }),
      field("from", "start", { type: "date" }),
      field("to", "end", { type: "date" }),
      el(
        "datalist",
        { id: "symbols-known" },
        ...PAGE.symbols.map((name) => el("option", { value: name })),
      ),
    ),
    el("p", {}, button),
    el("div", { id: "try-result", "aria-live": "polite" }),
  );
  if (result) show(result);
}

function verdict(label, found) {
  const held = found.held_count
    ? ` Held: ${found.held.slice(0, 12).join(", ")}${found.held_count > 12 ? " …" : "."}`
    : "";
  return el(
    "p",
    {},
    el("b", {}, `${label}: `),
    el(
      "span",
      { class: `chip ${found.open ? "passed" : "critical"}` },
      found.open ? "open" : "closed",
    ),
    ` ${found.sentence}${held}`,
  );
}

export function show(found) {
  result = found;
  const changed = found.outcomes.filter((one) => one.change && one.change !== "new");
  const bad = found.outcomes
    .filter((one) => one.status !== "passed" && !changed.includes(one))
    .sort((one, other) => WORST.indexOf(one.severity) - WORST.indexOf(other.severity));
  const fine = found.outcomes.filter((one) => one.status === "passed" && !changed.includes(one));
  document
    .getElementById("try-result")
    .replaceChildren(
      verdict("The draft", found.draft),
      found.saved ? verdict("The saved suite", found.saved) : "",
      held(found),
      el(
        "p",
        {},
        `On ${counted(found.rows, "bar")} of ${counted(found.symbols, "symbol")}, ${found.first_date ?? "no date"} to ${found.last_date ?? "no date"}, in ${found.seconds} s.${sampled(found)}`,
      ),
      block(
        "Different from the saved suite",
        [...changed.map(line), ...found.dropped.map(dropped)],
        true,
      ),
      block("Would fail", bad.map(line), true),
      block("Would pass", fine.map(line), false),
    );
}

export function sampled(found) {
  return found.sample ? ` That is ${found.sample}; what compares all symbols may find others.` : "";
}

function held(found) {
  if (!found.saved) return "";
  const before = new Set(found.saved.held),
    now = new Set(found.draft.held);
  const more = found.draft.held.filter((name) => !before.has(name)),
    fewer = found.saved.held.filter((name) => !now.has(name));
  if (!more.length && !fewer.length) return "";
  return el(
    "p",
    {},
    more.length ? `Newly held: ${more.join(", ")}. ` : "",
    fewer.length ? `No longer held: ${fewer.join(", ")}.` : "",
  );
}

function block(title, lines, open) {
  return lines.length
    ? el(
        "details",
        { open },
        el("summary", {}, `${title} (${lines.length})`),
        el("ul", { class: "outcomes" }, ...lines),
      )
    : "";
}

export function line(one) {
  return el(
    "li",
    { class: one.status === "passed" ? "passed" : one.severity },
    badge(one),
    " ",
    one.description,
    " ",
    el("span", { class: "none" }, what(one)),
    bySymbol(one),
    examples(one),
  );
}

// What was found of its exceptions, each by itself.
function bySymbol(one) {
  if (!one.by_symbol?.length) return "";
  return el("ul", { class: "by-symbol" }, ...one.by_symbol.map((said) => el("li", {}, said)));
}

function dropped(one) {
  return el(
    "li",
    {},
    el("span", { class: "chip" }, "not in the draft"),
    " ",
    one.description,
    " ",
    el("span", { class: "none" }, `was ${one.status}`),
  );
}

export function what(one) {
  if (one.status === "error") return `could not be checked: ${one.exception}`;
  if (one.status === "missing") return "was never checked";
  if (one.count)
    return `${counted(one.count, "bar")}${one.symbols.length ? ` in ${one.symbols.join(", ")}${one.symbol_count > one.symbols.length ? " …" : ""}` : ""}`;
  return one.status === "failed" || one.status === "unchecked" ? one.observed : "";
}

export function badge(one) {
  const text = one.change
    ? one.change === "new"
      ? `new, ${one.status}`
      : one.change
    : one.status === "passed"
      ? "passes"
      : one.status === "failed"
        ? "fails"
        : one.status;
  return el("span", { class: `chip ${one.status === "passed" ? "passed" : one.severity}` }, text);
}

function examples(one) {
  if (!one.examples.length) return "";
  const columns = Object.keys(one.examples[0]);
  return el(
    "details",
    { class: "examples" },
    el(
      "summary",
      {},
      one.count > one.examples.length ? `The first ${one.examples.length}` : "The bars",
    ),
    el(
      "div",
      { class: "wide" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ...columns.map((name) => el("th", {}, name)))),
        el(
          "tbody",
          {},
          ...one.examples.map((bar) =>
            el(
              "tr",
              {},
              ...columns.map((name) =>
                el(
                  "td",
                  {},
                  bar[name] === null
                    ? "NULL"
                    : typeof bar[name] === "number"
                      ? bar[name].toLocaleString("en", {
                          maximumFractionDigits: 6,
                        })
                      : String(bar[name]),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
