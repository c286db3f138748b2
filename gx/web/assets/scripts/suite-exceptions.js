// The table of exceptions in an entry's meta: its rows, and which one rules a symbol.

// The rows of an entry; what somebody wrote there that is no list has none.
export function rowsOf(entry) {
  const rows = entry.meta?.exceptions;
  return Array.isArray(rows) ? rows.filter((row) => row && typeof row === "object") : [];
}

// The entry with these rows; without any, nothing of a table is left.
export function withRows(entry, rows) {
  const { exceptions: _, ...meta } = entry.meta ?? {};
  const left = rows.length ? { ...meta, exceptions: rows } : meta;
  const { meta: __, ...changed } = entry;
  return Object.keys(left).length ? { ...changed, meta: left } : changed;
}

// A row as a file has it: what does not differ is left out.
export function rowWith({ symbols, kwargs, severity }) {
  if (severity === "off") return { symbols, off: true };
  const row = { symbols };
  if (Object.keys(kwargs).length) row.kwargs = kwargs;
  if (severity) row.severity = severity;
  return row;
}

// Does a pattern fit a symbol?  * is any characters, ? is one; no text is gone through twice.
export function fits(pattern, symbol) {
  let [at, place, star, back] = [0, 0, -1, 0];
  while (at < symbol.length) {
    if (pattern[place] === "*") [star, back, place] = [place, at, place + 1];
    else if (place < pattern.length && (pattern[place] === "?" || pattern[place] === symbol[at]))
      [at, place] = [at + 1, place + 1];
    else if (star >= 0) [back, at, place] = [back + 1, back + 1, star + 1];
    else return false;
  }
  while (pattern[place] === "*") place += 1;
  return place === pattern.length;
}

// For each pattern the symbols that it rules: those that it fits, and none before it does.
export function ruled(patterns, symbols) {
  const found = patterns.map(() => []);
  for (const symbol of symbols) {
    const first = patterns.findIndex((pattern) => fits(pattern, symbol));
    if (first >= 0) found[first].push(symbol);
  }
  return found;
}

// What a row says of itself, as reports do.
export function said(row) {
  if (row.off) return `${row.symbols}: not judged`;
  const changes = Object.entries(row.kwargs ?? {}).map(
    ([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  if (row.severity) changes.push(`as ${row.severity}`);
  return `${row.symbols}: ${changes.join(", ")}`;
}

// The fields that may differ by symbol.
export function changeable(known) {
  return (known?.fields ?? []).filter((field) => field.by_symbol);
}

// The row (from 0) and the field that a fault is about; null of another fault.
export function placeOf(fault) {
  const found = /^exceptions\.(\d+)(?:\.(\w+))?$/.exec(fault.field ?? "");
  return found ? { row: Number(found[1]), key: found[2] ?? "" } : null;
}
