// Small elements that the suite pages share, and how they say numbers and times.

import { ask, PAGE } from "./page.js";

const PROPERTIES = ["value", "checked", "selected", "disabled"];

// An element; texts are always set as text, so nothing from the data becomes markup.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.includes(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.filter((child) => child !== null && child !== undefined && child !== ""),
  );
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

export function told(text, kind = "") {
  const place = byId("told");
  place.textContent = text;
  place.className = kind;
}

// A form that is sent by `act(the button's name)`. Its buttons are off in the page and while it works:
// a form that is sent before its script is there would lose what was filled in.
export function onSubmit(form, act) {
  const enable = (on) => {
    for (const button of form.querySelectorAll("button")) button.disabled = !on;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    enable(false);
    try {
      await act(event.submitter?.name);
    } catch (error) {
      told(error.message, "fault");
    } finally {
      enable(true);
    }
  });
  enable(true);
}

export function moment(iso) {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function shownValue(value) {
  if (value === null || value === undefined) return el("i", {}, "nothing");
  return typeof value === "string" ? value : el("code", {}, JSON.stringify(value));
}

function changedDetail(detail) {
  return el(
    "li",
    {},
    el("b", {}, detail.field),
    ": ",
    shownValue(detail.before),
    " → ",
    shownValue(detail.after),
  );
}

export function changeList(changes) {
  const lines = changes.map((change) =>
    el(
      "li",
      { class: change.kind },
      el("span", { class: `chip ${change.kind}` }, change.kind),
      " ",
      change.description || change.name,
      change.description ? el("code", { class: "after" }, change.name) : "",
      change.kind === "moved" ? ` from ${change.before} to ${change.after}` : "",
      change.details.length ? el("ul", {}, ...change.details.map(changedDetail)) : "",
    ),
  );
  return el("ul", { class: "changes" }, ...lines);
}

export function weaknessList(weaknesses) {
  return el("ul", { class: "weaknesses" }, ...weaknesses.map((one) => el("li", {}, one)));
}

// The datasets to take bars from, as options.
export function datasetOptions(chosen = "") {
  return PAGE.datasets.map(({ name }) =>
    el("option", { value: name, selected: name === chosen }, name),
  );
}

// Offer the symbols of another dataset; what cannot be read is said when its bars are.
export async function offerSymbols(list, dataset) {
  list.replaceChildren();
  PAGE.symbols = await ask("GET", `/datasets/${encodeURIComponent(dataset)}/symbols`).catch(
    () => [],
  );
  list.replaceChildren(...PAGE.symbols.map((name) => el("option", { value: name })));
}

// What somebody has to see before a suite is saved that can find next to nothing.
export function acceptance(weaknesses, changed = () => {}) {
  const box = el("input", {
    type: "checkbox",
    name: "accepted",
    required: true,
    onchange: changed,
  });
  return el(
    "div",
    { class: "weak", role: "group", "aria-label": "Weaknesses" },
    el(
      "b",
      {},
      `This suite has ${weaknesses.length === 1 ? "a weakness" : `${weaknesses.length} weaknesses`}`,
    ),
    weaknessList(weaknesses),
    el(
      "label",
      { class: "accept" },
      box,
      " I have read this and want to save it all the same; the history keeps that.",
    ),
  );
}

// Ask for a write, and for the acceptance of what the server finds weak.
export async function askAccepting(form, method, path, body) {
  const given =
    form.weaknesses && form.elements.accepted?.checked
      ? { accepted_weaknesses: form.weaknesses }
      : {};
  try {
    return await ask(method, path, { ...body, ...given });
  } catch (error) {
    if (error.status !== 422 || !error.answer.weaknesses) throw error;
    form.querySelector(".weak")?.remove();
    form.weaknesses = error.answer.weaknesses;
    if (form.weaknesses.length) form.querySelector("button").before(acceptance(form.weaknesses));
    throw error;
  }
}
