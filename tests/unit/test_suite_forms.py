"""The editor's forms give back the very kwargs that they were filled with."""

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gx.editing.catalogue import catalogue, filled
from gx.project import SUITES

SCRIPT = Path(__file__).parents[2] / "gx/web/assets/scripts/suite-forms.js"
NODE = shutil.which("node")
ROUND = """
import { readFileSync } from "node:fs";
const Forms = await import(process.argv[1]);
const given = JSON.parse(readFileSync(0, "utf8"));
const catalogue = new Map(given.entries.map((entry) => [entry.type, entry]));
const back = given.cases.map(({ type, kwargs }) => {
  const values = {};
  for (const field of Forms.fieldsOf(catalogue.get(type), kwargs)) {
    const { text, raw } = Forms.show(field, kwargs[field.name]);
    try { values[field.name] = Forms.read(field, text, raw); }
    catch (error) { values[field.name] = `refused: ${error.message}`; }
  }
  return Forms.ordered(kwargs, values);
});
console.log(JSON.stringify(back));
"""
ODD = [
    {"value_set": ["1", "1.5", 'say "x"', " spaced ", "true", "", "[x"], "column": "a"},
    {"value_set": [1, 2.5, -3e-7, True, None], "column": "$as_of"},
    {"value_set": {"$PARAMETER": "as_of"}, "column": "a, b"},
    {"value_set": [], "column": "</script>", "made_up": {"deep": [1]}, "mostly": {"a": 1}},
    {"value_set": ["two\nlines"], "column": " ", "mostly": None},
]

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node to run the forms' script")


def back_from_the_form(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given = {"entries": [asdict(entry) for entry in catalogue()], "cases": cases}
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", ROUND, SCRIPT.as_uri()],
        input=json.dumps(given, default=list),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_entry_of_the_committed_suite_comes_back_as_it_was():
    entries = json.loads((SUITES / "stock_data.json").read_text())["expectations"]
    cases = [{"type": entry["type"], "kwargs": entry["kwargs"]} for entry in entries]
    back = back_from_the_form(cases)
    assert back == [case["kwargs"] for case in cases]
    assert [list(one) for one in back] == [list(case["kwargs"]) for case in cases]


def test_every_filled_form_of_the_catalogue_comes_back_as_it_was():
    cases = [{"type": entry.type, "kwargs": filled(entry)} for entry in catalogue()]
    cases = [case for case in cases if case["kwargs"]]
    needed = {entry.type: {f.name for f in entry.fields if f.required} for entry in catalogue()}
    whole = [case for case in cases if needed[case["type"]] <= set(case["kwargs"])]
    assert len(whole) > 60
    assert back_from_the_form(whole) == [case["kwargs"] for case in whole]


@pytest.mark.parametrize("kwargs", ODD, ids=str)
def test_odd_values_come_back_as_they_were(kwargs):
    case = {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs}
    assert back_from_the_form([case]) == [kwargs]


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"column": "a", "mostly": 2}, "refused: must be 1 or less"),
        ({"column": "a", "mostly": -0.1}, "refused: must be 0 or more"),
    ],
)
def test_a_value_outside_its_bounds_is_refused_in_the_form(kwargs, said):
    case = {"type": "expect_column_values_to_not_be_null", "kwargs": kwargs}
    assert back_from_the_form([case])[0]["mostly"] == said
