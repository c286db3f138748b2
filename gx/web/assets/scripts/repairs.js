// Accept repairs that a run proposes, and take accepted ones back, each with a reason.
import { byId, counted, el, onSubmit, told } from "./elements.js";
import { ask, PAGE } from "./page.js";

const MOST_LINKS = 10;
const mount = PAGE.api.replace(/\/api$/, "");

// The chosen numbers: a box may stand for several.
function chosen(form, name) {
  const boxes = [...form.querySelectorAll(`[name=${name}]:checked`)];
  return boxes.flatMap((box) => box.value.split(" ").map(Number));
}

function quarantine(dataset, symbols) {
  if (!symbols.length) return [];
  const place = `${mount}/quarantine/`;
  if (symbols.length > MOST_LINKS)
    return [el("a", { href: place }, `Judge ${symbols.length} held symbols again`), ". "];
  const links = symbols.map((symbol) => {
    const query = `?symbol=${encodeURIComponent(symbol)}#act`;
    return el("a", { href: `${place}${encodeURIComponent(dataset)}${query}` }, symbol);
  });
  return ["Judge again: ", ...links.flatMap((link, at) => (at ? [", ", link] : [link])), ". "];
}

// Which days to run: of fewer the published prices would have a step, which a run holds.
function toRun(days) {
  const named = days.slice(0, MOST_LINKS).map(([symbol, first, last]) => {
    return first === last ? `${symbol} ${first}` : `${symbol} ${first} to ${last}`;
  });
  const more = days.length > MOST_LINKS ? `, and ${days.length - MOST_LINKS} symbols more` : "";
  return `Run these days, each symbol's in one run: ${named.join(", ")}${more}. `;
}

// What was seen is not so any more.
function done(...parts) {
  const place = byId("told");
  place.className = "good";
  place.replaceChildren(...parts, el("a", { href: window.location.href }, "Load the page again"));
  for (const form of document.querySelectorAll("#accept, #revoke")) form.hidden = true;
  window.scrollTo({ top: 0 });
  place.querySelector("a").focus();
}

async function send(form, act, name) {
  form.querySelector(".act").after(byId("told"));
  const numbers = chosen(form, name);
  if (!numbers.length) {
    told("Choose a repair first.", "fault");
    return null;
  }
  told("Working …");
  const reason = form.elements.reason.value.trim();
  const answer = await ask("POST", `${PAGE.run}/repairs/${act}`, { [name]: numbers, reason });
  document.querySelector("h1").after(byId("told"));
  return answer;
}

async function accept(form) {
  const answer = await send(form, "accept", "blocks");
  if (!answer) return;
  const said = `${counted(answer.bars, "repair")} accepted: the next run reads these bars so. `;
  done(said, toRun(answer.days), ...quarantine(answer.dataset, answer.held));
}

async function revoke(form) {
  const answer = await send(form, "revoke", "ids");
  if (!answer) return;
  const said = `${counted(answer.bars, "repair")} revoked: the next run reads the source's bars. `;
  done(said, toRun(answer.days));
}

for (const [id, act] of [
  ["accept", accept],
  ["revoke", revoke],
]) {
  const form = byId(id);
  if (form?.querySelector(".act")) onSubmit(form, () => act(form));
}

for (const button of document.querySelectorAll("[data-check]")) {
  button.addEventListener("click", () => {
    for (const box of button.closest("fieldset").querySelectorAll("[name=blocks]"))
      box.checked = button.dataset.check === "all";
  });
}
