"""What holds for every report, whatever the bars."""

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gx.gate.checkpoint import run_in_memory
from gx.gate.verdicts import with_removals
from gx.project import SUITES
from gx.report.console import report_lines
from gx.report.labels import date_label
from gx.report.model import Decision, Outcome, QualityReport, SymbolVerdict, explain, read_report
from gx.report.render import render_markdown
from gx.suite.read import read_suite
from gx.terms import Policy, Verdict
from tests.staged_runs import DOUBT, REMOVAL

PRICES = st.one_of(
    st.floats(1, 1000), st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.0, -1.0])
)
BAR = st.tuples(
    st.sampled_from(["AAA", "BBB", "CCC", None]),
    st.sampled_from([*pd.date_range("2025-10-06", periods=6), pd.NaT]),
    PRICES,
    PRICES,
    PRICES,
    PRICES,
    st.sampled_from([0.0, 1000.0, -1.0, float("nan")]),
)
COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume"]
SUITE = read_suite(SUITES / "stock_data.json")


def frame_of(bars: list[tuple[object, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(bars, columns=COLUMNS)
    return frame.astype({"symbol": "str", "date": "datetime64[us]"})


def outcome(status: str, severity: str, **more: object) -> Outcome:
    return Outcome("expect_x", {}, severity, status, f"{severity} {status}", **more)  # type: ignore[arg-type]


def report_of(*outcomes: Outcome, held: tuple[str, ...] = ()) -> QualityReport:
    verdicts = {s: SymbolVerdict("held" if s in held else "passed", 5, 0) for s in ("A", "B")}
    failing = pd.DataFrame({"row": [], "symbol": [], "date": [], "severity": []})
    return QualityReport("s", "0" * 64, "", 10, None, None, outcomes, verdicts, failing)


@pytest.mark.parametrize(
    ("status", "severity", "opens"),
    [
        ("passed", "critical", True),
        ("skipped", "critical", True),
        ("failed", "info", True),
        ("failed", "warning", True),
        ("failed", "critical", False),
        ("unchecked", "info", True),
        ("unchecked", "warning", True),
        ("unchecked", "critical", False),
        ("error", "info", False),
        ("error", "critical", False),
        ("missing", "info", False),
        ("missing", "critical", False),
    ],
)
def test_the_gate_is_the_table_of_the_design(status: str, severity: str, opens: bool):
    assert report_of(outcome(status, severity)).success is opens


def test_what_became_of_published_bars_is_read_back_as_it_was_written():
    report = replace(
        report_of(outcome("passed", "info", looked_at=7)),
        doubtful=(DOUBT,),
        removed=(REMOVAL,),
        weaknesses=("entry 3 can never fail",),
        no_longer_critical=("Every bar has a date.",),
    )

    again = read_report(json.loads(json.dumps(report.to_dict())), report.failing)

    assert again.doubtful == (DOUBT,)
    assert again.removed == (REMOVAL,)
    assert again.weaknesses == report.weaknesses
    assert again.no_longer_critical == report.no_longer_critical
    assert again.outcomes[0].looked_at == 7


def test_the_verdict_mentions_what_became_of_published_bars():
    report = replace(report_of(outcome("passed", "info")), doubtful=(DOUBT,), removed=(REMOVAL,))

    assert report.sentence == (
        "Passed: 10 bars of 2 symbols met all 1 expectations. 1 bar published before is now "
        "doubtful. 2 published bars are gone from the source."
    )


def test_a_symbol_that_lost_published_bars_is_held_and_the_others_pass():
    report = with_removals(
        report_of(outcome("passed", "info")),
        [replace(REMOVAL, symbol="B", held=True), replace(REMOVAL, symbol="A")],
    )

    (_, vanished) = report.outcomes
    assert (vanished.status, vanished.severity) == ("failed", "critical")
    assert vanished.symbols == ("B",)
    assert vanished.unexpected_count == 2
    assert vanished.observed == "B: 2 of 20 published bars are gone: 2024-03-04, 2024-03-05"
    assert report.symbols["B"].verdict == "held"
    assert report.symbols["A"].verdict == "passed"
    assert not report.decide("fail").open
    assert report.decide("quarantine").open
    assert report.decide("quarantine").held == ("B",)
    again = read_report(json.loads(json.dumps(report.to_dict(every_row=False))), report.failing)
    assert again.decide("quarantine") == report.decide("quarantine")


def test_a_symbol_that_vanished_as_a_whole_is_held_without_a_bar():
    report = with_removals(
        report_of(outcome("passed", "info")), [replace(REMOVAL, symbol="0LD", held=True)]
    )

    assert list(report.symbols) == ["0LD", "A", "B"]
    assert report.symbols["0LD"].verdict == "held"
    assert report.symbols["0LD"].rows == 0
    assert report.decide("quarantine").held == ("0LD",)


def test_a_removal_that_holds_nothing_is_only_listed():
    report = with_removals(report_of(outcome("passed", "info")), [replace(REMOVAL, accepted=True)])

    assert report.success
    assert len(report.outcomes) == 1
    assert report.removed


def test_a_report_from_before_says_nothing_of_published_bars():
    document: dict[str, Any] = report_of(outcome("passed", "info")).to_dict()
    for name in ("doubtful", "removed", "weaknesses", "no_longer_critical", "waivers"):
        del document[name]
    for entry in document["expectations"]:
        del entry["looked_at"], entry["behind"], entry["sessions"], entry["waived_count"]

    again = read_report(document, report_of().failing)

    assert not again.doubtful and not again.removed and not again.weaknesses
    assert not again.no_longer_critical and not again.waivers and not again.waived
    assert again.outcomes[0].looked_at is None
    assert again.outcomes[0].behind == {}


def test_quarantine_lets_the_others_through():
    report = report_of(outcome("failed", "critical", symbols=("A",)), held=("A",))

    assert report.decide("quarantine").open
    assert report.decide("quarantine").held == ("A",)
    assert not report.decide("fail").open


@pytest.mark.parametrize(
    "nobodys",
    [
        pytest.param(outcome("failed", "critical"), id="of_the_whole_table"),
        pytest.param(outcome("failed", "critical", symbols=("A",), ownerless=1), id="no_symbol"),
        pytest.param(outcome("error", "info", symbols=("A",)), id="crashed"),
        pytest.param(outcome("missing", "info", symbols=("A",)), id="never_ran"),
        pytest.param(outcome("unchecked", "critical", symbols=("A",)), id="looked_at_nothing"),
    ],
)
def test_a_failure_that_belongs_to_no_symbol_closes_the_gate_under_quarantine(nobodys: Outcome):
    owned = outcome("failed", "critical", symbols=("A",))
    decision = report_of(owned, nobodys, held=("A",)).decide("quarantine")

    assert not decision.open
    assert decision.held == ()
    assert decision.reasons == (explain(nobodys),)


def test_quarantine_with_every_symbol_held_is_closed():
    report = report_of(outcome("failed", "critical", symbols=("A", "B")), held=("A", "B"))

    assert report.decide("quarantine") == Decision(False, ("A", "B"), ("every symbol is held",))


@pytest.mark.parametrize("policy", ["fail", "quarantine"])
def test_an_open_gate_lets_everything_through_without_a_reason(policy: Policy):
    report = report_of(outcome("passed", "critical"), outcome("failed", "warning", symbols=("A",)))

    assert report.decide(policy) == Decision(True)


def test_policy_fail_names_everything_that_closes_the_gate():
    crashed = outcome("error", "info", exception="no column")
    report = report_of(outcome("failed", "critical", symbols=("A",)), crashed, held=("A",))

    assert report.decide("fail") == Decision(
        False, (), ("critical failed", "info error [could not be checked: no column]")
    )


EVERY_STATUS = ("passed", "skipped", "failed", "unchecked", "error", "missing")


def test_expectations_are_counted_by_what_became_of_them():
    statuses = report_of(*(outcome(status, "info") for status in EVERY_STATUS))
    severities = report_of(
        *[outcome("failed", "critical")],
        *[outcome("failed", "info")] * 2,
        *[outcome("failed", "warning")] * 3,
        outcome("passed", "info"),
    )

    assert statuses.passed == 1
    # What crashed or never ran closes the gate, and is counted so.
    assert (statuses.failures("critical"), statuses.failures("info")) == (2, 2)
    assert [severities.failures(s) for s in ("critical", "warning", "info")] == [1, 3, 2]


def test_what_was_not_met_is_listed_worst_first():
    report = report_of(
        outcome("unchecked", "info"),
        outcome("failed", "warning"),
        outcome("failed", "critical", unexpected_count=1),
        outcome("failed", "critical", unexpected_count=7),
        outcome("failed", "critical", unexpected_count=3),
        outcome("missing", "warning"),
        outcome("error", "info"),
        outcome("passed", "critical"),
    )

    assert [(o.status, o.severity, o.unexpected_count) for o in report.failed] == [
        ("missing", "warning", 0),
        ("error", "info", 0),
        ("failed", "critical", 7),
        ("failed", "critical", 3),
        ("failed", "critical", 1),
        ("failed", "warning", 0),
        ("unchecked", "info", 0),
    ]


VERDICTS: tuple[Verdict, ...] = ("passed", "held", "warned", "missing")


def verdicts(**symbols: Verdict) -> QualityReport:
    found = {s: SymbolVerdict(verdict, verdict != "missing", 0) for s, verdict in symbols.items()}
    owned = outcome("failed", "critical", symbols=("A",))
    return replace(report_of(owned), symbols=found)


def test_symbols_are_held_or_missing_by_their_verdict():
    report = verdicts(**{verdict: verdict for verdict in VERDICTS})

    assert report.held == ("held",)
    assert report.missing == ("missing",)


def test_a_symbol_without_a_bar_neither_passes_nor_holds_up_the_others():
    assert verdicts(A="held", B="missing").decide("quarantine") == Decision(
        False, ("A",), ("every symbol is held",)
    )
    some = verdicts(A="held", B="passed", C="missing", D="missing")
    assert some.decide("quarantine") == Decision(True, ("A",))


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("", ""),
        ("A", " 1 symbol is missing: A."),
        ("AB", " 2 symbols are missing: A, B."),
        ("ABCDE", " 5 symbols are missing: A, B, C, D, E."),
        ("ABCDEF", " 6 symbols are missing: A, B, C, D, E, …."),
        ("ABCDEFG", " 7 symbols are missing: A, B, C, D, E, …."),
    ],
)
def test_the_verdict_names_five_symbols_that_are_missing(missing: str, said: str):
    report = replace(
        report_of(), symbols={symbol: SymbolVerdict("missing", 0, 0) for symbol in missing}
    )

    assert report.sentence == f"Passed: 10 bars of 0 symbols met all 0 expectations.{said}"


def test_symbols_that_have_stopped_are_told_with_their_last_bar():
    report = report_of(
        outcome("failed", "info", behind={"Z": "2025-01-02", "M": None}),
        outcome("failed", "info", behind={"A": "2025-01-03"}),
        outcome("passed", "info"),
    )

    assert [*report.ended.items()] == [("A", "2025-01-03"), ("Z", "2025-01-02")]


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (outcome("error", "info", exception="x"), "info error [could not be checked: x]"),
        (outcome("missing", "info", unexpected_count=1), "info missing [was never checked]"),
        (outcome("failed", "info"), "info failed"),
        (outcome("failed", "info", observed="found 3"), "info failed [found 3]"),
        (outcome("unchecked", "info", observed="no bar"), "info unchecked [no bar]"),
        (outcome("failed", "info", unexpected_count=1), "info failed [1 bar]"),
        (
            outcome("failed", "info", unexpected_count=1200, symbols=tuple("ABCDE")),
            "info failed [1,200 bars in A, B, C, D, E]",
        ),
        (
            outcome("failed", "info", unexpected_count=2, symbols=tuple("ABCDEF")),
            "info failed [2 bars in A, B, C, D, E, …]",
        ),
        (
            outcome("failed", "info", unexpected_count=2, symbols=tuple("ABCDEFG")),
            "info failed [2 bars in A, B, C, D, E, …]",
        ),
        (
            outcome("failed", "info", unexpected_count=2, symbols=tuple("AB")),
            "info failed [2 bars in A, B]",
        ),
    ],
)
def test_why_an_expectation_was_not_met_is_said_in_a_line(of: Outcome, said: str):
    assert explain(of) == said


@pytest.mark.parametrize(
    ("date", "label"),
    [
        (pd.Timestamp("2025-10-05"), "2025-10-05"),
        (pd.Timestamp("2025-10-05 09:30"), "2025-10-05T09:30:00"),
        (pd.Timestamp("2025-10-05", tz="UTC"), "2025-10-05T00:00:00+00:00"),
        (pd.NaT, None),
        (None, None),
    ],
)
def test_a_date_has_a_time_of_day_only_when_there_is_one(date: object, label: str | None):
    assert date_label(date) == label


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({}, "x"),
        ({"column": "close", "min_value": 0}, "x(close)"),
        ({"column_A": "high", "column_B": "low"}, "x(high, low)"),
        ({"column_list": ["symbol", "date"]}, "x(symbol, date)"),
        ({"column": None, "column_list": ("open",)}, "x(open)"),
    ],
)
def test_a_name_is_the_type_with_its_columns(kwargs: dict[str, object], name: str):
    assert Outcome("expect_x", kwargs, "info", "passed", "").name == name


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "Passed: 10 bars of 2 symbols met all 0 expectations."),
        (
            {"outcomes": tuple(outcome(s, "info") for s in ("passed", "skipped"))},
            "Passed: 10 bars of 2 symbols met all 1 expectations.",
        ),
        ({"symbols": {}, "rows": 0}, "Passed: 0 bars of 0 symbols met all 0 expectations."),
        (
            {"symbols": {"A": SymbolVerdict("passed", 1, 0), "GONE": SymbolVerdict("held", 0, 0)}},
            "Passed: 10 bars of 1 symbol met all 0 expectations.",
        ),
        (
            {"outcomes": (outcome("failed", "warning"),), "rows": 1200},
            "Passed with remarks: 1,200 bars of 2 symbols, 1 remark.",
        ),
        (
            {"outcomes": tuple(outcome(status, "info") for status in EVERY_STATUS)},
            "Gate closed: 2 of 5 expectations failed critically, on 10 bars of 2 symbols.",
        ),
        (
            {
                "outcomes": (outcome("failed", "critical"),),
                "failing": pd.DataFrame({"severity": ["critical", "info", "warning", "info"]}),
            },
            "Gate closed: 1 of 1 expectation failed critically, on 1 bar of 10.",
        ),
        (
            {"doubtful": (DOUBT, DOUBT), "removed": (replace(REMOVAL, bars=1),)},
            "Passed: 10 bars of 2 symbols met all 0 expectations. 2 bars published before are now "
            "doubtful. 1 published bar is gone from the source.",
        ),
        (
            {"removed": (REMOVAL, replace(REMOVAL, bars=1))},
            "Passed: 10 bars of 2 symbols met all 0 expectations. 3 published bars are gone from "
            "the source.",
        ),
    ],
)
def test_the_verdict_is_a_sentence(change: dict[str, object], sentence: str):
    assert replace(report_of(), **change).sentence == sentence  # type: ignore[arg-type]


FAILING = pd.DataFrame(
    {
        "row": [4, 7],
        "symbol": ["A", None],
        "date": [pd.Timestamp("2025-10-06"), pd.NaT],
        "severity": ["critical", "critical"],
    }
)
FAILED = Outcome(
    "expect_x",
    {"column": "close"},
    "critical",
    "failed",
    "It is x.",
    observed="found 3",
    unexpected_count=2,
    unexpected_share=0.2,
    rows=np.array([7, 4]),
    symbols=("A",),
    ownerless=1,
    behind={"A": "2025-10-06", "B": None},
    examples=({"symbol": "A", "close": 1.0},),
    looked_at=9,
)
FAILED_DOCUMENT = {
    "type": "expect_x",
    "kwargs": {"column": "close"},
    "severity": "critical",
    "success": False,
    "status": "failed",
    "description": "It is x.",
    "observed": "found 3",
    "unexpected_count": 2,
    "unexpected_share": 0.2,
    "looked_at": 9,
    "symbols": ["A"],
    "ownerless": 1,
    "behind": {"A": "2025-10-06", "B": None},
    "sessions": [],
    "waived_count": 0,
    "examples": [{"symbol": "A", "close": 1.0}],
    "failing": [{"symbol": None, "date": None}, {"symbol": "A", "date": "2025-10-06"}],
    "exception": None,
}


def test_the_document_names_every_failing_row_unless_told_not_to():
    report = replace(report_of(FAILED, held=("A",)), failing=FAILING)

    document = report.to_dict()

    assert document["expectations"] == [FAILED_DOCUMENT]
    assert document["symbols"]["A"] == {
        "verdict": "held",
        "reasons": [],
        "rows": 5,
        "failing_rows": 0,
        "waived": 0,
    }
    assert (document["success"], document["rows"]) == (False, 10)
    short = report.to_dict(every_row=False)
    assert short == document | {"expectations": [FAILED_DOCUMENT | {"failing": []}]}
    assert read_report(short, FAILING) == replace(report, suite_text="")
    succeeded: dict[str, Any] = report_of(
        *(outcome(status, "info") for status in EVERY_STATUS)
    ).to_dict()
    assert [o["success"] for o in succeeded["expectations"]] == [True, True] + [False] * 4


def test_a_report_is_written_as_json_that_any_reader_takes(tmp_path: Path):
    report = replace(report_of(FAILED, held=("A",)), failing=FAILING)
    path = tmp_path / "report.json"

    report.write_json(path)
    assert path.read_text() == json.dumps(report.to_dict(), indent=1)
    report.write_json(path, every_row=False)
    assert json.loads(path.read_text()) == report.to_dict(every_row=False)
    with pytest.raises(ValueError, match="not JSON compliant"):
        report_of(replace(FAILED, rows=np.empty(0, int), unexpected_share=float("nan"))).write_json(
            path
        )


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (FAILED, "status"),
        (SymbolVerdict("passed", 1, 0), "verdict"),
        (Decision(True), "open"),
        (report_of(), "rows"),
    ],
)
def test_a_verdict_cannot_be_changed_afterwards(value: object, name: str):
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)


def test_reports_are_the_same_whatever_frames_they_carry():
    other = replace(FAILED, rows=np.array([1, 2, 3]), lookback_rows=np.array([1, 2, 3]))
    report = replace(report_of(FAILED), failing=FAILING)

    assert other == FAILED
    assert replace(FAILED, ownerless=0) != FAILED
    assert report == replace(
        report_of(other), lookback_failing=FAILING, failing=FAILING.iloc[:1], page="<html>"
    )
    assert "array" not in repr(FAILED)
    assert not [
        text for text in ("suite_text", "page", "failing") if f"{text}=" in repr(report_of())
    ]


def test_an_outcome_of_which_nothing_is_known_counts_nothing():
    nothing = outcome("passed", "info")

    assert (nothing.unexpected_count, nothing.unexpected_share, nothing.ownerless) == (0, 0.0, 0)
    for rows in (nothing.rows, nothing.lookback_rows):
        assert rows.tolist() == []
        assert rows.dtype == np.int64


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BAR, min_size=1, max_size=12))
def test_the_parts_of_a_report_agree(bars: list[tuple[object, ...]]):
    frame = frame_of(bars)

    report = run_in_memory(frame, SUITE)

    assert len(report.outcomes) == len(SUITE.expectations)
    assert report.success == (not report.blocking) == report.decide("fail").open
    assert sum(verdict.rows for verdict in report.symbols.values()) == frame["symbol"].count()
    critical = [o for o in report.outcomes if o.status == "failed" and o.severity == "critical"]
    assert set(report.held) == {symbol for outcome in critical for symbol in outcome.symbols}
    rows = [outcome.rows for outcome in report.outcomes]
    assert set(report.failing["row"]) == set(np.concatenate(rows).tolist())
    for row, symbol in zip(report.failing["row"], report.failing["symbol"], strict=True):
        assert symbol == frame["symbol"].iloc[row] or pd.isna(symbol)
    decision = report.decide("quarantine")
    assert not decision.open or set(decision.held) < set(report.symbols)
    text = json.dumps(report.to_dict(), allow_nan=False)
    again = read_report(json.loads(text), report.failing)
    assert again.to_dict(every_row=False) == report.to_dict(every_row=False)
    assert again.decide("quarantine") == decision


def test_a_warning_that_crashed_is_counted_once_and_as_what_it_does():
    """It closes the gate: a count of "0 critical, 1 warning" beside that would be another story."""
    report = report_of(
        outcome("error", "warning", exception="no column"), outcome("passed", "info")
    )
    document = report.document(every_row=False)

    counted = {"critical": 1, "warning": 0, "info": 0}
    assert report.failures_by_severity == document.failures_by_severity == counted
    assert report.sentence.startswith("Gate closed: 1 of 2 expectations failed critically")
    assert "| critical | " in render_markdown(report)
    assert any(line.startswith("  critical ") for line in report_lines(report))
