// The list of expectations as sentences, with what the check and the trial said of each.

import { exceptionLine } from "./editor-exceptions.js";
import { form } from "./editor-form.js";
import { describeParameters, parameter } from "./editor-params.js";
import { saveState, showWeaknesses } from "./editor-save.js";
import { change, checkSoon, nameOf, redraw, session } from "./editor-session.js";
import { byId, counted, el, told, weaknessList } from "./elements.js";
import { PAGE } from "./page.js";
import { grouped } from "./suite-draft.js";
import * as Trial from "./suite-trial.js";

Object.assign(redraw, { list: drawList, marks: drawMarks, state: drawState });

export function drawList(focus) {
  const { draft, view } = session;
  byId("list").hidden = view.json;
  byId("json").hidden = !view.json;
  byId("view-list").setAttribute("aria-pressed", String(!view.json));
  byId("view-json").setAttribute("aria-pressed", String(view.json));
  if (view.json && !view.broken) byId("json-text").value = JSON.stringify(draft.document, null, 2);
  if (byId("json-fault")) byId("json-fault").textContent = view.broken;
  byId("list").replaceChildren(...[...groups()].map(group));
  describeParameters(draft.entries);
  drawMarks();
  if (focus) focusOn(focus);
}

function groups() {
  const { draft, view, catalogue } = session;
  if (view.order === "column") return grouped(draft.entries, catalogue);
  return new Map([["As in the file", draft.entries.map((_, index) => index)]]);
}

function group([name, members]) {
  const items = members.map((index, at) => item(index, members[at - 1], members[at + 1]));
  return el(
    "section",
    {},
    el("h2", {}, name, el("small", { class: "count" }, ` ${members.length}`)),
    el("ul", { class: "entries" }, ...items),
  );
}

// The first or last of a group cannot move on: its own Edit button is next to where the hand was.
function focusOn(name) {
  const find = (key) => document.querySelector(`[data-focus="${CSS.escape(key)}"]:not(:disabled)`);
  (find(name) ?? find(`edit-${name.split("-")[1]}`))?.focus();
}

function item(index, previous, next) {
  const entry = session.draft.entries[index];
  if (entry === null || typeof entry !== "object") {
    return el(
      "li",
      { "data-index": index },
      el("code", {}, JSON.stringify(entry)),
      el("p", { class: "fault" }),
    );
  }
  const kwargs = Object.entries(entry.kwargs || {}).map(([key, value]) =>
    parameter(entry, index, key, value),
  );
  return el(
    "li",
    { "data-index": index, class: `entry ${entry.severity}` },
    el(
      "div",
      { class: "line" },
      severity(entry, index),
      el("p", { class: "sentence" }),
      PAGE.may_write ? actions(index, previous, next) : "",
    ),
    el("p", { class: "outdated fault" }),
    el(
      "p",
      { class: "type" },
      el("code", {}, entry.type),
      " ",
      ...kwargs.flatMap((one) => [one, " "]),
    ),
    exceptionLine(entry),
    el("p", { class: "fault" }),
    el("p", { class: "tried" }),
  );
}

function severity(given, index) {
  const entry = { ...given, severity: given.severity ?? "critical" }; // as Great Expectations takes it
  if (!PAGE.may_write)
    return el("span", { class: `chip ${entry.severity}` }, String(entry.severity));
  const all = session.offers.severities;
  const known = all.includes(entry.severity) ? all : [entry.severity, ...all];
  const choose = (event) =>
    change(
      session.draft.replaced(index, { ...entry, severity: event.target.value }),
      `severity-${index}`,
    );
  return el(
    "select",
    {
      class: `severity ${entry.severity}`,
      "aria-label": `Severity of expectation ${index + 1}, ${nameOf(entry)}`,
      "data-focus": `severity-${index}`,
      onchange: choose,
    },
    ...known.map((name) =>
      el("option", { value: name, selected: name === entry.severity }, String(name)),
    ),
  );
}

function actions(index, previous, next) {
  const button = (sign, said, key, act, disabled = false) =>
    el(
      "button",
      {
        title: said,
        "data-focus": `${key}-${index}`,
        disabled,
        onclick: act,
      },
      sign,
    );
  const move = (key, to) => () => change(session.draft.moved(index, to), `${key}-${to}`);
  return el(
    "span",
    { class: "actions" },
    button("↑", "Move up", "up", move("up", previous), previous === undefined),
    button("↓", "Move down", "down", move("down", next), next === undefined),
    button("Edit", "Edit", "edit", () => openEdit(index)),
    button("Remove", "Remove", "remove", () => remove(index)),
  );
}

function remove(index) {
  const { draft } = session;
  const name = nameOf(draft.entries[index]);
  change(draft.removed(index), `edit-${Math.min(index, draft.entries.length - 2)}`);
  told(`${name} is removed from the draft; Undo brings it back.`);
}

function openEdit(index) {
  const { draft, view, checked, catalogue } = session;
  const again = view.form && view.form.index === index;
  redraw.closeForm();
  if (again) return;
  const entry = draft.entries[index];
  const element = form(entry, catalogue.get(entry.type), {
    doneWord: "Keep",
    done: (changed) => {
      redraw.closeForm();
      if (!draft.change(draft.replaced(index, changed))) return;
      drawList(`edit-${index}`);
      checkSoon();
    },
    cancelled: () => redraw.closeForm(true),
    drafted: (changed) => [draft.replaced(index, changed), index + 1],
    faults: checked.faults.filter((one) => one.entry === index + 1),
  });
  view.form = { element, index, back: `edit-${index}` };
  document.querySelector(`#list [data-index="${index}"]`).append(element);
  element.querySelector("input, textarea, select").focus();
}

// What may change without the list being built anew, so that an open form keeps its focus.
export function drawMarks() {
  for (const line of document.querySelectorAll("#list [data-index]")) mark(line);
  const { checked, view } = session;
  const places = view.json ? checked.faults : checked.faults.filter((one) => !one.entry);
  const said = (one) => (one.entry ? `Entry ${one.entry}: ${one.message}` : one.message);
  byId("faults").replaceChildren(...places.map((one) => el("li", {}, said(one))));
  byId("faults").hidden = !places.length;
  const weak = checked.weaknesses.length
    ? [el("b", {}, "What this suite cannot find"), weaknessList(checked.weaknesses)]
    : [];
  byId("weak").replaceChildren(...weak);
  const saving = PAGE.may_write && !byId("save").hidden; // where they stand with a box to tick
  byId("weak").hidden = saving || !checked.weaknesses.length;
  if (saving) showWeaknesses();
  drawState();
}

function mark(line) {
  const { draft, checked, catalogue, tried } = session;
  const index = Number(line.dataset.index);
  const entry = draft.entries[index] ?? {};
  const fault = checked.faults.find((one) => one.entry === index + 1);
  const sentence = line.querySelector(".sentence");
  if (sentence)
    sentence.textContent =
      entry.description ||
      checked.sentences[index] ||
      catalogue.get(entry.type)?.title ||
      nameOf(entry);
  const outdated = line.querySelector(".outdated");
  if (outdated)
    outdated.textContent = checked.outdated?.[index]
      ? `Worded for other parameters. It asks: ${checked.sentences[index]}`
      : "";
  for (const button of line.querySelectorAll(".actions button"))
    button.setAttribute("aria-label", `${button.title}: ${nameOf(entry)}`);
  line.querySelector(":scope > .fault").textContent = fault ? fault.message : "";
  line.classList.toggle("broken", Boolean(fault));
  const outcome = tried.get(JSON.stringify(entry));
  line
    .querySelector(".tried")
    ?.replaceChildren(...(outcome ? [Trial.badge(outcome), ` ${Trial.what(outcome)}`] : []));
}

export function drawState() {
  const { draft, view, checked } = session;
  const broken = view.broken || checked.faults.length;
  byId("state").textContent = stateInWords();
  byId("state").className = broken ? "fault" : draft.dirty ? "unsaved" : "";
  if (!PAGE.may_write) return;
  byId("undo").disabled = !draft.past.length && !view.broken;
  byId("redo").disabled = !draft.future.length;
  const button = byId("do-save");
  if (button) saveState(button);
}

function stateInWords() {
  const { draft, view, checked } = session;
  const said = [];
  const weak = checked.weaknesses.length;
  if (view.broken) said.push("the JSON cannot be read");
  else if (checked.faults.length) said.push(counted(checked.faults.length, "fault"));
  else if (weak) said.push(weak === 1 ? "1 weakness" : `${weak} weaknesses`);
  if (draft.dirty)
    said.push(
      checked.known && checked.changes.length
        ? counted(checked.changes.length, "unsaved change")
        : "unsaved changes",
    );
  else if (!view.broken && !checked.faults.length) said.push("saved");
  return said.join(" · ");
}
