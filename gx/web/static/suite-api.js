// What the suite pages share: the page's data, small elements, and questions to the server.
"use strict";

const PAGE = JSON.parse(document.getElementById("page-data").textContent);

// An element; texts are always set as text, so nothing from the data becomes markup.
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `the server answered ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

async function ask(method, path, body) {
  const options = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(PAGE.api + path, options);
  } catch {
    throw new Refused(0, { error: "the server cannot be reached; your draft is still here" });
  }
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    if (response.ok) answer = { error: "the server's answer could not be read" };
  }
  if (response.status === 401) answer.error = "you are logged out; log in in another tab, then try again";
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

function told(text, kind = "") {
  const place = document.getElementById("told");
  place.textContent = text;
  place.className = kind;
}

function moment(iso) {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function shownValue(value) {
  if (value === null || value === undefined) return el("i", {}, "nothing");
  return typeof value === "string" ? value : el("code", {}, JSON.stringify(value));
}

function changeList(changes) {
  return el("ul", { class: "changes" }, ...changes.map((change) => el("li", { class: change.kind },
    el("span", { class: `chip ${change.kind}` }, change.kind), " ", change.description || change.name,
    change.description ? el("code", { class: "after" }, change.name) : "",
    change.kind === "moved" ? ` from ${change.before} to ${change.after}` : "",
    change.details.length ? el("ul", {}, ...change.details.map((detail) => el("li", {},
      el("b", {}, detail.field), ": ", shownValue(detail.before), " → ", shownValue(detail.after)))) : "")));
}

// A suite as the editor works on it; throws an Error that says why a text is none.
function readSuite(text) {
  const document = JSON.parse(text);
  if (document === null || typeof document !== "object" || Array.isArray(document)) throw new Error("it must be an object");
  return document;
}

function weaknessList(weaknesses) {
  return el("ul", { class: "weaknesses" }, ...weaknesses.map((one) => el("li", {}, one)));
}

// What somebody has to see before a suite is saved that can find next to nothing.
function acceptance(weaknesses, changed = () => {}) {
  const box = el("input", { type: "checkbox", name: "accepted", required: true, onchange: changed });
  return el("div", { class: "weak", role: "group", "aria-label": "Weaknesses" },
    el("b", {}, `This suite has ${weaknesses.length === 1 ? "a weakness" : `${weaknesses.length} weaknesses`}`),
    weaknessList(weaknesses),
    el("label", { class: "accept" }, box, " I have read this and want to save it all the same; the history keeps that."));
}

// Ask for a write, and for the acceptance of what the server finds weak.
async function askAccepting(form, method, path, body) {
  const given = form.weaknesses && form.elements.accepted?.checked ? { accepted_weaknesses: form.weaknesses } : {};
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
