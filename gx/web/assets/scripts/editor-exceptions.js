// The table "Exceptions" in the form of an expectation: what differs for single symbols.

import { session } from "./editor-session.js";
import { byId, el } from "./elements.js";
import { PAGE } from "./page.js";
import * as Table from "./suite-exceptions.js";
import * as Forms from "./suite-forms.js";

const NAMED = 4;
let made = 0; // numbers the fields of a page

// The table of an entry. `element` is shown, `into` gives an entry these rows, or null with the first
// field in focus that cannot be read. `control` makes the field of a kwarg, as the form does.
export function exceptionsOf(entry, known, { control, faults = [] }) {
  const fields = Table.changeable(known);
  if (known && !known.exceptions) return without(entry);
  const list = el("ol", { class: "exceptions" });
  const table = { entry, fields, control, list };
  for (const row of Table.rowsOf(entry)) list.append(line(table, row));
  for (const fault of faults) mark(list, fault);
  const add = el(
    "button",
    {
      type: "button",
      onclick: () => {
        const added = line(table, { symbols: "" });
        list.append(added);
        renumber(list);
        added.querySelector("input").focus();
      },
    },
    "New exception",
  );
  const legend = el(
    "small",
    {},
    "For a symbol, or a pattern: * is any characters, ? is one. The first exception that fits a " +
      "symbol rules; all others are judged as above.",
  );
  const element = el(
    "fieldset",
    { class: "apart" },
    el("legend", {}, "Exceptions"),
    legend,
    list,
    add,
  );
  renumber(list);
  return { element, into: (changed) => read(list, changed) };
}

// What an entry in the list says of its exceptions.
export function exceptionLine(entry) {
  const rows = Table.rowsOf(entry);
  if (!rows.length) return "";
  return el("p", { class: "apart" }, rows.map((row) => `For ${Table.said(row)}`).join(" · "));
}

function without(entry) {
  if (!Table.rowsOf(entry).length) return { element: "", into: (changed) => changed };
  return {
    element: el("p", { class: "fault" }, "It can have no exceptions; those it has are left out."),
    into: (changed) => Table.withRows(changed, []),
  };
}

function read(list, changed) {
  const rows = [];
  let first = null;
  for (const one of list.children) {
    const found = one.read();
    if (found.wrong) first ??= found.wrong;
    else rows.push(found.row);
  }
  first?.focus();
  return first ? null : Table.withRows(changed, rows);
}

function line(table, row) {
  made += 1;
  const id = `exception-${made}`;
  const fault = el("small", { class: "fault", id: `${id}-fault`, role: "alert" });
  const matches = el("small", { id: `${id}-matches`, class: "matches" });
  const symbols = el("input", {
    value: row.symbols ?? "",
    list: offeredSymbols(),
    maxlength: 32,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "TSLA or BRK*",
    "data-key": "symbols",
    "aria-describedby": `${id}-matches ${id}-fault`,
    oninput: () => showMatches(table.list),
  });
  const severity = severityOf(row);
  const params = el("div", { class: "params" });
  const more = moreOf(table, params);
  for (const [name, value] of Object.entries(row.kwargs ?? {})) param(table, params, name, value);
  const changes = el("div", { class: "changes" }, params, more);
  const element = el(
    "li",
    { role: "group" },
    el("div", {}, el("label", {}, "Symbols ", symbols), matches),
    el("div", {}, el("label", {}, "Severity ", severity)),
    changes,
    buttons(table.list),
    fault,
  );
  const enable = () => {
    changes.hidden = severity.value === "off";
    more.hidden = !left(table, params).length;
  };
  severity.addEventListener("change", enable);
  params.addEventListener("changed", enable);
  element.read = () => readLine(element, symbols, severity, params);
  enable();
  return element;
}

function severityOf(row) {
  const options = [
    ["", "as above"],
    ...session.offers.severities.map((name) => [name, name]),
    ["off", "off: not judged"],
  ];
  const chosen = row.off ? "off" : (row.severity ?? "");
  return el(
    "select",
    { "data-key": "severity" },
    ...options.map(([value, name]) => el("option", { value, selected: value === chosen }, name)),
  );
}

function readLine(element, symbols, severity, params) {
  tell(element, "");
  const wrong = (input, message) => {
    tell(element, message, input);
    return { wrong: input };
  };
  const pattern = symbols.value.trim();
  if (!pattern) return wrong(symbols, "Name a symbol, or a pattern like BRK*.");
  const kwargs = {};
  for (const one of severity.value === "off" ? [] : params.children) {
    try {
      const value = Forms.read(one.field, one.input.value, one.raw);
      if (value === undefined) throw new Error("is empty: give a value, or remove it");
      kwargs[one.field.name] = value;
    } catch (error) {
      return wrong(one.input, `${one.field.label} ${error.message}`);
    }
  }
  if (!severity.value && !Object.keys(kwargs).length)
    return wrong(severity, "Change a parameter or the severity, or switch it off.");
  return { row: Table.rowWith({ symbols: pattern, kwargs, severity: severity.value }) };
}

// A parameter that differs, with its own value in place of the entry's.
function param(table, params, name, value) {
  const [known] = Forms.fieldsOf(
    { fields: table.fields.filter((one) => one.name === name) },
    {
      [name]: value,
    },
  );
  const field = { ...known, required: false, parameter: false };
  const { text, raw } = Forms.show(field, value);
  made += 1;
  const id = `exception-value-${made}`;
  const input = table.control(field, text, raw, id);
  input.dataset.key = name;
  input.removeAttribute("aria-describedby");
  const element = el("div", { class: "differing" }, el("label", { for: id }, field.label), input);
  element.append(
    el(
      "button",
      {
        type: "button",
        "aria-label": `Leave ${field.label} as above`,
        title: "As above",
        onclick: () => {
          element.remove();
          params.dispatchEvent(new Event("changed"));
          params.parentElement.querySelector("select.more")?.focus();
        },
      },
      "×",
    ),
  );
  Object.assign(element, { field, raw, input });
  params.append(element);
  return input;
}

const left = (table, params) =>
  table.fields.filter(
    (field) => ![...params.children].some((one) => one.field.name === field.name),
  );

// The parameters that may differ as well; choosing one opens its field with the entry's value.
function moreOf(table, params) {
  const select = el("select", { class: "more" });
  const fill = () =>
    select.replaceChildren(
      el("option", { value: "" }, "Change a parameter …"),
      ...left(table, params).map((one) => el("option", { value: one.name }, one.label)),
    );
  select.addEventListener("change", () => {
    const field = table.fields.find((one) => one.name === select.value);
    if (!field) return;
    const value = table.entry.kwargs?.[field.name] ?? field.default ?? undefined;
    const input = param(table, params, field.name, value);
    params.dispatchEvent(new Event("changed"));
    input.focus();
  });
  params.addEventListener("changed", fill);
  fill();
  return el("label", { class: "more" }, el("span", {}, "Differs in "), select);
}

function buttons(list) {
  const button = (sign, word, act) =>
    el("button", { type: "button", title: word, "data-word": word, onclick: act }, sign);
  const move = (step) => (event) => {
    const own = event.currentTarget.closest("li");
    const other = step < 0 ? own.previousElementSibling : own.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(own);
    else other.after(own);
    renumber(list);
    event.target.focus();
  };
  const remove = (event) => {
    const own = event.currentTarget.closest("li");
    const next = own.nextElementSibling ?? own.previousElementSibling;
    const after =
      next?.querySelector("input") ?? list.parentElement.querySelector(":scope > button");
    own.remove();
    renumber(list);
    after.focus();
  };
  return el(
    "span",
    { class: "row-actions" },
    button("↑", "Move up", move(-1)),
    button("↓", "Move down", move(1)),
    button("Remove", "Remove", remove),
  );
}

// The names of rows and of their fields follow their places.
function renumber(list) {
  [...list.children].forEach((one, index) => {
    one.setAttribute("aria-label", `Exception ${index + 1}`);
    for (const button of one.querySelectorAll("[data-word]"))
      button.setAttribute("aria-label", `${button.dataset.word}: exception ${index + 1}`);
    one.querySelector('[data-word="Move up"]').disabled = index === 0;
    one.querySelector('[data-word="Move down"]').disabled = index === list.children.length - 1;
  });
  showMatches(list);
}

// Which of the dataset's symbols each row rules.
function showMatches(list) {
  const inputs = [...list.children].map((one) => one.querySelector('[data-key="symbols"]'));
  const found = Table.ruled(
    inputs.map((one) => one.value.trim()),
    PAGE.symbols ?? [],
  );
  [...list.children].forEach((one, index) => {
    const place = one.querySelector(".matches");
    const typed = inputs[index].value.trim() && PAGE.symbols?.length;
    place.textContent = typed ? matched(found[index]) : "";
    place.classList.toggle("none", Boolean(typed) && !found[index].length);
  });
}

function matched(symbols) {
  if (!symbols.length) return "rules no symbol of the dataset";
  const more = symbols.length - NAMED;
  return `rules ${symbols.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function mark(list, fault) {
  const place = Table.placeOf(fault);
  const row = place && list.children[place.row];
  if (row) tell(row, fault.message, row.querySelector(`[data-key="${CSS.escape(place.key)}"]`));
}

function tell(row, message, input) {
  row.querySelector(".fault").textContent = message;
  for (const one of row.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  if (message) input?.setAttribute("aria-invalid", "true");
}

// The dataset's symbols, to choose from.
function offeredSymbols() {
  const id = "offer-symbols";
  if (!byId(id))
    document.body.append(
      el("datalist", { id }, ...(PAGE.symbols ?? []).map((name) => el("option", { value: name }))),
    );
  return id;
}
