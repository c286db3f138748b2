// A new dataset: look at its table, see what is proposed, judge a sample, create it.

import { byId, counted, el, onSubmit, told } from "./elements.js";
import { ask, PAGE } from "./page.js";
import { line } from "./suite-trial.js";

const form = byId("dataset");
const SAYING = {
  look: "Looking at the table …",
  try: "Judging a sample …",
  create: "Creating …",
};
let guessed = {};

function given() {
  const said = Object.fromEntries(
    [...new FormData(form)].filter(([name, value]) => value && !name.startsWith("column.")),
  );
  const columns = {};
  for (const meaning of PAGE.meanings) {
    const chosen = form.elements[`column.${meaning}`]?.value;
    if (chosen && chosen !== guessed[meaning]) columns[meaning] = chosen;
  }
  return { ...said, columns };
}

// Where a fault is said: the gate's own words begin with the place.
function fieldOf(fault) {
  const column = fault.match(/(?:--columns |source\.columns\.)(\w+)/);
  if (column) return `column.${column[1]}`;
  const option = fault.match(/^--(\w+)/)?.[1];
  const place = fault.match(/^(?:source\.)?(\w+):/)?.[1];
  const name = option ?? place;
  if (name) return name;
  if (/dataset \w+ already|suite \w+ already/.test(fault)) return "name";
  if (/connection/.test(fault)) return "connection";
  return /cannot be read|table/.test(fault) ? "table" : "";
}

function showFaults(faults) {
  for (const place of form.querySelectorAll("[data-field] .fault")) place.textContent = "";
  const others = [];
  for (const told of faults) {
    const field = fieldOf(told);
    const fault = told.replace(/--(columns )?(\w)/g, "$2"); // what the command calls options
    const place = form.querySelector(`[data-field="${field}"] .fault`);
    if (place && !place.closest("[hidden]")) {
      place.textContent += `${fault.replace(/^[\w.]+: /, "")} `;
    } else others.push(el("li", {}, fault));
  }
  byId("faults").replaceChildren(...others);
  byId("faults").hidden = !others.length;
}

function chooseColumns(found) {
  guessed = { ...found.mapped };
  const names = Object.keys(found.types);
  byId("columns").replaceChildren(
    ...PAGE.meanings.map((meaning) =>
      el(
        "label",
        { "data-field": `column.${meaning}` },
        el("span", {}, PAGE.needed.includes(meaning) ? meaning : `${meaning} (if any)`),
        " ",
        el(
          "select",
          { name: `column.${meaning}` },
          el("option", { value: "" }, "none"),
          ...names.map((name) =>
            el(
              "option",
              { value: name, selected: name === found.mapped[meaning] },
              `${name} (${found.types[name]})`,
            ),
          ),
        ),
        el("small", { class: "fault" }),
      ),
    ),
  );
}

function table(rows) {
  const names = Object.keys(rows[0] ?? {});
  const side = (name) => (name === "symbol" || name === "date" ? {} : { class: "n" });
  const cell = (name, value) => el("td", side(name), String(value ?? "NULL"));
  const heads = names.map((name) => el("th", side(name), name));
  const lines = rows.map((row) => el("tr", {}, ...names.map((name) => cell(name, row[name]))));
  return el(
    "div",
    { class: "wide" },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...lines)),
  );
}

function folded(title, ...children) {
  return el("details", {}, el("summary", {}, title), ...children);
}

function verdict(tried) {
  if (!tried) return [];
  const bad = tried.outcomes.filter((one) => one.status !== "passed");
  return [
    el("h2", {}, "Judged"),
    el(
      "p",
      { class: "verdict" },
      el(
        "span",
        { class: `chip ${tried.draft.open ? "passed" : "critical"}` },
        tried.draft.open ? "open" : "closed",
      ),
      ` ${tried.draft.sentence} On ${counted(tried.rows, "bar")} of ${counted(tried.symbols, "symbol")}; nothing was published.`,
    ),
    el("ul", { class: "outcomes" }, ...bad.map(line)),
  ];
}

function show(found) {
  byId("proposal").replaceChildren(
    ...verdict(found.tried),
    el("h2", {}, `The newest of ${counted(found.bars, "bar")} in the sample, as bars`),
    table(found.rows),
    found.unsure.length ? el("h2", {}, "Uncertain") : "",
    el("ul", { class: "unsure" }, ...found.unsure.map((one) => el("li", {}, one))),
    el("h2", {}, "Its file"),
    el("pre", { class: "file" }, found.text),
    found.suite.length
      ? folded(
          `The drafted suite (${found.suite.length} expectations)`,
          el(
            "ul",
            { class: "outcomes" },
            ...found.suite.map((one) =>
              el("li", { class: one.severity }, `${one.description} `, el("small", {}, one.reason)),
            ),
          ),
        )
      : "",
  );
}

function created(name, suite) {
  const link = (path, text) => el("a", { href: PAGE.base + path }, text);
  byId("proposed").hidden = true;
  form.querySelector("fieldset").disabled = true;
  byId("told").className = "good";
  byId("told").replaceChildren(
    `${name} is created. Airflow shows its workflow ${name}_workflow within a minute or so. See `,
    link(`/suites/${encodeURIComponent(suite || name)}`, "its suite"),
    " and ",
    link("/", "Data quality"),
    ".",
  );
}

onSubmit(form, async (act = "look") => {
  told(SAYING[act]);
  try {
    const said = given();
    const found = await ask("POST", `/datasets${act === "create" ? "" : `/${act}`}`, said);
    showFaults([]);
    chooseColumns(found);
    for (const meaning of Object.keys(said.columns)) delete guessed[meaning]; // stays said
    byId("proposed").hidden = false;
    told("");
    show(found);
    if (act === "create") created(said.name, said.suite);
  } catch (error) {
    told(error.answer?.faults ? "" : error.message, "fault");
    if (error.answer?.types) {
      chooseColumns({ types: error.answer.types, mapped: given().columns });
      guessed = {};
      byId("proposed").hidden = false;
    }
    showFaults(error.answer?.faults ?? []);
  }
});
