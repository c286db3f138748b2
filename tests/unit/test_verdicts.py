"""What outcomes mean for each symbol and each bar."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gx.gate.verdicts import (
    failing_bars,
    failing_rows_of,
    lookback_failing,
    symbol_verdicts,
    with_at_odds,
    with_missing,
    with_removals,
)
from gx.report.model import Outcome, QualityReport, SymbolVerdict
from gx.report.published import AtOdds
from tests.staged_runs import REMOVAL

BARS = pd.DataFrame(
    {
        "symbol": ["C", "A", "A", None, "B", "D"],
        "date": pd.date_range("2025-01-01", periods=6),
        "close": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
)


def outcome(severity: str, *rows: int, status: str = "failed", name: str = "x") -> Outcome:
    owners = BARS["symbol"].loc[[*rows]].dropna()
    return Outcome(
        f"expect_{name}",
        {},
        severity,
        status,  # type: ignore[arg-type]
        f"It is {name}.",
        rows=np.array(rows, np.int64),
        symbols=tuple(dict.fromkeys(owners)),
    )


def test_a_symbol_has_the_verdict_of_its_worst_failure_and_all_its_reasons():
    outcomes = [
        outcome("info", 0, 1, 2, 5, name="fresh"),
        outcome("warning", 0, 1, name="calm"),
        outcome("critical", 1, name="sane"),
        outcome("critical", 4, status="unchecked", name="seen"),
        outcome("critical", 4, status="error", name="run"),
    ]

    found = symbol_verdicts(BARS, outcomes)

    assert [*found.items()] == [
        ("A", SymbolVerdict("held", 2, 2, ("It is sane.", "It is calm.", "It is fresh."))),
        ("B", SymbolVerdict("passed", 1, 1)),
        ("C", SymbolVerdict("warned", 1, 1, ("It is calm.", "It is fresh."))),
        ("D", SymbolVerdict("passed", 1, 1, ("It is fresh.",))),
    ]


def test_sizes_stand_for_the_bars_that_are_not_at_hand():
    found = symbol_verdicts(BARS.loc[[1]], [outcome("critical", 1)], {"Z": 4, "A": 9})

    assert [*found.items()] == [
        ("A", SymbolVerdict("held", 9, 1, ("It is x.",))),
        ("Z", SymbolVerdict("passed", 4, 0)),
    ]


def test_bars_without_a_column_of_symbols_have_no_verdicts():
    assert symbol_verdicts(BARS.drop(columns="symbol"), []) == {}


def test_what_was_asked_for_and_is_not_there_is_missing():
    there = {"B": SymbolVerdict("held", 2, 1)}

    found = with_missing(there, ["C", "A"])

    said = ("It was asked for, and there is no bar of it in the range.",)
    missing = SymbolVerdict("missing", 0, 0, said)
    assert [*found.items()] == [("A", missing), ("B", there["B"]), ("C", missing)]


def test_failing_bars_are_listed_worst_first_with_all_that_they_fail():
    outcomes = [
        outcome("info", 5, name="one"),
        outcome("warning", 0, 2, 3, name="two"),
        outcome("info", 2, 0, 4, name="three"),
        outcome("critical", 1, name="four"),
        outcome("critical", name="five"),
    ]

    found = failing_bars(BARS, outcomes)

    assert found["row"].tolist() == [1, 0, 2, 3, 4, 5]
    assert found["row"].dtype == np.int64
    assert found["severity"].tolist() == ["critical", *["warning"] * 3, "info", "info"]
    assert found["expectations"].tolist() == [
        ["four"], ["two", "three"], ["two", "three"], ["two"], ["three"], ["one"],
    ]  # fmt: skip
    assert found["reasons"].tolist()[:2] == [["It is four."], ["It is two.", "It is three."]]
    assert found["close"].tolist() == [2.0, 1.0, 3.0, 4.0, 5.0, 6.0]
    assert found.columns[:3].tolist() == ["row", "symbol", "date"]
    assert found["open"].isna().all()
    assert found.index.tolist() == [0, 1, 2, 3, 4, 5]


def test_rows_are_counted_once_and_in_order():
    rows = failing_rows_of([outcome("info", 5, 2), outcome("info", 2, 0)])

    assert rows.tolist() == [0, 2, 5]
    assert failing_rows_of([]).tolist() == []
    assert failing_rows_of([]).dtype == np.int64
    assert failing_bars(BARS, [outcome("info")]).empty


def test_of_the_lookback_no_info_is_told():
    def doubting(severity: str, row: int) -> Outcome:
        return replace(outcome(severity), lookback_rows=np.array([row], np.int64))

    found = lookback_failing(
        BARS, [doubting("info", 0), doubting("warning", 1), doubting("critical", 2)]
    )

    assert found["symbol"].tolist() == ["A", "A"]
    assert found["severity"].tolist() == ["critical", "warning"]
    assert "row" not in found


def report(**symbols: SymbolVerdict) -> QualityReport:
    return QualityReport("s", "0" * 64, "", 10, None, None, (), symbols, pd.DataFrame())


def removal(symbol: str, bars: int = 1, published: int = 10, dates: int = 1):
    days = tuple(f"2024-03-{day:02}" for day in range(1, dates + 1))
    return replace(REMOVAL, symbol=symbol, bars=bars, published=published, dates=days, held=True)


def test_lost_bars_are_a_share_of_all_that_was_published_of_these_symbols():
    (vanished,) = with_removals(report(), [removal("B", 1, 10), removal("A", 2, 20)]).outcomes

    assert (vanished.unexpected_count, vanished.unexpected_share) == (3, 0.1)
    assert vanished.symbols == ("A", "B")
    assert vanished.description == "No published bar has vanished from the source."
    assert vanished.kwargs == {}
    (nothing,) = with_removals(report(), [removal("A", 0, 0, 0)]).outcomes
    assert nothing.unexpected_share == 0.0
    (single,) = with_removals(report(), [removal("A", 1, 1)]).outcomes
    assert single.unexpected_share == 1.0


def test_five_dates_and_five_symbols_are_named():
    def observed(*removals) -> str:
        return with_removals(report(), removals).outcomes[0].observed

    of = "1,200 of 2,000 published bars are gone: 2024-03-01, 2024-03-02"
    assert observed(removal("A", 1200, 2000, 2)) == f"A: {of}, …"
    five = ", ".join(f"2024-03-0{day}" for day in range(1, 6))
    assert observed(removal("A", 5, 9, 5)) == f"A: 5 of 9 published bars are gone: {five}"
    assert observed(removal("A", 6, 9, 6)) == f"A: 6 of 9 published bars are gone: {five}, …"
    one = "1 of 10 published bars are gone: 2024-03-01"
    named = "; ".join(f"{symbol}: {one}" for symbol in "ABCDE")
    assert observed(*map(removal, "ABCDE")) == named
    assert observed(*map(removal, "ABCDEF")) == f"{named}; …"
    assert observed(*map(removal, "ABCDEFG")) == f"{named}; …"


ODD = AtOdds("A", 80, 80, "2026-04-01", "2026-07-27", held=True)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (ODD, "A: 80 bars published before lack repairs accepted since: "),
        (
            replace(ODD, bars=1, lacking=1),
            "1 bar published before lacks a repair accepted since",
        ),
        (replace(ODD, lacking=0), "A: 80 bars published before have repairs that ended since: "),
        (replace(ODD, bars=1, lacking=0), "1 bar published before has a repair that ended since"),
        (replace(ODD, lacking=9), "A: 80 bars published before are not as repairs now say: "),
    ],
)
def test_what_is_not_as_repairs_say_is_told_with_the_days_to_run(odd: AtOdds, said: str):
    assert said in odd.sentence
    assert odd.sentence.endswith(": run 2026-04-01 to 2026-07-27, in one run")


def test_only_symbols_with_bars_beside_what_is_at_odds_are_held():
    passed, missing = SymbolVerdict("passed", 5, 0), SymbolVerdict("missing", 0, 0)
    there = replace(report(A=passed, B=passed, C=missing), failing=failing_bars(BARS, []))
    odd = [ODD, replace(ODD, symbol="B", held=False), replace(ODD, symbol="C")]

    found = with_at_odds(there, odd)

    assert [(one.symbol, one.held) for one in found.at_odds] == [
        ("A", True),
        ("B", False),
        ("C", False),
    ]
    assert found.held == ("A",)
    (outcome,) = found.outcomes
    assert (outcome.symbols, outcome.observed, outcome.blocks) == (("A",), ODD.sentence, True)
    assert found.symbols["A"].reasons == (f"{outcome.description} [{ODD.sentence}]",)
    assert f"{ODD.sentence}." in found.sentence
    assert with_at_odds(there, odd[1:]).outcomes == ()


def test_a_symbol_that_lost_bars_keeps_its_other_reasons_and_counts():
    was = SymbolVerdict("warned", 5, 2, ("It is calm.",))

    found = with_removals(report(Z=was), [removal("Z"), removal("M")]).symbols

    lost = (
        "No published bar has vanished from the source. "
        "[1 of 10 published bars are gone: 2024-03-01]"
    )
    assert [*found.items()] == [
        ("M", SymbolVerdict("held", 0, 0, (lost,))),
        ("Z", SymbolVerdict("held", 5, 2, (lost, "It is calm."))),
    ]
