import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Draft,
  entryWith,
  grouped,
  readSuite,
} from "../../../gx/web/assets/scripts/suite-draft.js";

const entry = (type, kwargs = {}) => ({ type, kwargs });
const draftOf = (...types) => new Draft({ expectations: types.map((type) => entry(type)) });
const types = (draft) => draft.entries.map((one) => one.type).join(" ");

test("what is undone can be redone, until something else is changed", () => {
  const draft = draftOf("a");
  draft.change(draft.added(entry("b")));
  draft.change(draft.removed(0));
  assert.equal(types(draft), "b");
  assert.equal(draft.undo() && types(draft), "a b");
  assert.equal(draft.redo() && types(draft), "b");
  draft.undo();
  draft.change(draft.added(entry("c")));
  assert.equal(types(draft), "a b c");
  assert.equal(draft.redo(), false);
});

test("a change to the same text is none", () => {
  const draft = draftOf("a");
  assert.equal(draft.change({ expectations: [entry("a")] }), false);
  assert.equal(draft.undo(), false);
});

test("typing is undone as one, and saving does not end what can be undone", () => {
  const draft = draftOf("a");
  draft.change(draft.added(entry("b")), "json");
  draft.change(draft.added(entry("c")), "json");
  assert.ok(draft.dirty);
  draft.saved = draft.document;
  assert.ok(!draft.dirty);
  assert.equal(draft.undo() && types(draft), "a");
  assert.equal(draft.undo(), false);
});

test("an entry moves to its place, and the others keep their order", () => {
  const draft = draftOf("a", "b", "c");
  draft.change(draft.moved(0, 2));
  assert.equal(types(draft), "b c a");
});

test("entries are grouped by what they are about, in the order of the first of each", () => {
  const market = new Map([["expect_m", { market: true, topic: "Sessions" }]]);
  const entries = [
    entry("expect_a", { column: "open" }),
    entry("expect_m"),
    entry("expect_pair", { column_A: "low", column_B: "high" }),
    entry("expect_b", { column: "open" }),
    entry("expect_table"),
  ];
  assert.deepEqual(
    [...grouped(entries, market)],
    [
      ["Column open", [0, 3]],
      ["Market: Sessions", [1]],
      ["Several columns", [2]],
      ["Whole table", [4]],
    ],
  );
});

test("a form that changes nothing leaves its entry as it was, to the letter", () => {
  const before = {
    type: "t",
    description: "d",
    kwargs: { a: 1 },
    severity: "info",
    notes: ["x", "y"],
  };
  const read = { kwargs: { a: 1 }, severity: "info", description: "d", notes: "x\ny" };
  assert.equal(JSON.stringify(entryWith(before, read)), JSON.stringify(before));
});

test("what is emptied in a form is taken out of the entry", () => {
  const before = { type: "t", kwargs: {}, severity: "info", description: "d", notes: "n" };
  const read = { kwargs: {}, severity: "critical", description: "", notes: "" };
  assert.deepEqual(entryWith(before, read), { type: "t", kwargs: {}, severity: "critical" });
});

test("a text that is no object is no suite", () => {
  for (const text of ["[]", "null", '"a"', "3"]) assert.throws(() => readSuite(text), /an object/);
  assert.throws(() => readSuite("{"), SyntaxError);
  assert.deepEqual(readSuite('{"a": 1}'), { a: 1 });
});
