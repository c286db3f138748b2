// Save the draft: the changes, a reason, weaknesses to accept, and somebody who was faster.

import {
  change,
  check,
  checkSoon,
  closePanel,
  EMPTY,
  readable,
  redraw,
  session,
  showBroken,
  suitePath,
} from "./editor-session.js";
import { acceptance, byId, changeList, counted, el, moment, told } from "./elements.js";
import { ask, PAGE } from "./page.js";
import { Draft } from "./suite-draft.js";

export async function openSave() {
  const { view } = session;
  const place = byId("save");
  const open = view.form?.element.querySelector("button.main");
  if (open) {
    closePanel("save");
    told("An expectation is still open: keep or cancel it first.", "fault");
    open.focus();
    return;
  }
  place.replaceChildren(el("p", {}, "Checking …"));
  await check();
  const reason = reasonField();
  const button = el("button", { class: "main", id: "do-save" }, "Save");
  const submit = (event) => {
    event.preventDefault();
    save();
  };
  place.replaceChildren(
    el("h2", {}, "Save"),
    session.draft.dirty ? changeList(session.checked.changes) : el("p", {}, "Nothing has changed."),
    el(
      "form",
      { onsubmit: submit },
      el("div", { id: "accepting" }),
      el("label", {}, "Reason ", reason),
      " ",
      button,
      el("p", { id: "save-told", role: "alert" }),
    ),
    el("div", { id: "conflict" }),
    el("small", {}, "A run that has started keeps the version it started with."),
  );
  view.weak = "";
  showWeaknesses();
  saveState(button);
  reason.focus();
}

function reasonField() {
  const { view } = session;
  const reason = el("input", {
    id: "reason",
    maxlength: PAGE.limits.reason,
    required: true,
    placeholder: "Why: the history keeps it",
    value: view.reason ?? "",
    autocomplete: "off",
    oninput: () => {
      view.reason = reason.value;
    },
  });
  return reason;
}

// A list that has changed has not been read yet.
export function showWeaknesses() {
  const { draft, view, checked } = session;
  const place = byId("accepting");
  const now = JSON.stringify(checked.new_weaknesses);
  if (!place || now === view.weak) return;
  view.weak = now;
  const asked = checked.new_weaknesses.length && draft.dirty;
  place.replaceChildren(
    ...(asked ? [acceptance(checked.new_weaknesses, () => redraw.state())] : []),
  );
}

function accepted() {
  const box = byId("accepting")?.querySelector("input");
  return !box || box.checked;
}

export function saveState(button) {
  const { draft, view, checked } = session;
  const hindered = view.broken || checked.faults.length || !accepted();
  button.disabled = Boolean(hindered) || !draft.dirty || view.saving;
  byId("save-told").textContent = hindrance();
}

function hindrance() {
  const { view, checked } = session;
  if (view.broken) return "The JSON cannot be read.";
  if (!checked.faults.length) return "";
  return `Mend ${counted(checked.faults.length, "fault")} first: ${checked.faults[0].message}`;
}

// What is being saved stays as it was sent: the answer may be another suite, merged with somebody's.
function hold(on) {
  session.view.saving = on;
  for (const name of ["list", "json"]) byId(name).inert = on;
}

async function save() {
  const { draft, view } = session;
  hold(true);
  byId("do-save").disabled = true;
  const sent = draft.document;
  try {
    const made = await ask("PUT", suitePath, {
      document: sent,
      base_sha256: PAGE.sha256,
      base: draft.saved,
      reason: byId("reason").value,
      accepted_weaknesses: session.checked.new_weaknesses,
    });
    Object.assign(PAGE, { sha256: made.sha256, text: made.text });
    if (made.merged)
      session.draft = new Draft(readable(made.text)); // no undoing what others did
    else draft.saved = sent;
    view.reason = "";
    hold(false);
    closePanel("save");
    savedBy(made);
    if (made.merged) redraw.list();
    told(savedWords(made), "good");
    await check();
    byId("open-save").focus();
  } catch (error) {
    hold(false);
    saveState(byId("do-save"));
    refused(error);
  }
}

function savedWords(made) {
  const said = made.merged ? `Saved. ${made.merged.said}.` : "Saved.";
  return `${said} Runs that start from now on use it.`;
}

function refused(error) {
  const { answer, message } = error;
  if (error.status === 409 && answer.theirs) {
    conflict(answer);
    return;
  }
  if (answer?.weaknesses) {
    session.checked.new_weaknesses = answer.weaknesses;
    redraw.marks();
  }
  byId("save-told").textContent = message;
  if (answer?.entry) {
    session.checked.faults = [{ message, entry: answer.entry, field: answer.field }];
    redraw.marks();
  }
}

function conflict(answer) {
  const theirs = answer.theirs;
  const found = readable(theirs.text);
  const take = () => {
    Object.assign(PAGE, { sha256: theirs.sha256, text: theirs.text });
    session.draft.saved = found ?? EMPTY;
    savedBy(theirs);
  };
  const load = () => {
    take();
    closePanel("save");
    if (found) change(found);
    else showBroken(theirs.text, "Mend it here; Undo brings yours back.");
    redraw.list();
    checkSoon();
    told("This is their version now; Undo brings yours back.");
  };
  const over = () => {
    take();
    save();
  };
  byId("conflict").replaceChildren(
    el("h3", { class: "fault" }, "Somebody was faster"),
    el(
      "p",
      {},
      `${theirs.author || "Somebody"} saved at ${moment(theirs.time)}: ${theirs.reason || "no reason given"}`,
    ),
    found
      ? ""
      : el("p", { class: "fault" }, "What they saved is no suite in JSON: no run can read it."),
    ...(answer.conflicts ?? []).map((one) => el("p", { class: "fault" }, sentence(one))),
    el("h3", {}, "What they changed"),
    answer.their_changes.length ? changeList(answer.their_changes) : el("p", {}, "No expectation."),
    el("h3", {}, "What saving yours would change in theirs"),
    changeList(answer.difference),
    el(
      "p",
      { class: "buttons" },
      el("button", { onclick: load }, "Load theirs"),
      el("button", { class: "danger", onclick: over }, "Save mine over theirs"),
    ),
  );
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

export function savedBy(version) {
  const who = version.author ? ` by ${version.author}` : "";
  const why = version.reason ? `: ${version.reason}` : "";
  byId("saved-by").textContent = `Last saved ${moment(version.time)}${who}${why}`;
}
