// The suite editor: sentences in groups, forms from the catalogue, JSON, undo, try and save.

import { openAdd } from "./editor-add.js";
import { drawList, drawState } from "./editor-list.js";
import { wireParameters } from "./editor-params.js";
import { openSave, savedBy } from "./editor-save.js";
import {
  check,
  checkSoon,
  debounced,
  readable,
  redraw,
  session,
  showBroken,
  step,
} from "./editor-session.js";
import { tryDraft } from "./editor-try.js";
import { byId, told } from "./elements.js";
import { ask, PAGE } from "./page.js";
import { Draft, readSuite } from "./suite-draft.js";
import * as Trial from "./suite-trial.js";

const PANELS = {
  add: openAdd,
  try: () => Trial.open(tryDraft),
  save: openSave,
};

start();

function start() {
  const found = readable(PAGE.text);
  if (found) session.draft = new Draft(found);
  else showBroken(PAGE.text, "Mend it here, or restore an earlier version from the history.");
  savedBy(PAGE);
  wire();
  drawList();
  loadCatalogue();
}

async function loadCatalogue() {
  byId("state").textContent = "Getting the catalogue ready …";
  try {
    const found = await ask("GET", "/catalogue");
    session.catalogue = new Map(found.entries.map((entry) => [entry.type, entry]));
    session.offers = found;
    drawList();
    await check();
  } catch (error) {
    told(
      `The catalogue could not be read: ${error.message}. Reload the page to try again.`,
      "fault",
    );
    drawState();
  }
}

function wire() {
  byId("view-list").addEventListener("click", () => switchView(false));
  byId("view-json").addEventListener("click", () => switchView(true));
  byId("order").addEventListener("change", (event) => {
    session.view.order = event.target.value;
    redraw.closeForm();
    drawList();
  });
  wireParameters(byId("list"));
  if (!PAGE.may_write) return;
  byId("undo").addEventListener("click", () => step("undo"));
  byId("redo").addEventListener("click", () => step("redo"));
  for (const name of Object.keys(PANELS)) {
    byId(`open-${name}`).addEventListener("click", () => toggle(name));
  }
  byId("json-text").addEventListener("input", debounced(readJson, 400));
  document.addEventListener("keydown", keys);
  window.addEventListener("beforeunload", (event) => {
    if (session.draft.dirty) event.preventDefault();
  });
}

function keys(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing) {
    event.preventDefault();
    step(event.shiftKey ? "redo" : "undo");
  }
  if (event.key === "Escape" && session.view.form) redraw.closeForm(true);
}

function toggle(name) {
  const show = byId(name).hidden;
  for (const other of Object.keys(PANELS)) {
    byId(other).hidden = other !== name || !show;
    byId(`open-${other}`).setAttribute("aria-expanded", String(other === name && show));
  }
  redraw.marks();
  if (!show) return;
  PANELS[name]();
  if (!byId(name).hidden) byId(name).querySelector("input, select, button")?.focus();
}

function switchView(json) {
  const { view } = session;
  if (PAGE.may_write && view.json) readJson(); // what was typed a moment ago counts as well
  if (!json && view.broken) {
    told("The JSON cannot be read yet: mend it, or undo.", "fault");
    return;
  }
  view.json = json;
  redraw.closeForm();
  drawList();
}

function readJson() {
  const { view } = session;
  let document;
  try {
    document = readSuite(byId("json-text").value);
    view.broken = "";
  } catch (error) {
    view.broken = `This is no JSON yet: ${error.message}`;
  }
  byId("json-fault").textContent = view.broken;
  if (!view.broken && session.draft.change(document, "json")) {
    told("");
    checkSoon();
  }
  drawState();
}
