// What each level of a threshold costs on the bars of past runs, to choose one from.
import { counted, el } from "./elements.js";
import { ask, PAGE } from "./page.js";
import { perBars, percent } from "./suite-curve.js";
import * as Trial from "./suite-trial.js";

// The button beside a form's others, for what can be tuned; `take` is given the level that is chosen.
export function tuneButton(place, drafted, take) {
  const button = el("button", {
    type: "button",
    onclick: () => tune(button, place, drafted, take),
  });
  button.append("Tune …");
  return button;
}

async function tune(button, place, drafted, take) {
  const asked = drafted();
  if (!asked) return;
  const [document, entry] = asked;
  button.disabled = true;
  place.replaceChildren(el("p", {}, "Judging the bars of past runs at every level …"));
  try {
    const path = `/suites/${encodeURIComponent(PAGE.name)}/tune`;
    const found = await ask("POST", path, { document, entry, ...Trial.ofDataset() });
    place.replaceChildren(...curve(found, take));
  } catch (error) {
    place.replaceChildren(el("p", { class: "fault" }, error.message));
  } finally {
    button.disabled = false;
  }
}

function curve(found, take) {
  const most = Math.max(1, ...found.points.map((one) => one.events));
  const heads = [found.parameter, "Events found", "Planted missed", ""];
  return [
    el("p", {}, el("b", {}, found.sentence)),
    el(
      "small",
      {},
      `On ${found.on}. Planted: ${found.planted}, ${counted(found.count, "defect")}. An event on bars that are right is a false alarm; look at some before you choose.`,
    ),
    el(
      "table",
      { class: "curve" },
      el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...found.points.map((one) => row(found, one, most, take))),
    ),
  ];
}

function row(found, one, most, take) {
  const now = one.level === found.current;
  const proposed = one.level === found.proposed;
  const said = [now && "now", proposed && "proposed"].filter(Boolean).join(", ");
  return el(
    "tr",
    { class: now ? "now" : "" },
    el("th", { scope: "row" }, String(one.level), said ? el("small", {}, ` ${said}`) : ""),
    el(
      "td",
      { title: perBars(one.events, found.rows) },
      bar(one.events, most),
      one.events.toLocaleString("en"),
    ),
    el("td", {}, bar(one.missed, 1), percent(one.missed)),
    el(
      "td",
      {},
      now
        ? ""
        : el("button", { type: "button", onclick: () => take(one.level) }, `Use ${one.level}`),
    ),
  );
}

const bar = (value, max) => el("meter", { min: 0, max, value, "aria-hidden": "true" });
