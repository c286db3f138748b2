import assert from "node:assert/strict";
import { test } from "node:test";
import { searched, topics } from "../../../gx/web/assets/scripts/suite-catalogue.js";

const named = (title, more = {}) => ({
  title,
  type: `expect_${title}`,
  summary: "",
  topic: "T",
  ...more,
});
const ENTRIES = [
  named("Nulls", { unsupported: "SQL alone" }),
  named("Volume", { market: true, topic: "Volume" }),
  named("Between", { summary: "a number between two" }),
];
const titles = (entries) => entries.map((entry) => entry.title);

test("every word has to occur, in whatever case and order", () => {
  assert.deepEqual(titles(searched(ENTRIES, "TWO between")), ["Between"]);
  assert.deepEqual(titles(searched(ENTRIES, "market")), ["Volume"]);
  assert.deepEqual(titles(searched(ENTRIES, "two volume")), []);
  assert.equal(searched(ENTRIES, "  ").length, 3);
});

test("what cannot be used comes last, under a heading that says so", () => {
  assert.deepEqual(
    topics(ENTRIES).map(([topic]) => topic),
    ["Market: Volume", "T", "Not for bars in pandas"],
  );
});
