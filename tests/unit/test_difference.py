"""What `gate diff` says of two runs, from what they left."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gx.errors import ReportError
from gx.report.changes import ReportedRun
from gx.report.difference import ComparedRun, Difference, difference, difference_lines
from gx.report.model import Outcome, QualityReport, SymbolVerdict, no_failing_bars

CLOSE = Outcome("expect_x", {"column": "close"}, "critical", "failed", "X holds.", "", 3)
OPEN = Outcome("expect_y", {"column": "open"}, "warning", "passed", "Y holds.")
REPORT = QualityReport(
    suite="stock_data",
    suite_sha256="5" * 64,
    suite_text="",
    rows=46,
    first_date="2025-10-06",
    last_date="2025-11-04",
    outcomes=(CLOSE, OPEN),
    symbols={"A": SymbolVerdict("held", 23, 3), "B": SymbolVerdict("passed", 23, 0)},
    failing=no_failing_bars(),
)
ENTRIES = [
    {"type": "expect_x", "kwargs": {"column": "close", "max_value": 5}, "description": "X holds."},
    {"type": "expect_y", "kwargs": {"column": "open"}, "severity": "warning"},
    {"type": "expect_z", "kwargs": {}, "description": "Z holds."},
]


def suite(*entries: dict[str, Any]) -> str:
    return json.dumps({"name": "stock_data", "expectations": entries})


def run(name: str, report: QualityReport = REPORT, **more: Any) -> ComparedRun:
    published, sentence = more.pop("published", None), more.pop("sentence", None)
    reported = ReportedRun(report.to_dict(every_row=False), **more)
    return ComparedRun(name, reported, published, sentence)


def said(found: Difference) -> str:
    return "\n".join(difference_lines(found))


def test_expectations_symbols_and_bars_are_told_from_before_to_now():
    later = replace(
        REPORT,
        outcomes=(replace(CLOSE, unexpected_count=5), replace(OPEN, status="failed")),
        symbols={"B": SymbolVerdict("held", 22, 1), "C": SymbolVerdict("passed", 24, 0)},
    )
    counts = {"new": 1, "changed": 2, "removed": 0}

    found = difference(run("monday"), run("tuesday", later, published=counts))

    assert (found.newly_failing, found.newly_fixed) == (("Y holds.",), ())
    assert (found.newly_held, found.no_longer_held) == (("B",), ("A",))
    text = said(found)
    assert text.startswith("before  monday: Gate closed: ")
    assert "Failing on another number of bars\n  X holds.: 3 → 5" in text
    assert "  A: 23 → 0\n  B: 23 → 22\n  C: 0 → 24" in text
    assert "published by the later run: 2 restated, 1 new, 0 removed" in text
    assert "Newly fixed" not in text


def test_what_became_of_a_run_begins_with_what_was_published():
    sentence = "Published 23 bars of 1 symbol; A is held."
    found = difference(run("monday", sentence=sentence), run("tuesday"))
    assert said(found).startswith(f"before  monday: {sentence}\nnow     tuesday: Gate closed: ")


def test_what_only_one_run_looked_at_is_neither_fixed_nor_newly_failing():
    bar = [{"symbol": "A", "date": "2025-10-20"}]
    plain = run("october").reported.report
    entry = {**dict(plain["expectations"][0]), "failing": bar, "symbols": ["A"]}
    entry["unexpected_count"] = 1
    october = {**plain, "expectations": [entry], "last_date": "2025-10-24"}
    met = {**entry, "success": True, "status": "passed", "failing": [], "unexpected_count": 0}
    later = {**plain, "expectations": [met], "first_date": "2025-10-22", "last_date": "2025-11-20"}
    runs = [ComparedRun(name, ReportedRun(one)) for name, one in (("a", october), ("b", later))]

    assert difference(*runs).newly_fixed == ()
    back = difference(*reversed(runs))
    assert (back.newly_failing, back.unseen) == ((), ("X holds.",))
    assert "Failing where the run before did not look\n  X holds." in said(back)


@pytest.mark.parametrize(
    ("digests", "told"),
    [
        (("a", "a"), "the same, number for number"),
        (("a", "b"), "not the same"),
        (("a", None), "not known whether they are the same: a run left no digest"),
    ],
)
def test_bars_are_the_same_others_or_not_known(digests: tuple[str, str | None], told: str):
    before, now = (run("r", digest=digest) for digest in digests)

    assert f"Bars\n  {told}" in said(difference(before, now))


def test_the_suite_is_compared_entry_by_entry():
    wider = {**ENTRIES[0], "kwargs": {"column": "close", "max_value": 6}, "severity": "info"}
    before = run("r", suite_text=suite(*ENTRIES[:2]))
    now = run("r", suite_text=suite(wider, ENTRIES[2]))

    found = difference(before, now).suite

    assert found
    assert found.changed == ("X holds. (max_value 5 → 6, severity none → info)",)
    assert (found.added, found.removed, found.moved) == (("Z holds.",), ("y(open)",), ())
    order = difference(before, run("r", suite_text=suite(*ENTRIES[1::-1]))).suite
    assert order
    assert len(order.moved) == 1
    assert "Suite\n  not known: a run left no suite" in said(difference(before, run("r")))


def test_a_program_reads_the_same():
    found = json.loads(difference(run("monday"), run("tuesday")).to_json())

    assert (found["before"], found["now"], found["same_bars"]) == ("monday", "tuesday", None)
    assert found["counts"] == found["bars"] == found["newly_held"] == []
    assert found["published"] is found["suite"] is None


def test_a_report_that_cannot_be_read_is_told():
    broken = ComparedRun("monday", ReportedRun({"verdict": "Passed."}))

    with pytest.raises(ReportError, match="run monday: this is no report of the gate"):
        difference(broken, run("tuesday"))
