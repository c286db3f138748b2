// Try the draft, or one expectation of it, on bars.

import { redraw, session } from "./editor-session.js";
import { byId, counted, el, told } from "./elements.js";
import { PAGE } from "./page.js";
import * as Trial from "./suite-trial.js";

export async function tryDraft(button) {
  const { draft, view } = session;
  if (view.broken) {
    told("The JSON cannot be read yet: mend it, or undo.", "fault");
    return;
  }
  const entries = draft.entries;
  await busy(button, byId("try-result"), async () => {
    const found = await Trial.run(PAGE.name, draft.document);
    for (const one of found.outcomes) {
      one.description =
        entries[one.entry - 1].description ||
        session.checked.sentences[one.entry - 1] ||
        one.description;
    }
    session.tried = new Map(
      found.outcomes.map((one) => [JSON.stringify(entries[one.entry - 1]), one]),
    );
    Trial.show(found);
    redraw.marks();
  });
}

export async function tryInto(place, button, document, number) {
  await busy(button, place, async () => {
    const found = await Trial.run(PAGE.name, document, number);
    const on = `On ${Trial.onWhat()}: ${counted(found.rows, "bar")}, ${found.seconds} s.${Trial.sampled(found)} Choose others under “Try it”.`;
    place.replaceChildren(
      el("ul", { class: "outcomes" }, ...found.outcomes.map(Trial.line)),
      el("small", {}, on),
    );
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
