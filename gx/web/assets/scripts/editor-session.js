// What the parts of the editor share: the draft, what is known of it, and the ways to change it.

import { byId, told } from "./elements.js";
import { ask, PAGE } from "./page.js";
import { Draft, readSuite } from "./suite-draft.js";

export const suitePath = `/suites/${encodeURIComponent(PAGE.name)}`;
export const EMPTY = { name: PAGE.name, expectations: [] };
const UNKNOWN = {
  faults: [],
  sentences: [],
  outdated: [],
  changes: [],
  weaknesses: [],
  new_weaknesses: [],
  known: false,
};

export const session = {
  draft: new Draft(EMPTY),
  view: {
    json: false,
    order: "column",
    form: null,
    broken: "",
    saving: false,
    weak: "",
  },
  catalogue: new Map(),
  offers: { calendars: [], severities: ["critical", "warning", "info"] },
  checked: UNKNOWN,
  tried: new Map(), // what a trial said of an entry, by the entry's text
  names: new Map(), // of entries, as the server calls them, by the entry's text
};

export const nameOf = (entry) => session.names.get(JSON.stringify(entry)) ?? String(entry.type);

// How the page is drawn anew. The parts that draw hand themselves in, so that none of them has to
// import another one in a circle.
export const redraw = { list() {}, marks() {}, state() {}, closeForm() {} };

let asking = 0;

// The suite in a file, or null when somebody wrote it by hand and it is none.
export function readable(text) {
  try {
    return readSuite(text);
  } catch {
    return null;
  }
}

export function showBroken(text, advice) {
  session.view.broken = `The saved file is no suite in JSON. ${advice}`;
  session.view.json = true;
  byId("json-text").value = text;
}

export function change(document, focus, label) {
  if (session.view.saving) return;
  if (!session.draft.change(document, label)) return;
  told("");
  redraw.closeForm();
  redraw.list(focus);
  checkSoon();
}

export function step(direction) {
  const { draft, view } = session;
  if (view.saving) return;
  if (view.broken && draft.entries.length) {
    // what cannot be read is no step: back to what could be
    view.broken = "";
    redraw.list();
    return;
  }
  if (!draft[direction]()) return;
  view.broken = "";
  told("");
  redraw.closeForm();
  redraw.list();
  checkSoon();
}

export function debounced(action, wait) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
}

export const checkSoon = debounced(() => check(), 300);

// Ask the server what it thinks of the draft; only the latest question counts.
export async function check() {
  asking += 1;
  const mine = asking;
  const { entries } = session.draft;
  try {
    const found = await askedOfTheDraft();
    if (mine !== asking) return;
    session.checked = { ...found, known: true };
    found.names?.forEach((name, index) => {
      session.names.set(JSON.stringify(entries[index]), name);
    });
    if (found.sha256 && found.sha256 !== PAGE.sha256) {
      told(
        "Somebody saved another version meanwhile; saving merges it with yours, or shows what differs.",
        "notice",
      );
    }
  } catch (error) {
    if (mine !== asking) return;
    const refused = error.status === 422;
    session.checked = {
      ...UNKNOWN,
      faults: refused ? [{ message: error.message, entry: null }] : [],
    };
    if (!refused) told(`The draft could not be checked: ${error.message}`, "fault");
  }
  redraw.marks();
}

function askedOfTheDraft() {
  const clean = !session.draft.dirty && !session.view.broken;
  if (!PAGE.may_write || clean) return ask("GET", `${suitePath}/check`);
  return ask("POST", `${suitePath}/check`, {
    document: session.draft.document,
    base: session.draft.saved, // what others have saved since is no change of this draft
  });
}

export function closePanel(name) {
  byId(name).hidden = true;
  byId(`open-${name}`).setAttribute("aria-expanded", "false");
  redraw.marks();
}
