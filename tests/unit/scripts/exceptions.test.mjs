import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changeable,
  fits,
  placeOf,
  rowsOf,
  rowWith,
  ruled,
  said,
  withRows,
} from "../../../gx/web/assets/scripts/suite-exceptions.js";

test("a pattern fits as a trader reads it, in the very letters", () => {
  const fitting = [
    ["TSLA", "TSLA"],
    ["BRK*", "BRK"],
    ["BRK*", "BRK.B"],
    ["*.L", "VOD.L"],
    ["A?C", "ABC"],
    ["*A*", "BAB"],
    ["[A]", "[A]"],
  ];
  const others = [
    ["TSLA", "tsla"],
    ["TSLA", "TSLA2"],
    ["BRK*", "XBRK"],
    ["A?C", "AC"],
    ["[A]", "A"],
    ["", "A"],
  ];
  for (const [pattern, symbol] of fitting) assert.ok(fits(pattern, symbol), `${pattern} ${symbol}`);
  for (const [pattern, symbol] of others) assert.ok(!fits(pattern, symbol), `${pattern} ${symbol}`);
});

test("a pattern of many stars costs no more than one", () => {
  const began = performance.now();
  assert.ok(!fits(`${"*a".repeat(15)}*b`, "a".repeat(32)));
  assert.ok(performance.now() - began < 100);
});

test("the first row that fits a symbol rules it", () => {
  const symbols = ["BRK.A", "BRK.B", "TSLA"];
  assert.deepEqual(ruled(["BRK.A", "BRK*", "X"], symbols), [["BRK.A"], ["BRK.B"], []]);
  assert.deepEqual(ruled(["BRK*", "BRK.A", ""], symbols), [["BRK.A", "BRK.B"], [], []]);
});

test("a row holds what differs, and nothing else", () => {
  const kwargs = { max_value: 8 };
  assert.deepEqual(rowWith({ symbols: "A", kwargs, severity: "" }), { symbols: "A", kwargs });
  assert.deepEqual(rowWith({ symbols: "A", kwargs: {}, severity: "info" }), {
    symbols: "A",
    severity: "info",
  });
  assert.deepEqual(rowWith({ symbols: "A", kwargs, severity: "off" }), { symbols: "A", off: true });
});

test("an entry keeps the rest of its meta, and none is left empty", () => {
  const rows = [{ symbols: "A", off: true }];
  const entry = { type: "x", kwargs: {}, meta: { worded_for: { a: 1 } } };
  assert.deepEqual(rowsOf(withRows(entry, rows)), rows);
  assert.deepEqual(withRows(withRows(entry, rows), []), entry);
  assert.deepEqual(withRows(withRows({ type: "x" }, rows), []), { type: "x" });
  assert.deepEqual(rowsOf({ meta: { exceptions: "no list" } }), []);
});

test("a row says what differs as reports do", () => {
  assert.equal(said({ symbols: "TSLA", off: true }), "TSLA: not judged");
  const row = { symbols: "BRK*", kwargs: { max_value: 8, calendar: "XLON" }, severity: "info" };
  assert.equal(said(row), "BRK*: max_value 8, calendar XLON, as info");
});

test("only what the catalogue says differs by symbol is offered", () => {
  const fields = [
    { name: "column", by_symbol: false },
    { name: "max_value", by_symbol: true },
  ];
  assert.deepEqual(changeable({ fields }), [fields[1]]);
  assert.deepEqual(changeable(undefined), []);
});

test("a fault is placed in its row and field", () => {
  assert.deepEqual(placeOf({ field: "exceptions.2.max_value" }), { row: 2, key: "max_value" });
  assert.deepEqual(placeOf({ field: "exceptions.0" }), { row: 0, key: "" });
  assert.equal(placeOf({ field: "max_value" }), null);
  assert.equal(placeOf({ field: null }), null);
});
