// Act on held bars, with a reason: those of one symbol, or several symbols at once.
import { byId, counted, el, onSubmit, told } from "./elements.js";
import { ask, PAGE } from "./page.js";

const one = byId("held");
const chosen = byId("chosen");
const mount = PAGE.api?.replace(/\/api$/, "");

// Where the run is, and where its report will be.
function runLinks(answer) {
  const links = [
    el("a", { href: answer.airflow, "data-leave": true }, answer.run_id),
    "; once it has judged, its ",
    el("a", { href: mount + answer.report }, "report"),
    ".",
  ];
  return answer.waits ? [...links, ` ${answer.waits}.`] : links;
}

function done(...parts) {
  const place = byId("told");
  place.className = "good";
  place.replaceChildren(...parts);
  place.scrollIntoView({ block: "nearest" });
}

async function act(action) {
  told("Working …");
  const given = Object.fromEntries(
    [...new FormData(one)].map(([name, value]) => [name, value.trim()]),
  );
  const { reason, first_date, last_date } = given;
  const days = { reason, first_date, last_date };
  const path = `/quarantine/${one.dataset.dataset}/${action}`;
  if (action === "judge") {
    const body = { symbols: [PAGE.symbol], seen: [PAGE.seen], ...days };
    const answer = await ask("POST", path, body);
    done("A run judges them again: ", ...runLinks(answer));
  } else if (action === "release") {
    const body = { symbol: PAGE.symbol, seen: PAGE.seen, expires: given.expires, ...days };
    const answer = await ask("POST", path, body);
    done(
      `${counted(answer.accepted, "failure")} waived; a run judges and publishes them: `,
      ...runLinks(answer),
    );
  } else {
    const answer = await ask("POST", path, { symbol: PAGE.symbol, seen: PAGE.seen, ...days });
    done(`${counted(answer.bars, "bar")} discarded. `);
  }
  // What was seen is not so any more.
  byId("told").append(" ", el("a", { href: window.location.href }, "Load the page again"));
  one.hidden = true;
  byId("told").querySelector("a").focus();
}

if (one) onSubmit(one, act);

async function judgeChosen() {
  const boxes = [...chosen.querySelectorAll("[name=symbols]:checked")];
  if (!boxes.length) {
    told("Choose a symbol first.", "fault");
    return;
  }
  told("Working …");
  const parts = [];
  for (const dataset of new Set(boxes.map((box) => box.dataset.dataset))) {
    const its = boxes.filter((box) => box.dataset.dataset === dataset);
    const answer = await ask("POST", `/quarantine/${dataset}/judge`, {
      symbols: its.map((box) => box.value),
      seen: its.map((box) => box.dataset.seen),
      reason: chosen.elements.reason.value,
    });
    parts.push(`A run judges ${counted(its.length, "symbol")} again: `, ...runLinks(answer), " ");
  }
  done(...parts, el("a", { href: window.location.href }, "Load the page again"));
  for (const box of boxes) {
    box.checked = false;
    box.disabled = true;
  }
}

if (chosen?.querySelector("button")) onSubmit(chosen, judgeChosen);
