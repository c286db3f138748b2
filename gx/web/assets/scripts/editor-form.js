// The form of an expectation, made from its entry in the catalogue.

import { watchEffects } from "./editor-effect.js";
import { exceptionsOf } from "./editor-exceptions.js";
import { redraw, session } from "./editor-session.js";
import { tryInto } from "./editor-try.js";
import { tuneButton } from "./editor-tune.js";
import { byId, el } from "./elements.js";
import { PAGE } from "./page.js";
import { entryWith, notesOf } from "./suite-draft.js";
import * as Forms from "./suite-forms.js";

redraw.closeForm = (focus = false) => {
  if (!session.view.form) return;
  const { element, back } = session.view.form;
  element.remove();
  session.view.form = null;
  if (focus) document.querySelector(`[data-focus="${CSS.escape(back)}"]`)?.focus();
};

// A form for an entry. `done` takes the changed entry; `drafted` gives the draft with it, and its
// number; `cancelled` is told when nothing is to be kept.
export function form(entry, known, { done, doneWord, cancelled, drafted, faults = [] }) {
  const rows = Forms.fieldsOf(known, entry.kwargs || {}).map((field) =>
    row(field, entry.kwargs?.[field.name], faults),
  );
  const said = el("input", {
    value: entry.description ?? "",
    maxlength: PAGE.limits.description,
    placeholder: "Great Expectations' own words",
  });
  const notes = el("textarea", {
    rows: 2,
    maxlength: PAGE.limits.notes,
    value: notesOf(entry),
  });
  const level = el(
    "select",
    {},
    ...session.offers.severities.map((name) =>
      el("option", { selected: name === entry.severity }, name),
    ),
  );
  const apart = exceptionsOf(entry, known, { control, faults });
  const result = el("div", { class: "form-result", "aria-live": "polite" });
  const read = () => {
    const values = valuesOf(rows);
    if (!values) return null;
    const changed = entryWith(entry, {
      kwargs: Forms.ordered(entry.kwargs || {}, values),
      severity: level.value,
      description: said.value.trim(),
      notes: notes.value.trim(),
    });
    return apart.into(changed);
  };
  const tryOne = el(
    "button",
    {
      type: "button",
      onclick: async () => {
        const changed = read();
        if (!changed) return;
        const [document, number] = drafted(changed);
        await tryInto(result, tryOne, document, number);
      },
    },
    "Try this one",
  );
  const tuned = rows.find((one) => one.field.name === known?.tunes);
  const draftedNow = () => {
    const changed = read();
    return changed && drafted(changed);
  };
  const take = (level) => {
    tuned.input.value = String(level);
    tuned.input.dispatchEvent(new Event("change", { bubbles: true }));
    tuned.input.focus();
  };
  const submit = (event) => {
    event.preventDefault();
    const changed = read();
    if (changed) done(changed);
  };
  const element = el(
    "form",
    { class: "fields", onsubmit: submit },
    ...definition(known),
    ...rows.filter((one) => !one.field.advanced).map((one) => one.element),
    el(
      "div",
      { class: "row" },
      el("label", {}, "Severity ", level),
      el("small", {}, "critical closes the gate; warning and info are recorded"),
    ),
    el(
      "div",
      { class: "row" },
      el("label", {}, "Sentence ", said),
      el("small", {}, "What the reports say; empty for Great Expectations' own words"),
    ),
    apart.element,
    el(
      "details",
      { class: "more" },
      el("summary", {}, "More"),
      ...rows.filter((one) => one.field.advanced).map((one) => one.element),
      el("div", { class: "row" }, el("label", {}, "Notes ", notes)),
    ),
    el(
      "p",
      { class: "buttons" },
      el("button", { class: "main" }, doneWord),
      tryOne,
      ...(tuned && PAGE.may_write ? [tuneButton(result, draftedNow, take)] : []),
      el("button", { type: "button", onclick: cancelled }, "Cancel"),
    ),
    result,
  );
  watchEffects(element, rows, entry, drafted);
  return element;
}

function definition(known) {
  if (!known) return [];
  return [
    el(
      "details",
      { class: "definition" },
      el("summary", {}, known.summary),
      el("pre", {}, known.definition),
    ),
  ];
}

// The kwargs that the rows hold; null, with the first wrong one in focus, when one cannot be read.
function valuesOf(rows) {
  const values = {};
  let first = null;
  for (const one of rows) {
    try {
      values[one.field.name] = Forms.read(one.field, one.input.value, one.raw);
      fail(one, "");
    } catch (error) {
      fail(one, error.message);
      first ??= one;
    }
  }
  if (!first) return values;
  if (first.field.advanced) first.element.closest("details").open = true;
  first.input.focus();
  return null;
}

function row(field, value, faults) {
  const { text, raw } = Forms.show(field, value);
  const id = `field-${field.name}-${Math.random().toString(36).slice(2, 8)}`;
  const input = control(field, text, raw, id);
  const fault = el("small", {
    class: "fault",
    id: `${id}-fault`,
    role: "alert",
  });
  const element = el(
    "div",
    { class: "row" },
    el("label", { for: id }, field.label + (field.required ? " *" : "")),
    input,
    el(
      "small",
      { id: `${id}-help` },
      [field.help, Forms.hint(field, raw)].filter(Boolean).join(" "),
    ),
    fault,
  );
  const one = { field, raw, input, fault, element };
  const told = faults.find((given) => given.field === field.name);
  if (told) fail(one, told.message);
  return one;
}

function fail(one, message) {
  one.fault.textContent = message;
  if (message) one.input.setAttribute("aria-invalid", "true");
  else one.input.removeAttribute("aria-invalid");
}

function control(field, text, raw, id) {
  const shared = { id, "aria-describedby": `${id}-help ${id}-fault` };
  const placeholder = Forms.placeholder(field);
  const options = (names) => {
    const all = field.required ? names : [["", `(${placeholder})`], ...names];
    return el(
      "select",
      { ...shared, value: text },
      ...all.map(([key, label]) => el("option", { value: key, selected: key === text }, label)),
    );
  };
  if (!raw && field.kind === "boolean" && !text.startsWith("$"))
    return options([
      ["true", "yes"],
      ["false", "no"],
    ]);
  if (!raw && field.kind === "choice" && (text === "" || field.choices.includes(text)))
    return options(field.choices.map((name) => [name, name]));
  if (raw || ["list", "map", "json"].includes(field.kind)) {
    const rows = Math.min(8, Math.max(2, text.split("\n").length));
    return el("textarea", {
      ...shared,
      rows,
      placeholder,
      value: text,
      spellcheck: "false",
    });
  }
  const inputmode = ["number", "integer"].includes(field.kind) ? "decimal" : null;
  return el("input", {
    ...shared,
    value: text,
    placeholder,
    list: offered(field),
    autocomplete: "off",
    inputmode,
    spellcheck: "false",
  });
}

// The list of what could be said in a field; made when it is first asked for.
function offered(field) {
  const lists = { column: PAGE.columns, calendar: session.offers.calendars };
  const names = field.parameter ? [`$${field.name}`] : lists[field.kind];
  if (!names) return null;
  const id = `offer-${field.parameter ? field.name : field.kind}`;
  if (!byId(id))
    document.body.append(
      el("datalist", { id }, ...names.map((name) => el("option", { value: name }))),
    );
  return id;
}
