// Add an expectation: search the catalogue, then fill its form.

import { form } from "./editor-form.js";
import { change, closePanel, redraw, session } from "./editor-session.js";
import { byId, el } from "./elements.js";
import { searched, topics } from "./suite-catalogue.js";
import { defaults } from "./suite-forms.js";

export function openAdd() {
  redraw.closeForm();
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "Search: between, null, split, volume …",
    autocomplete: "off",
    "aria-label": "Search the catalogue",
    oninput: () => list(),
  });
  const found = el("div", { id: "found" });
  const list = () => {
    const hits = searched([...session.catalogue.values()], search.value);
    const none = session.catalogue.size
      ? "Nothing fits these words."
      : "The catalogue is still being read …";
    found.replaceChildren(...topics(hits).map(section), hits.length ? "" : el("p", {}, none));
  };
  const broken = (session.offers.custom_faults ?? []).map((fault) =>
    el("p", { class: "fault" }, fault),
  );
  byId("add").replaceChildren(el("h2", {}, "Add an expectation"), ...broken, search, found);
  list();
}

function section([topic, entries]) {
  return el(
    "section",
    {},
    el("h3", {}, topic),
    el("ul", { class: "found" }, ...entries.map(offer)),
  );
}

function offer(entry) {
  const summary = entry.unsupported ? `${entry.summary} (${entry.unsupported})` : entry.summary;
  const button = el(
    "button",
    {
      class: "offer",
      disabled: Boolean(entry.unsupported),
      onclick: () => openNew(entry),
    },
    el("b", {}, entry.title),
    el("small", {}, summary),
  );
  return el("li", {}, button);
}

function openNew(known) {
  const { draft } = session;
  const element = form({ type: known.type, kwargs: defaults(known), severity: "warning" }, known, {
    doneWord: "Add",
    done: (entry) => {
      closePanel("add");
      change(draft.added(entry), `edit-${draft.entries.length}`);
    },
    cancelled: () => (session.view.form ? redraw.closeForm(true) : openAdd()),
    drafted: (entry) => [draft.added(entry), draft.entries.length + 1],
  });
  byId("add").replaceChildren(el("h2", {}, known.title), element);
  element.querySelector("input, textarea, select").focus();
}
