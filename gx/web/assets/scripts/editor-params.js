// The parameters of an entry in the list: what each means, on hover, focus or touch.
import { effectOfDraft } from "./editor-effect.js";
import { session } from "./editor-session.js";
import { byId, el } from "./elements.js";

const HOVER = 150;
const LEAVE = 250; // to get from the parameter into what it says
let open = null;
let timer = 0;

const meaning = el("span", { id: "param-means" });
const effect = el("span", { id: "param-effect", "aria-live": "polite" });
const tip = el("div", { class: "param-tip", role: "tooltip", id: "param-tip" }, meaning, effect);

// A parameter as text, and, where its meaning is known, as a button that tells it.
export function parameter(entry, index, key, value) {
  const text = `${key} = ${JSON.stringify(value)}`;
  const help = helpOf(entry.type, key);
  if (!help) return el("code", {}, text);
  const id = `help-${entry.type}-${key}`;
  return el(
    "button",
    { type: "button", class: "param", "data-param": key, "data-of": index, "aria-describedby": id },
    text,
  );
}

function helpOf(type, key) {
  const field = session.catalogue.get(type)?.fields.find((one) => one.name === key);
  return field?.help ?? "";
}

// Texts that descriptions refer to; a screen reader reads them though nobody sees them.
export function describeParameters(entries) {
  const texts = new Map();
  for (const entry of entries) {
    for (const key of Object.keys(entry?.kwargs || {})) {
      const help = helpOf(entry.type, key);
      if (help) texts.set(`help-${entry.type}-${key}`, help);
    }
  }
  byId("param-help").replaceChildren(...[...texts].map(([id, help]) => el("span", { id }, help)));
}

export function wireParameters(list) {
  const of = (event) => event.target.closest?.("[data-param]");
  const inside = (event) => event.target.closest?.(".param-tip");
  list.addEventListener("pointerover", (event) => {
    if (inside(event)) clearTimeout(timer);
    else if (of(event) && event.pointerType === "mouse") soon(() => show(of(event)), HOVER);
  });
  list.addEventListener("pointerout", (event) => {
    if (event.pointerType !== "mouse") return; // a finger that was lifted leaves it open
    if (of(event) || inside(event)) soon(hide, LEAVE);
  });
  list.addEventListener("focusin", (event) => of(event) && show(of(event)));
  list.addEventListener("focusout", (event) => of(event) && soon(hide, LEAVE));
  list.addEventListener("click", (event) => of(event) && show(of(event)));
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("pointerdown", (event) => !of(event) && !inside(event) && hide());
}

function soon(act, wait) {
  clearTimeout(timer);
  timer = setTimeout(act, wait);
}

function show(button) {
  clearTimeout(timer);
  if (!button.isConnected || open === button) return;
  hide();
  open = button;
  const index = Number(button.dataset.of);
  const entry = session.draft.entries[index];
  meaning.textContent = helpOf(entry.type, button.dataset.param);
  button.closest("li").append(tip);
  tip.style.top = `${button.offsetTop + button.offsetHeight + 4}px`;
  tip.style.left = `${Math.max(0, Math.min(button.offsetLeft, tip.offsetParent.clientWidth - tip.offsetWidth - 8))}px`;
  button.classList.add("open");
  effectOfDraft(effect, index, () => open === button);
}

function hide() {
  clearTimeout(timer);
  open?.classList.remove("open");
  open = null;
  tip.remove();
}
