import assert from "node:assert/strict";
import { test } from "node:test";
import * as Forms from "../../../gx/web/assets/scripts/suite-forms.js";

const field = (kind, more = {}) => ({
  name: "value",
  kind,
  required: false,
  default: null,
  minimum: null,
  maximum: null,
  above: null,
  below: null,
  choices: [],
  parameter: false,
  ...more,
});

test("a value that its field cannot show exactly is shown as JSON", () => {
  assert.deepEqual(Forms.show(field("number"), 0.5), { text: "0.5", raw: false });
  assert.deepEqual(Forms.show(field("number"), "half"), { text: '"half"', raw: true });
  assert.deepEqual(Forms.show(field("columns"), ["a", "b, c"]).raw, true);
  assert.deepEqual(Forms.show(field("text"), undefined), { text: "", raw: false });
});

test("a parameter of the run is written with a dollar, and read back", () => {
  const shown = Forms.show(field("bound"), { $PARAMETER: "as_of" });
  assert.deepEqual(shown, { text: "$as_of", raw: false });
  assert.deepEqual(Forms.read(field("bound"), shown.text, shown.raw), { $PARAMETER: "as_of" });
});

test("what a text is not is said in words", () => {
  assert.throws(() => Forms.read(field("number"), "x", false), /must be a number/);
  assert.throws(() => Forms.read(field("integer"), "1.5", false), /must be a whole number/);
  assert.throws(() => Forms.read(field("bound"), "2025-01-31", false), /or a time such as/);
  assert.throws(() => Forms.read(field("map"), "TSLA", false), /symbol: calendar/);
  assert.throws(() => Forms.read(field("json"), "{", false), /is no JSON/);
  assert.throws(() => Forms.read(field("number", { required: true }), " ", false), /is needed/);
});

test("a number outside its range is refused, at each kind of bound", () => {
  assert.throws(
    () => Forms.read(field("number", { minimum: 0 }), "-1", false),
    /must be 0 or more/,
  );
  assert.throws(() => Forms.read(field("number", { maximum: 1 }), "2", false), /must be 1 or less/);
  assert.throws(() => Forms.read(field("number", { above: 0 }), "0", false), /more than 0/);
  assert.throws(() => Forms.read(field("number", { below: 1 }), "1", false), /less than 1/);
});

test("kwargs keep their order, and new ones follow", () => {
  const kwargs = Forms.ordered({ b: 1, a: 2 }, { a: 3, c: 4, b: undefined });
  assert.equal(JSON.stringify(kwargs), '{"a":3,"c":4}');
});

test("a kwarg that the catalogue does not know is kept, as JSON", () => {
  const [known, unknown] = Forms.fieldsOf({ fields: [field("number")] }, { value: 1, other: 2 });
  assert.equal(known.kind, "number");
  assert.deepEqual([unknown.name, unknown.kind], ["other", "json"]);
});

test("a new expectation starts with the defaults that a person would look at", () => {
  const fields = [
    field("number", { name: "a", default: 5 }),
    field("number", { name: "b", default: 6, advanced: true }),
    field("number", { name: "c" }),
  ];
  assert.deepEqual(Forms.defaults({ fields }), { a: 5 });
});

test("a hint names range, shape and parameter; a placeholder the default", () => {
  const share = field("number", { name: "mostly", minimum: 0, maximum: 1, default: 1 });
  assert.equal(Forms.hint(share, false), "(0 or more, 1 or less)");
  assert.equal(Forms.hint(field("list"), true), "JSON.");
  assert.match(Forms.hint(field("bound", { parameter: true }), false), /\$value stands for/);
  assert.equal(Forms.placeholder(share), "default: 1");
  assert.equal(Forms.placeholder(field("number")), "not set");
  assert.equal(Forms.placeholder(field("number", { required: true })), "");
});
