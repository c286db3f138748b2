// Between a kwarg's value and the text in its form field, without loss: what a field cannot show
// exactly is shown as JSON instead.
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const isParameter = (value) =>
  value !== null &&
  typeof value === "object" &&
  Object.keys(value).length === 1 &&
  typeof value.$PARAMETER === "string";

// The text for a value; raw says that it is JSON.
export function show(field, value) {
  if (value === undefined) return { text: "", raw: false };
  const text = plain(field, value);
  try {
    if (text !== null && text.trim() !== "" && same(parse(field, text), value))
      return { text, raw: false };
  } catch {
    /* shown as JSON */
  }
  return { text: JSON.stringify(value, null, 1), raw: true };
}

function plain(field, value) {
  if (isParameter(value)) return `$${value.$PARAMETER}`;
  switch (field.kind) {
    case "columns":
      return Array.isArray(value) ? value.join(", ") : null;
    case "list":
      return Array.isArray(value) ? value.map(item).join("\n") || "[]" : null;
    case "map":
      return value && typeof value === "object" && !Array.isArray(value)
        ? Object.entries(value)
            .map(([key, inner]) => `${key}: ${inner}`)
            .join("\n") || "{}"
        : null;
    case "json":
      return JSON.stringify(value, null, 1);
    case "boolean":
      return typeof value === "boolean" ? String(value) : null;
    default:
      return ["string", "number"].includes(typeof value) ? String(value) : null;
  }
}

// A text that could be a number stands in quotes.
function item(value) {
  return typeof value === "string" &&
    !NUMBER.test(value) &&
    !/^["[{]|^(true|false|null)$/.test(value)
    ? value
    : JSON.stringify(value);
}

// The value of a text; undefined when it is empty. Throws an Error that says what is expected.
export function read(field, text, raw) {
  if (text.trim() === "") {
    if (field.required) throw new Error("is needed");
    return undefined;
  }
  const value = raw ? json(text) : parse(field, text);
  bounded(field, value);
  return value;
}

function parse(field, text) {
  const word = text.trim();
  if (/^\$\w+$/.test(word) && field.kind !== "list") return { $PARAMETER: word.slice(1) };
  switch (field.kind) {
    case "number":
      return number(word);
    case "integer":
      return whole(word);
    case "bound":
      return NUMBER.test(word) ? Number(word) : day(word);
    case "boolean":
      return word === "true";
    case "columns":
      return word
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean);
    case "list":
      return word === "[]"
        ? []
        : text
            .split("\n")
            .filter((line) => line.trim())
            .map(listed);
    case "map":
      return mapped(text);
    case "json":
      return json(text);
    default:
      return text;
  }
}

function number(word) {
  if (!NUMBER.test(word)) throw new Error("must be a number, such as 0.5");
  return Number(word);
}

function whole(word) {
  if (!/^[-+]?\d+$/.test(word)) throw new Error("must be a whole number");
  return Number(word);
}

function day(word) {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(word))
    throw new Error("must be a number, or a time such as 2025-01-31T00:00:00");
  return word;
}

function listed(line) {
  const word = line.trim();
  return NUMBER.test(word) || /^["[{]|^(true|false|null)$/.test(word) ? json(word) : line;
}

function mapped(text) {
  const found = {};
  for (const line of text.split("\n").filter((one) => one.trim() && one.trim() !== "{}")) {
    const at = line.lastIndexOf(":");
    if (at < 1) throw new Error('must have one "symbol: calendar" a line');
    found[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return found;
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`is no JSON (${error.message})`);
  }
}

function bounded(field, value) {
  if (typeof value !== "number") return;
  if (field.minimum !== null && value < field.minimum)
    throw new Error(`must be ${field.minimum} or more`);
  if (field.maximum !== null && value > field.maximum)
    throw new Error(`must be ${field.maximum} or less`);
  if (field.above !== null && value <= field.above)
    throw new Error(`must be more than ${field.above}`);
  if (field.below !== null && value >= field.below)
    throw new Error(`must be less than ${field.below}`);
}

// A kwarg that the catalogue does not know is kept, as JSON.
export function fieldsOf(entry, kwargs) {
  const known = entry ? entry.fields : [];
  const names = new Set(known.map((field) => field.name));
  const unknown = Object.keys(kwargs)
    .filter((name) => !names.has(name))
    .map((name) => ({
      name,
      label: name,
      kind: "json",
      required: false,
      default: null,
      help: "",
      advanced: false,
      minimum: null,
      maximum: null,
      above: null,
      below: null,
      choices: [],
      parameter: false,
    }));
  return [...known, ...unknown];
}

// Kwargs in the order that they had, then the new ones.
export function ordered(before, values) {
  const found = {};
  for (const name of Object.keys(before))
    if (values[name] !== undefined) found[name] = values[name];
  for (const [name, value] of Object.entries(values)) if (value !== undefined) found[name] = value;
  return found;
}

// What a new expectation starts with: the defaults a person would look at.
export function defaults(entry) {
  const found = {};
  for (const field of entry.fields)
    if (!field.advanced && field.default !== null && field.default !== undefined)
      found[field.name] = field.default;
  return found;
}

// What a field without a value stands for.
export function placeholder(field) {
  if (field.required) return "";
  if (field.default === null || field.default === undefined) return "not set";
  return `default: ${typeof field.default === "object" ? JSON.stringify(field.default) : field.default}`;
}

const SHAPES = {
  columns: "Names with commas between.",
  list: "One value a line; a text that looks like a number stands in quotes.",
  map: "One “symbol: calendar” a line.",
  json: "JSON.",
  bound: "A number, or a time such as 2025-01-31T00:00:00.",
};

// What may stand in a field: its range, its shape, and the parameter that a run gives.
export function hint(field, raw) {
  const range = [
    field.minimum !== null ? `${field.minimum} or more` : "",
    field.above !== null ? `more than ${field.above}` : "",
    field.maximum !== null ? `${field.maximum} or less` : "",
    field.below !== null ? `less than ${field.below}` : "",
  ]
    .filter(Boolean)
    .join(", ");
  const parameter = field.parameter ? `$${field.name} stands for the run's own.` : "";
  return [range ? `(${range})` : "", raw ? "JSON." : (SHAPES[field.kind] ?? ""), parameter]
    .filter(Boolean)
    .join(" ");
}
