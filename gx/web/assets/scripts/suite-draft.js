// The draft: a document with undo and redo. Every change makes a new document.
export class Draft {
  constructor(document) {
    this.document = document;
    this.saved = document;
    this.past = [];
    this.future = [];
    this.label = "";
  }

  get entries() {
    return Array.isArray(this.document.expectations) ? this.document.expectations : [];
  }

  get dirty() {
    return JSON.stringify(this.document) !== JSON.stringify(this.saved);
  }

  // Equal labels in a row, such as typing into the JSON view, are undone as one.
  change(document, label = "") {
    if (JSON.stringify(document) === JSON.stringify(this.document)) return false;
    if (!label || label !== this.label) this.past.push(this.document);
    this.document = document;
    this.future = [];
    this.label = label;
    return true;
  }

  withEntries(entries) {
    return { ...this.document, expectations: entries };
  }

  replaced(index, entry) {
    return this.withEntries(this.entries.map((old, at) => (at === index ? entry : old)));
  }

  added(entry) {
    return this.withEntries([...this.entries, entry]);
  }

  removed(index) {
    return this.withEntries(this.entries.filter((_, at) => at !== index));
  }

  moved(from, to) {
    const entries = [...this.entries];
    entries.splice(to, 0, ...entries.splice(from, 1));
    return this.withEntries(entries);
  }

  undo() {
    return this.step(this.past, this.future);
  }

  redo() {
    return this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) return false;
    to.push(this.document);
    this.document = from.pop();
    this.label = "";
    return true;
  }
}

// What an entry is about: a column, several columns, the whole table, or a topic of the market.
export function groupOf(entry, known) {
  const kwargs = entry.kwargs || {};
  if (known?.market) return `Market: ${known.topic}`;
  if (typeof kwargs.column === "string") return `Column ${kwargs.column}`;
  if (kwargs.column_A || Array.isArray(kwargs.column_list)) return "Several columns";
  return "Whole table";
}

// Groups in the order of their first entry; each holds indexes into the entries.
export function grouped(entries, catalogue) {
  const groups = new Map();
  entries.forEach((entry, index) => {
    const name = groupOf(entry, catalogue.get(entry.type));
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(index);
  });
  return groups;
}

// A suite as the editor works on it; throws an Error that says why a text is none.
export function readSuite(text) {
  const document = JSON.parse(text);
  if (document === null || typeof document !== "object" || Array.isArray(document))
    throw new Error("it must be an object");
  return document;
}

// An entry as its form left it: what is empty is left out, and notes stay as they were written.
export function entryWith(entry, { kwargs, severity, description, notes }) {
  const changed = { ...entry, kwargs, severity };
  if (description) changed.description = description;
  else delete changed.description;
  if (notes === notesOf(entry).trim()) return changed;
  if (notes) changed.notes = notes;
  else delete changed.notes;
  return changed;
}

export function notesOf(entry) {
  return Array.isArray(entry.notes) ? entry.notes.join("\n") : (entry.notes ?? "");
}
