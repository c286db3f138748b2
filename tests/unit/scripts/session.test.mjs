import assert from "node:assert/strict";
import { test } from "node:test";

// The page as far as the session looks at it.
const data = { name: "mine", api: "/api", may_write: true, sha256: "one" };
const told = { textContent: "", className: "" };
const elements = { "page-data": { textContent: JSON.stringify(data) }, told };
globalThis.document = { getElementById: (id) => elements[id] ?? null };
const asked = [];
globalThis.fetch = (path, options) =>
  new Promise((answer, refuse) => {
    asked.push({ path, method: options.method, body: options.body, answer, refuse });
  });
const { check, nameOf, redraw, session } = await import(
  "../../../gx/web/assets/scripts/editor-session.js"
);
const checked = (more) => ({ faults: [], sentences: [], changes: [], weaknesses: [], ...more });
const answered = (status, body) => ({ status, ok: status < 400, json: async () => body });

test("a saved suite is asked about, a draft is sent along", async () => {
  const first = check();
  session.draft.change(session.draft.added({ type: "expect_a" }));
  const second = check();
  const [get, post] = asked.splice(0);
  assert.deepEqual([get.method, post.method], ["GET", "POST"]);
  assert.equal(post.path, "/api/suites/mine/check");
  assert.deepEqual(JSON.parse(post.body).base, session.draft.saved);
  post.answer(answered(200, checked({ sentences: ["new"] })));
  await second;
  get.answer(answered(200, checked({ sentences: ["old"] })));
  await first;
  assert.deepEqual(session.checked.sentences, ["new"], "the latest question counts");
});

test("a refusal is a fault of the draft; a server that is away is only told", async () => {
  let drawn = 0;
  redraw.marks = () => {
    drawn += 1;
  };
  const refused = check();
  asked.pop().answer(answered(422, { error: "no such column" }));
  await refused;
  assert.deepEqual(session.checked.faults, [{ message: "no such column", entry: null }]);
  const away = check();
  asked.pop().refuse(new TypeError("network"));
  await away;
  assert.deepEqual(session.checked.faults, []);
  assert.match(told.textContent, /your draft is still here/);
  assert.equal(drawn, 2);
});

test("somebody else's version is told", async () => {
  const asking = check();
  asked.pop().answer(answered(200, checked({ sha256: "two" })));
  await asking;
  assert.match(told.textContent, /Somebody saved another version/);
});

test("an entry is called as the server calls it, and by its type until then", async () => {
  const entry = { type: "expect_b", kwargs: { column: "open" } };
  session.draft.change(session.draft.added(entry));
  const asking = check();
  assert.equal(nameOf(entry), "expect_b");
  const names = session.draft.entries.map((one) => `name of ${one.type}`);
  asked.pop().answer(answered(200, checked({ names })));
  await asking;
  assert.equal(nameOf(entry), "name of expect_b");
});
