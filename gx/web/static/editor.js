// The suite editor: sentences in groups, forms from the catalogue, JSON, undo, try and save.
"use strict";

const byId = (id) => document.getElementById(id);
const suitePath = `/suites/${encodeURIComponent(PAGE.name)}`;
const EMPTY = { name: PAGE.name, expectations: [] };
const view = { json: false, order: "column", form: null, broken: "", saving: false, weak: "" };
let catalogue = new Map();
let offers = { calendars: [], severities: ["critical", "warning", "info"] };
let draft;
let checked = { faults: [], sentences: [], changes: [], weaknesses: [], new_weaknesses: [], known: false };
let tried = new Map(); // what a trial said of an entry, by the entry's text
let asking = 0;
const names = new Map(); // of entries, as the server calls them, by the entry's text
const nameOf = (entry) => names.get(JSON.stringify(entry)) ?? String(entry.type);

start();

function start() {
  draft = new Draft(EMPTY);
  const found = readable(PAGE.text);
  if (found) draft = new Draft(found);
  else showBroken(PAGE.text, "Mend it here, or restore an earlier version from the history.");
  savedBy(PAGE);
  wire();
  render();
  loadCatalogue();
}

// The suite in a file, or null when somebody wrote it by hand and it is none.
function readable(text) {
  try {
    return readSuite(text);
  } catch {
    return null;
  }
}

function showBroken(text, advice) {
  view.broken = `The saved file is no suite in JSON. ${advice}`;
  view.json = true;
  byId("json-text").value = text;
}

async function loadCatalogue() {
  byId("state").textContent = "Getting the catalogue ready …";
  try {
    const found = await ask("GET", "/catalogue");
    catalogue = new Map(found.entries.map((entry) => [entry.type, entry]));
    offers = found;
    render();
    await check();
  } catch (error) {
    told(`The catalogue could not be read: ${error.message}. Reload the page to try again.`, "fault");
    state();
  }
}

function wire() {
  byId("view-list").addEventListener("click", () => switchView(false));
  byId("view-json").addEventListener("click", () => switchView(true));
  byId("order").addEventListener("change", (event) => { view.order = event.target.value; closeForm(); render(); });
  if (!PAGE.may_write) return;
  byId("undo").addEventListener("click", () => step("undo"));
  byId("redo").addEventListener("click", () => step("redo"));
  for (const [name, opened] of [["add", openAdd], ["try", () => Trial.open(tryDraft)], ["save", openSave]]) {
    byId(`open-${name}`).addEventListener("click", () => toggle(name, opened));
  }
  byId("json-text").addEventListener("input", debounced(readJson, 400));
  document.addEventListener("keydown", keys);
  window.addEventListener("beforeunload", (event) => { if (draft.dirty) event.preventDefault(); });
}

function keys(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing) {
    event.preventDefault();
    step(event.shiftKey ? "redo" : "undo");
  }
  if (event.key === "Escape" && view.form) closeForm(true);
}

function debounced(action, wait) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(action, wait); };
}

function toggle(name, opened) {
  const show = byId(name).hidden;
  for (const other of ["add", "try", "save"]) {
    byId(other).hidden = other !== name || !show;
    byId(`open-${other}`).setAttribute("aria-expanded", String(other === name && show));
  }
  marks();
  if (!show) return;
  opened();
  if (!byId(name).hidden) byId(name).querySelector("input, select, button")?.focus();
}

function close(name) {
  byId(name).hidden = true;
  byId(`open-${name}`).setAttribute("aria-expanded", "false");
  marks();
}

// ---- changes ----

function change(document, focus, label) {
  if (!draft.change(document, label)) return;
  told("");
  closeForm();
  render(focus);
  checkSoon();
}

function step(direction) {
  if (view.broken && draft.entries.length) { // what cannot be read is no step: back to what could be
    view.broken = "";
    return render();
  }
  if (!draft[direction]()) return;
  view.broken = "";
  told("");
  closeForm();
  render();
  checkSoon();
}

const checkSoon = debounced(() => check(), 300);

async function check() {
  const mine = ++asking;
  const clean = !draft.dirty && !view.broken, entries = draft.entries;
  try {
    const found = PAGE.may_write && !clean
      ? await ask("POST", `${suitePath}/check`, { document: draft.document })
      : await ask("GET", `${suitePath}/check`);
    if (mine !== asking) return;
    checked = { ...found, known: true };
    entries.forEach((entry, index) => names.set(JSON.stringify(entry), found.names[index]));
    if (found.sha256 && found.sha256 !== PAGE.sha256) told("Somebody saved another version meanwhile; saving will show you the difference.", "notice");
  } catch (error) {
    if (mine !== asking) return;
    checked = { faults: error.status === 422 ? [{ message: error.message, entry: null }] : [], sentences: [], changes: [], weaknesses: [], new_weaknesses: [], known: false };
    if (error.status !== 422) told(`The draft could not be checked: ${error.message}`, "fault");
  }
  marks();
}

function switchView(json) {
  if (PAGE.may_write && view.json) readJson(); // what was typed a moment ago counts as well
  if (!json && view.broken) return told("The JSON cannot be read yet: mend it, or undo.", "fault");
  view.json = json;
  closeForm();
  render();
}

function readJson() {
  let document;
  try {
    document = readSuite(byId("json-text").value);
    view.broken = "";
  } catch (error) {
    view.broken = `This is no JSON yet: ${error.message}`;
  }
  byId("json-fault").textContent = view.broken;
  if (!view.broken && draft.change(document, "json")) {
    told("");
    checkSoon();
  }
  state();
}

// ---- the list ----

function render(focus) {
  byId("list").hidden = view.json;
  byId("json").hidden = !view.json;
  byId("view-list").setAttribute("aria-pressed", String(!view.json));
  byId("view-json").setAttribute("aria-pressed", String(view.json));
  if (view.json && !view.broken) byId("json-text").value = JSON.stringify(draft.document, null, 2);
  if (byId("json-fault")) byId("json-fault").textContent = view.broken;
  const groups = view.order === "column" ? grouped(draft.entries, catalogue) : new Map([["As in the file", draft.entries.map((_, index) => index)]]);
  byId("list").replaceChildren(...[...groups].map(([name, members]) => el("section", {},
    el("h2", {}, name, el("small", { class: "count" }, ` ${members.length}`)),
    el("ul", { class: "entries" }, ...members.map((index, at) => item(index, members[at - 1], members[at + 1]))))));
  marks();
  if (focus) focusOn(focus);
}

// The first or last of a group cannot move on: its own Edit button is next to where the hand was.
function focusOn(name) {
  const find = (key) => document.querySelector(`[data-focus="${CSS.escape(key)}"]:not(:disabled)`);
  (find(name) ?? find(`edit-${name.split("-")[1]}`))?.focus();
}

function item(index, previous, next) {
  const entry = draft.entries[index];
  if (entry === null || typeof entry !== "object") return el("li", { "data-index": index }, el("code", {}, JSON.stringify(entry)), el("p", { class: "fault" }));
  const kwargs = Object.entries(entry.kwargs || {}).map(([key, value]) => el("code", {}, `${key} = ${JSON.stringify(value)}`));
  return el("li", { "data-index": index, class: `entry ${entry.severity}` },
    el("div", { class: "line" }, severity(entry, index), el("p", { class: "sentence" }), PAGE.may_write ? actions(index, previous, next) : ""),
    el("p", { class: "type" }, el("code", {}, entry.type), " ", ...kwargs.flatMap((one) => [one, " "])),
    el("p", { class: "fault" }), el("p", { class: "tried" }));
}

function severity(given, index) {
  const entry = { ...given, severity: given.severity ?? "critical" };  // as Great Expectations takes it
  if (!PAGE.may_write) return el("span", { class: `chip ${entry.severity}` }, String(entry.severity));
  const known = offers.severities.includes(entry.severity) ? offers.severities : [entry.severity, ...offers.severities];
  return el("select", { class: `severity ${entry.severity}`, "aria-label": "Severity", "data-focus": `severity-${index}`,
    onchange: (event) => change(draft.replaced(index, { ...entry, severity: event.target.value }), `severity-${index}`) },
    ...known.map((name) => el("option", { value: name, selected: name === entry.severity }, String(name))));
}

function actions(index, previous, next) {
  const button = (sign, said, key, act, disabled = false) => el("button", { title: said, "data-focus": `${key}-${index}`, disabled, onclick: act }, sign);
  return el("span", { class: "actions" },
    button("↑", "Move up", "up", () => change(draft.moved(index, previous), `up-${previous}`), previous === undefined),
    button("↓", "Move down", "down", () => change(draft.moved(index, next), `down-${next}`), next === undefined),
    button("Edit", "Edit", "edit", () => openEdit(index)),
    button("Remove", "Remove", "remove", () => remove(index)));
}

function remove(index) {
  const name = nameOf(draft.entries[index]);
  change(draft.removed(index), `edit-${Math.min(index, draft.entries.length - 2)}`);
  told(`${name} is removed from the draft; Undo brings it back.`);
}

// What may change without the list being built anew, so that an open form keeps its focus.
function marks() {
  for (const line of document.querySelectorAll("#list [data-index]")) {
    const index = Number(line.dataset.index), entry = draft.entries[index] ?? {};
    const fault = checked.faults.find((one) => one.entry === index + 1);
    const sentence = line.querySelector(".sentence"), outcome = tried.get(JSON.stringify(entry)), place = line.querySelector(".tried");
    if (sentence) sentence.textContent = entry.description || checked.sentences[index] || catalogue.get(entry.type)?.title || nameOf(entry);
    for (const button of line.querySelectorAll(".actions button")) button.setAttribute("aria-label", `${button.title}: ${nameOf(entry)}`);
    line.querySelector(":scope > .fault").textContent = fault ? fault.message : "";
    line.classList.toggle("broken", Boolean(fault));
    if (place) place.replaceChildren(...(outcome ? [Trial.badge(outcome), ` ${Trial.what(outcome)}`] : []));
  }
  const loose = checked.faults.filter((one) => !one.entry);
  const places = view.json ? checked.faults : loose;
  byId("faults").replaceChildren(...places.map((one) => el("li", {}, one.entry ? `Entry ${one.entry}: ${one.message}` : one.message)));
  byId("faults").hidden = !places.length;
  byId("weak").replaceChildren(...(checked.weaknesses.length ? [el("b", {}, "What this suite cannot find"), weaknessList(checked.weaknesses)] : []));
  const saving = PAGE.may_write && !byId("save").hidden; // where they stand with a box to tick
  byId("weak").hidden = saving || !checked.weaknesses.length;
  if (saving) showWeaknesses();
  state();
}

function state() {
  const said = [];
  if (view.broken) said.push("the JSON cannot be read");
  else if (checked.faults.length) said.push(counted(checked.faults.length, "fault"));
  else if (checked.weaknesses.length) said.push(checked.weaknesses.length === 1 ? "1 weakness" : `${checked.weaknesses.length} weaknesses`);
  if (draft.dirty) said.push(checked.known && checked.changes.length ? `${counted(checked.changes.length, "unsaved change")}` : "unsaved changes");
  else if (!view.broken && !checked.faults.length) said.push("saved");
  byId("state").textContent = said.join(" · ");
  byId("state").className = view.broken || checked.faults.length ? "fault" : draft.dirty ? "unsaved" : "";
  if (!PAGE.may_write) return;
  byId("undo").disabled = !draft.past.length && !view.broken;
  byId("redo").disabled = !draft.future.length;
  const button = byId("do-save");
  if (button) saveState(button);
}

// ---- forms ----

function closeForm(focus = false) {
  if (!view.form) return;
  const { element, back } = view.form;
  element.remove();
  view.form = null;
  if (focus) document.querySelector(`[data-focus="${CSS.escape(back)}"]`)?.focus();
}

function openEdit(index) {
  const again = view.form && view.form.index === index;
  closeForm();
  if (again) return;
  const entry = draft.entries[index], known = catalogue.get(entry.type);
  const element = form(entry, known, {
    doneWord: "Keep",
    done: (changed) => { closeForm(); if (!draft.change(draft.replaced(index, changed))) return; render(`edit-${index}`); checkSoon(); },
    drafted: (changed) => [draft.replaced(index, changed), index + 1],
    faults: checked.faults.filter((one) => one.entry === index + 1),
  });
  view.form = { element, index, back: `edit-${index}` };
  document.querySelector(`#list [data-index="${index}"]`).append(element);
  element.querySelector("input, textarea, select").focus();
}

// A form for an entry. `done` takes the changed entry; `drafted` gives the draft with it, and its number.
function form(entry, known, { done, doneWord, drafted, faults = [] }) {
  const fields = Forms.fieldsOf(known, entry.kwargs || {});
  const rows = fields.map((field) => row(field, (entry.kwargs || {})[field.name], faults));
  const said = el("input", { value: entry.description ?? "", maxlength: PAGE.limits.description, placeholder: "Great Expectations' own words" });
  const notes = el("textarea", { rows: 2, maxlength: PAGE.limits.notes, value: Array.isArray(entry.notes) ? entry.notes.join("\n") : entry.notes ?? "" });
  const level = el("select", {}, ...offers.severities.map((name) => el("option", { selected: name === entry.severity }, name)));
  const result = el("div", { class: "form-result", "aria-live": "polite" });
  const advanced = rows.filter((one) => one.field.advanced);
  const read = () => {
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
    if (first) {
      if (first.field.advanced) first.element.closest("details").open = true;
      first.input.focus();
      return null;
    }
    return entryWith(entry, { kwargs: Forms.ordered(entry.kwargs || {}, values), severity: level.value, description: said.value.trim(), notes: notes.value.trim() });
  };
  const tryOne = el("button", { type: "button", onclick: async () => {
    const changed = read();
    if (!changed) return;
    const [document, number] = drafted(changed);
    await tryInto(result, tryOne, document, number);
  } }, "Try this one");
  return el("form", { class: "fields", onsubmit: (event) => { event.preventDefault(); const changed = read(); if (changed) done(changed); } },
    ...(known ? [el("details", { class: "definition" }, el("summary", {}, known.summary), el("pre", {}, known.definition))] : []),
    ...rows.filter((one) => !one.field.advanced).map((one) => one.element),
    el("div", { class: "row" }, el("label", {}, "Severity ", level), el("small", {}, "critical closes the gate; warning and info are recorded")),
    el("div", { class: "row" }, el("label", {}, "Sentence ", said), el("small", {}, "What the reports say; empty for Great Expectations' own words")),
    el("details", { class: "more" }, el("summary", {}, "More"), ...advanced.map((one) => one.element),
      el("div", { class: "row" }, el("label", {}, "Notes ", notes))),
    el("p", { class: "buttons" }, el("button", { class: "main" }, doneWord), tryOne, el("button", { type: "button", onclick: () => { if (view.form) closeForm(true); else { openAdd(); } } }, "Cancel")), result);
}

function entryWith(entry, { kwargs, severity: level, description, notes }) {
  const changed = { ...entry, kwargs, severity: level };
  if (description) changed.description = description; else delete changed.description;
  const before = Array.isArray(entry.notes) ? entry.notes.join("\n") : entry.notes ?? "";
  if (notes !== before.trim()) { if (notes) changed.notes = notes; else delete changed.notes; }
  return changed;
}

function row(field, value, faults) {
  const { text, raw } = Forms.show(field, value);
  const id = `field-${field.name}-${Math.random().toString(36).slice(2, 8)}`;
  const input = control(field, text, raw, id);
  const fault = el("small", { class: "fault", id: `${id}-fault`, role: "alert" });
  const one = { field, raw, input, fault };
  one.element = el("div", { class: "row" }, el("label", { for: id }, field.label + (field.required ? " *" : "")), input,
    el("small", { id: `${id}-help` }, [field.help, hint(field, raw)].filter(Boolean).join(" ")), fault);
  const told = faults.find((given) => given.field === field.name);
  if (told) fail(one, told.message);
  return one;
}

function fail(one, message) {
  one.fault.textContent = message;
  if (message) one.input.setAttribute("aria-invalid", "true"); else one.input.removeAttribute("aria-invalid");
}

function control(field, text, raw, id) {
  const shared = { id, "aria-describedby": `${id}-help ${id}-fault` };
  const placeholder = field.required ? "" : field.default === null || field.default === undefined ? "not set" : `default: ${typeof field.default === "object" ? JSON.stringify(field.default) : field.default}`;
  const options = (names) => el("select", { ...shared, value: text }, ...names.map(([key, label]) => el("option", { value: key, selected: key === text }, label)));
  if (!raw && field.kind === "boolean" && !text.startsWith("$")) return options([...(field.required ? [] : [["", `(${placeholder})`]]), ["true", "yes"], ["false", "no"]]);
  if (!raw && field.kind === "choice" && (text === "" || field.choices.includes(text))) return options([...(field.required ? [] : [["", `(${placeholder})`]]), ...field.choices.map((name) => [name, name])]);
  if (raw || ["list", "map", "json"].includes(field.kind)) return el("textarea", { ...shared, rows: Math.min(8, Math.max(2, text.split("\n").length)), placeholder, value: text, spellcheck: "false" });
  return el("input", { ...shared, value: text, placeholder, list: offered(field), autocomplete: "off", inputmode: ["number", "integer"].includes(field.kind) ? "decimal" : null, spellcheck: "false" });
}

function offered(field) {
  const lists = { column: PAGE.columns, calendar: offers.calendars };
  const names = field.parameter ? [`$${field.name}`] : lists[field.kind];
  if (!names) return null;
  const id = `offer-${field.parameter ? field.name : field.kind}`;
  if (!byId(id)) document.body.append(el("datalist", { id }, ...names.map((name) => el("option", { value: name }))));
  return id;
}

function hint(field, raw) {
  const range = [field.minimum !== null ? `${field.minimum} or more` : "", field.above !== null ? `more than ${field.above}` : "",
    field.maximum !== null ? `${field.maximum} or less` : "", field.below !== null ? `less than ${field.below}` : ""].filter(Boolean).join(", ");
  const shapes = { columns: "Names with commas between.", list: "One value a line; a text that looks like a number stands in quotes.", map: "One “symbol: calendar” a line.", json: "JSON.", bound: "A number, or a time such as 2025-01-31T00:00:00." };
  return [range ? `(${range})` : "", raw ? "JSON." : shapes[field.kind] ?? "", field.parameter ? `$${field.name} stands for the run's own.` : ""].filter(Boolean).join(" ");
}

// ---- add ----

function openAdd() {
  closeForm();
  const search = el("input", { type: "search", id: "search", placeholder: "Search: between, null, split, volume …", autocomplete: "off", "aria-label": "Search the catalogue", oninput: () => list() });
  const found = el("div", { id: "found" });
  const list = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = [...catalogue.values()].filter((entry) => {
      const text = `${entry.title} ${entry.type} ${entry.summary} ${entry.topic} ${entry.market ? "market" : ""}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const topics = new Map();
    for (const entry of hits) {
      const topic = entry.unsupported ? "Not for bars in pandas" : entry.market ? `Market: ${entry.topic}` : entry.topic;
      topics.set(topic, [...(topics.get(topic) ?? []), entry]);
    }
    const last = [...topics].sort(([one], [other]) => Number(one.startsWith("Not for")) - Number(other.startsWith("Not for")));
    found.replaceChildren(...last.map(([topic, entries]) => el("section", {}, el("h3", {}, topic), el("ul", { class: "found" }, ...entries.map(offer)))),
      hits.length ? "" : el("p", {}, catalogue.size ? "Nothing fits these words." : "The catalogue is still being read …"));
  };
  const broken = (offers.custom_faults ?? []).map((fault) => el("p", { class: "fault" }, fault));
  byId("add").replaceChildren(el("h2", {}, "Add an expectation"), ...broken, search, found);
  list();
}

function offer(entry) {
  return el("li", {}, el("button", { class: "offer", disabled: Boolean(entry.unsupported), onclick: () => openNew(entry) },
    el("b", {}, entry.title), el("small", {}, entry.unsupported ? `${entry.summary} (${entry.unsupported})` : entry.summary)));
}

function openNew(known) {
  const element = form({ type: known.type, kwargs: Forms.defaults(known), severity: "warning" }, known, {
    doneWord: "Add",
    done: (entry) => { close("add"); change(draft.added(entry), `edit-${draft.entries.length}`); },
    drafted: (entry) => [draft.added(entry), draft.entries.length + 1],
  });
  byId("add").replaceChildren(el("h2", {}, known.title), element);
  element.querySelector("input, textarea, select").focus();
}

// ---- try ----

async function tryDraft(button) {
  if (view.broken) return told("The JSON cannot be read yet: mend it, or undo.", "fault");
  const entries = draft.entries;
  await busy(button, byId("try-result"), async () => {
    const found = await Trial.run(PAGE.name, draft.document);
    for (const one of found.outcomes) one.description = entries[one.entry - 1].description || checked.sentences[one.entry - 1] || one.description;
    tried = new Map(found.outcomes.map((one) => [JSON.stringify(entries[one.entry - 1]), one]));
    Trial.show(found);
    marks();
  });
}

async function tryInto(place, button, document, number) {
  await busy(button, place, async () => {
    const found = await Trial.run(PAGE.name, document, number);
    place.replaceChildren(el("ul", { class: "outcomes" }, ...found.outcomes.map(Trial.line)),
      el("small", {}, `On ${Trial.onWhat()}: ${counted(found.rows, "bar")}, ${found.seconds} s. Choose others under “Try it”.`));
  });
}

async function busy(button, place, act) {
  button.disabled = true;
  place.replaceChildren(el("p", {}, "Trying …"));
  try {
    await act();
  } catch (error) {
    place.replaceChildren(el("p", { class: "fault" }, error.message));
  } finally {
    button.disabled = false;
  }
}

// ---- save ----

async function openSave() {
  const place = byId("save");
  const open = view.form && view.form.element.querySelector("button.main");
  if (open) {
    close("save");
    told("An expectation is still open: keep or cancel it first.", "fault");
    return open.focus();
  }
  place.replaceChildren(el("p", {}, "Checking …"));
  await check();
  const reason = el("input", { id: "reason", maxlength: PAGE.limits.reason, required: true, placeholder: "Why: the history keeps it", value: view.reason ?? "", autocomplete: "off", oninput: () => { view.reason = reason.value; } });
  const button = el("button", { class: "main", id: "do-save" }, "Save");
  place.replaceChildren(el("h2", {}, "Save"),
    draft.dirty ? changeList(checked.changes) : el("p", {}, "Nothing has changed."),
    el("form", { onsubmit: (event) => { event.preventDefault(); save(); } }, el("div", { id: "accepting" }), el("label", {}, "Reason ", reason), " ", button, el("p", { id: "save-told", role: "alert" })),
    el("div", { id: "conflict" }), el("small", {}, "A run that has started keeps the version it started with."));
  view.weak = "";
  showWeaknesses();
  saveState(button);
  reason.focus();
}

// A list that has changed has not been read yet.
function showWeaknesses() {
  const place = byId("accepting"), now = JSON.stringify(checked.new_weaknesses);
  if (!place || now === view.weak) return;
  view.weak = now;
  place.replaceChildren(...(checked.new_weaknesses.length && draft.dirty ? [acceptance(checked.new_weaknesses, state)] : []));
}

function accepted() {
  const box = byId("accepting")?.querySelector("input");
  return !box || box.checked;
}

function saveState(button) {
  const hindered = view.broken || checked.faults.length || !accepted();
  button.disabled = Boolean(hindered) || !draft.dirty || view.saving;
  byId("save-told").textContent = view.broken ? "The JSON cannot be read." : checked.faults.length ? `Mend ${counted(checked.faults.length, "fault")} first: ${checked.faults[0].message}` : "";
}

async function save() {
  view.saving = true;
  byId("do-save").disabled = true;
  const sent = draft.document;
  try {
    const made = await ask("PUT", suitePath, { document: sent, base_sha256: PAGE.sha256, base: draft.saved, reason: byId("reason").value, accepted_weaknesses: checked.new_weaknesses });
    Object.assign(PAGE, { sha256: made.sha256, text: made.text });
    draft.saved = sent;
    view.reason = "";
    view.saving = false;
    close("save");
    savedBy(made);
    told("Saved. Runs that start from now on use it.", "good");
    await check();
    byId("open-save").focus();
  } catch (error) {
    view.saving = false;
    saveState(byId("do-save"));
    if (error.status === 409 && error.answer.theirs) return conflict(error.answer);
    if (error.answer?.weaknesses) { checked.new_weaknesses = error.answer.weaknesses; marks(); }
    byId("save-told").textContent = error.message;
    if (error.answer?.entry) { checked.faults = [{ message: error.message, entry: error.answer.entry, field: error.answer.field }]; marks(); }
  }
}

function conflict(answer) {
  const theirs = answer.theirs;
  const found = readable(theirs.text);
  const take = () => { Object.assign(PAGE, { sha256: theirs.sha256, text: theirs.text }); draft.saved = found ?? EMPTY; savedBy(theirs); };
  const load = () => {
    take();
    close("save");
    if (found) change(found);
    else showBroken(theirs.text, "Mend it here; Undo brings yours back.");
    render();
    checkSoon();
    told("This is their version now; Undo brings yours back.");
  };
  byId("conflict").replaceChildren(
    el("h3", { class: "fault" }, "Somebody was faster"),
    el("p", {}, `${theirs.author || "Somebody"} saved at ${moment(theirs.time)}: ${theirs.reason || "no reason given"}`),
    found ? "" : el("p", { class: "fault" }, "What they saved is no suite in JSON: no run can read it."),
    el("h3", {}, "What they changed"), answer.their_changes.length ? changeList(answer.their_changes) : el("p", {}, "No expectation."),
    el("h3", {}, "What saving yours would change in theirs"), changeList(answer.difference),
    el("p", { class: "buttons" },
      el("button", { onclick: load }, "Load theirs"),
      el("button", { class: "danger", onclick: () => { take(); save(); } }, "Save mine over theirs")));
}

function savedBy(version) {
  const who = version.author ? ` by ${version.author}` : "";
  byId("saved-by").textContent = `Last saved ${moment(version.time)}${who}${version.reason ? `: ${version.reason}` : ""}`;
}
