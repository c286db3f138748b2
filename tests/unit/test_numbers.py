"""The sentences with numbers beside a failing bar."""

import math
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from gx.plugins.expectations import tells
from gx.plugins.expectations.tells import Flagged
from gx.report.numbers import told

DAY = pd.Timestamp("2025-11-02")


def bar(close: float, **more: Any) -> dict[str, Any]:
    flat = dict.fromkeys(("open", "high", "low", "close"), close)
    return {"symbol": "TSLA", "date": DAY, **flat, "volume": 1000.0, **more}


@pytest.mark.parametrize(
    ("flagged", "said"),
    [
        (
            Flagged(bar(2.28), bar(22.3), bar(22.75)),
            "close 2.28 is 1/9.78 of the previous 22.30; the next is 22.75",
        ),
        (Flagged(bar(2280.0), bar(22.8)), "close 2,280 is 100 times the previous 22.80"),
        (Flagged(bar(25.0), bar(22.0)), "close 25 is 13.6 % above the previous 22"),
        (Flagged(bar(20.0), None, bar(40.0)), "close 20 is 1/2 of the next 40"),
        (
            Flagged(bar(30.0, high=49.39), bar(30.5)),
            "high 49.39 is 61.9 % above the previous 30.50",
        ),
        (Flagged(bar(8.71e-6), bar(8.71e-4)), "close 8.71e-06 is 1/100 of the previous 0.000871"),
        (Flagged(bar(-1.0), bar(22.0)), ""),
        (Flagged(bar(math.nan), bar(22.0)), ""),
        (Flagged(bar(22.0)), ""),
        (Flagged(bar(22.0), bar(0.0)), ""),
    ],
)
def test_a_step_is_told_by_the_price_that_is_farthest(flagged: Flagged, said: str):
    assert tells.step(flagged) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(22.3, "22.30"), (0.5, "0.5"), (1_091_952.067, "1,091,952"), (1e18, "1e+18"), (-3.0, "-3")],
)
def test_numbers_are_written_as_people_write_them(value: float, said: str):
    assert tells.shown(value) == said


def test_what_contradicts_itself_is_named():
    found = tells.inside(Flagged(bar(10.0, high=9.5, low=9.8, open=None)))
    assert found == ("open is missing, low 9.80 is above high 9.50, close 10 is above high 9.50")
    assert tells.no_price(Flagged(bar(10.0, low=-0.01, open=math.inf))) == (
        "open is missing, low is -0.01"
    )


def test_other_tellers():
    trade = Flagged(bar(10.0, volume=9_800_000.0), bar(10.0, volume=1_000_000.0))
    assert tells.trade(trade) == (
        "volume 9,800,000 is 9.8 times the previous 1,000,000, and the close stayed at 10"
    )
    assert tells.trade(Flagged(bar(11.0, volume=0.0), bar(10.0))) == (
        "volume 0, the close went from 10 to 11"
    )
    assert tells.stillness(trade).startswith("close 10 is that of the bar before")
    assert tells.day(trade) == "2025-11-02 is a Sunday"
    assert tells.gap(Flagged(bar(1.0))) == "there is no bar before it"
    late = bar(1.0, date=pd.Timestamp("2025-10-30 14:30", tz="UTC"))
    assert tells.gap(Flagged(bar(1.0), late)) == "the bar before it is of 2025-10-30 14:30 UTC"
    assert tells.opening(Flagged(bar(12.0), bar(10.0))) == (
        "open 12 is 20 % above the previous close 10"
    )
    assert tells.name(Flagged(bar(1.0, symbol="tsla "))) == "the symbol is written 'tsla '"


def outcome(name: str, type_: str, **kwargs: Any) -> Any:
    return SimpleNamespace(name=name, type=type_, kwargs=kwargs)


UNIT = outcome("no_unit_errors", "expect_no_unit_errors")
RANGE = outcome("between(close)", "expect_column_values_to_be_between", column="close")


def test_each_row_is_told_beside_its_own_neighbours_and_each_sentence_once():
    days = pd.date_range("2025-11-03", periods=3)
    bars = pd.DataFrame(
        [bar(close, date=day) for close, day in zip((22.3, 2.28, 22.75), days, strict=True)]
        + [bar(5.0, date=days[1], symbol="NVDA")]
        + [bar(7.0, date=pd.NaT)]
    )
    unordered = bars.iloc[[2, 0, 3, 4, 1]]
    row = {**bar(2.28, date=days[1]), "expectations": ["no_unit_errors", "no_unit_errors", "gone"]}
    step = "close 2.28 is 1/9.78 of the previous 22.30; the next is 22.75"
    assert told([row], [UNIT, RANGE], unordered) == [[step]]
    named = {**row, "expectations": ["between(close)"]}
    assert told([named, row], [UNIT, RANGE], None) == [["close is 2.28"], []]
    undated = {**row, "date": pd.NaT}
    assert told([undated], [UNIT], bars) == [[]]


def test_moments_find_their_neighbours_whatever_their_zone():
    moments = pd.date_range("2025-11-03 14:30", periods=3, freq="5min", tz="UTC")
    bars = pd.DataFrame([bar(c, date=m) for c, m in zip((1.0, 100.0, 1.0), moments, strict=True)])
    row = {**bar(100.0, date=moments[1].tz_convert("America/New_York").to_pydatetime())}
    (said,) = told([{**row, "expectations": ["no_unit_errors"]}], [UNIT], bars)
    assert said == ["close 100 is 100 times the previous 1; the next is 1"]


@pytest.mark.parametrize(
    ("flagged", "said"),
    [
        (
            Flagged(bar(9369.0), bar(9382.0), bar(9370.0), 93.7),
            "close 9,369 is 100 times 93.70, the median close around it, and so is the previous "
            "9,382",
        ),
        (
            Flagged(bar(9369.0), bar(93.8), None, 93.7),
            "close 9,369 is 99.9 times the previous 93.80",
        ),
        (Flagged(bar(93.0), bar(93.8), None, 93.7), "close 93 is 0.853 % below the previous 93.80"),
        (Flagged(bar(93.0), bar(93.8)), "close 93 is 0.853 % below the previous 93.80"),
        (Flagged(bar(93.0), None, bar(93.8), 1.0), "close 93 is 0.853 % below the next 93.80"),
        (Flagged(bar(math.nan), bar(93.8), None, 1.0), ""),
    ],
)
def test_a_bar_among_others_at_its_wrong_level_is_told_by_the_usual_one(
    flagged: Flagged, said: str
):
    assert tells.level(flagged) == said


def test_the_last_bar_is_told_by_what_does_not_follow():
    assert tells.last(Flagged(bar(22.0), bar(22.0))) == "no bar follows that of 2025-11-02"
    assert tells.last(Flagged(bar(22.0), None, bar(22.0))) == ""


def test_every_bar_of_a_block_in_pence_is_told_by_the_bars_around_it():
    days = pd.date_range("2025-01-01", periods=40)
    closes = [93.7] * 15 + [9370.0] * 6 + [93.7] * 19
    every = [bar(one, date=day) for one, day in zip(closes, days, strict=True)]
    rows, bars = [one | {"expectations": ["unit"]} for one in every[15:21]], pd.DataFrame(every)
    unit = SimpleNamespace(name="unit", type="expect_no_unit_errors", kwargs={})
    found = told(rows, [unit], bars)
    assert [one[0].startswith("close 9,370 is 100 times") for one in found] == [True] * 6
