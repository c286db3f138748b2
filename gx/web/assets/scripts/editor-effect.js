// Ask, one at a time and only while somebody still wants to know, what an entry does to a run's bars.
import { session } from "./editor-session.js";
import { ask, PAGE } from "./page.js";
import { effect } from "./suite-effect.js";
import { ordered, read } from "./suite-forms.js";
import * as Trial from "./suite-trial.js";

const DWELL = 500; // milliseconds, so that a pointer that passes by asks nothing
const known = new Map(); // what was answered, by the entry and the bars
let queue = Promise.resolve();
let latest = 0;

// Tell `place` what entry `number` of `document` does; `wanted` says whether anybody still looks.
export function tellEffect(place, document, number, wanted = () => true) {
  place.textContent = "";
  if (!PAGE.may_write) return; // a trial is a write's rehearsal
  if (!Trial.onRun()) {
    place.textContent = "Choose the bars of a run under “Try it” to see what it finds there.";
    return;
  }
  const key = JSON.stringify([document.expectations[number - 1], Trial.onWhat(), PAGE.sha256]);
  if (known.has(key)) {
    place.textContent = known.get(key);
    return;
  }
  latest += 1;
  const mine = latest;
  const current = () => mine === latest && wanted();
  place.textContent = "Trying it …";
  setTimeout(() => {
    queue = queue.then(() => (current() ? asked(place, document, number, key, current) : null));
  }, DWELL);
}

async function asked(place, document, number, key, current) {
  try {
    const fault = await faultOf(document);
    if (fault) {
      if (current()) place.textContent = `It cannot be tried yet: ${fault}`;
      return;
    }
    const said = effect(await Trial.run(PAGE.name, document, number), Trial.onWhat());
    known.set(key, said);
    if (current()) place.textContent = said;
  } catch (error) {
    if (current()) place.textContent = `What it finds could not be told: ${error.message}`;
  }
}

// While a form is filled in, what it has so far may be no expectation yet: no error of anybody's.
async function faultOf(document) {
  const found = await ask("POST", `/suites/${encodeURIComponent(PAGE.name)}/check`, { document });
  return found.faults[0]?.message;
}

// In a form: beside the field that was changed, once it is left.
export function watchEffects(form, rows, entry, drafted) {
  form.addEventListener("change", (event) => {
    const row = rows.find((one) => one.input === event.target);
    if (!row || !PAGE.may_write) return;
    for (const one of rows) one.effect?.remove();
    row.effect = window.document.createElement("small");
    row.effect.className = "effect";
    row.effect.setAttribute("aria-live", "polite");
    row.element.append(row.effect);
    const changed = valuesOf(rows, entry);
    if (!changed) return;
    tellEffect(row.effect, ...drafted(changed), () => row.effect?.isConnected);
  });
}

// The entry as its fields have it; null while one of them cannot be read.
function valuesOf(rows, entry) {
  const values = {};
  try {
    for (const one of rows) values[one.field.name] = read(one.field, one.input.value, one.raw);
  } catch {
    return null;
  }
  return { ...entry, kwargs: ordered(entry.kwargs || {}, values) };
}

export const effectOfDraft = (place, index, wanted) =>
  tellEffect(place, session.draft.document, index + 1, wanted);
