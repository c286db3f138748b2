"""The short name of an expectation: one, wherever it is shown."""

import json
from pathlib import Path

from dags.reporting.tracked.metrics import expectation_names
from gx.editing.trials import check_document
from gx.names import dotted_name, short_name
from gx.report.model import Outcome
from gx.suite.diff import compare
from tests.report_documents import outcome_document

ENTRIES = json.loads(Path("gx/expectations/stock_data.json").read_text())["expectations"]


def test_reports_the_editor_and_what_changed_say_the_same_name():
    names = [short_name(entry["type"], entry["kwargs"]) for entry in ENTRIES]
    suite = {"name": "stock_data", "expectations": ENTRIES}

    assert "column_values_to_not_be_null(symbol)" in names
    outcomes = [Outcome(e["type"], e["kwargs"], e["severity"], "passed", "") for e in ENTRIES]
    assert [outcome.name for outcome in outcomes] == names
    assert [change.name for change in compare({}, suite) if change.kind == "added"] == names
    assert check_document(suite, "stock_data")["names"] == names


def test_metrics_have_it_without_brackets():
    # Those that share a name have more behind it.
    kept = ("type", "kwargs", "severity")
    judged = [outcome_document(**{key: entry[key] for key in kept}) for entry in ENTRIES]
    for entry, name in zip(ENTRIES, expectation_names(judged), strict=True):
        assert name.startswith(dotted_name(entry["type"], entry["kwargs"]))
    assert "column_values_to_not_be_null.symbol" in expectation_names(judged)


def test_a_draft_that_nobody_has_checked_has_names_as_well():
    draft = {"expectations": [{"kwargs": ["close"]}, "close", {"type": 3, "kwargs": {"column": 4}}]}

    assert check_document(draft, "draft")["names"] == ["?", "", "3(4)"]
    assert [change.name for change in compare({}, draft)] == ["?", "3(4)"]
