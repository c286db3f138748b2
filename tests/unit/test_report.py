"""What holds for every report, whatever the bars."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gx.checkpoint import run_in_memory
from gx.report import Outcome, QualityReport, SymbolVerdict, read_report
from gx.suites import SUITES, read_suite
from gx.verdicts import with_removals
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
    )

    again = read_report(json.loads(json.dumps(report.to_dict())), report.failing)

    assert again.doubtful == (DOUBT,)
    assert again.removed == (REMOVAL,)
    assert again.weaknesses == report.weaknesses
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
    document = report_of(outcome("passed", "info")).to_dict()
    for name in ("doubtful", "removed", "weaknesses"):
        del document[name]
    for entry in document["expectations"]:
        del entry["looked_at"]

    again = read_report(document, report_of().failing)

    assert not again.doubtful and not again.removed and not again.weaknesses
    assert again.outcomes[0].looked_at is None


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
        pytest.param(outcome("missing", "info"), id="never_ran"),
    ],
)
def test_a_failure_that_belongs_to_no_symbol_closes_the_gate_under_quarantine(nobodys: Outcome):
    decision = report_of(nobodys, held=("A",)).decide("quarantine")

    assert not decision.open
    assert decision.reasons


def test_quarantine_with_every_symbol_held_is_closed():
    report = report_of(outcome("failed", "critical", symbols=("A", "B")), held=("A", "B"))

    assert report.decide("quarantine").reasons == ("every symbol is held",)
