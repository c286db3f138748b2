import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { getElementById: () => null };
const { effect } = await import("../../../gx/web/assets/scripts/suite-effect.js");

const outcome = (count, more = {}) => ({
  status: count ? "failed" : "passed",
  count,
  symbol_count: Math.min(count, 2),
  looked_at: 46,
  observed: "",
  exception: "",
  ...more,
});
const said = (now, before) =>
  effect({ rows: 46, outcomes: [{ ...now, before }] }, "the bars of today");

test("what fails as saved and in the draft stands side by side", () => {
  assert.equal(
    said(outcome(1), outcome(3)),
    "On the bars of today (46 bars): as saved, 3 bars of 2 symbols fail; in the draft, 1 bar of 1 symbol fails.",
  );
});

test("what is alike is said once, and what is new is said to be", () => {
  assert.equal(
    said(outcome(0), outcome(0)),
    "On the bars of today (46 bars), none fails, as with the saved suite.",
  );
  assert.match(
    said(outcome(2), null),
    /2 bars of 2 symbols fail; the saved suite does not have it/,
  );
});

test("a condition that fits no bar is said", () => {
  const none = outcome(0, { status: "unchecked", looked_at: 0 });
  assert.match(
    said(none, outcome(0)),
    /in the draft, it looks at none of them\. Its condition fits no bar/,
  );
  assert.match(said(none, null), /Its condition fits no bar, or its column is empty\./);
});

test("what could not be checked says why, and a failure of no bar is one of the whole", () => {
  const broken = outcome(0, { status: "error", exception: "KeyError: clos" });
  assert.match(said(broken, outcome(0)), /in the draft, it could not be checked: KeyError: clos/);
  const whole = outcome(0, { status: "failed" });
  assert.match(said(whole, null), /it fails as a whole/);
});
