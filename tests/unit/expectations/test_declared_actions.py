"""Prices against the splits and dividends that a dataset declares."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.declared import read_amount, read_declared, read_ratio, with_declared
from gx.plugins.expectations.kernels import gross, splits, units
from gx.plugins.expectations.kernels.agreement import disagreements
from gx.plugins.expectations.kernels.bars import Bars
from gx.plugins.expectations.kernels.declared import Declared
from tests.unit.expectations.series import market, walk

PRICES = ["open", "high", "low", "close"]
DAY = str(walk().loc[100, "date"].date())


def stepped(ratio: float, since: int = 100, **options: Any) -> pd.DataFrame:
    """Prices in new shares from a bar on, and in old ones before: raw, for a split there."""
    bars = walk(start=500.0, **options)
    bars.loc[since:, PRICES] /= ratio
    bars.loc[since:, "volume"] *= ratio
    return bars


def declared(*rows: tuple[str, str, object], adjusted: bool = False) -> Declared:
    """Splits by symbol, date and ratio; with a minus before the symbol, dividends."""
    frame = pd.DataFrame(
        [
            (
                symbol.lstrip("-"),
                date,
                "dividend" if symbol.startswith("-") else "split",
                str(value),
            )
            for symbol, date, value in rows
        ],
        columns=["symbol", "date", "kind", "value"],
    )
    return read_declared(frame, adjusted=adjusted)


def judged(bars: pd.DataFrame, of: Declared) -> tuple[list[int], str]:
    """The failing rows, and everything that is said of them and of the declarations."""
    found = disagreements(Bars.of(with_declared(bars, of)))
    said: Any = [*found.details["disagreements"], *found.details["remarks"]]  # type: ignore[misc]
    return np.flatnonzero(found.flags).tolist(), "; ".join(one["says"] for one in said)


@pytest.mark.parametrize("ratio", [4, 1.5, 20, 0.1, 0.5])
def test_prices_that_are_as_declared_pass(ratio: float):
    assert judged(stepped(ratio), declared(("AAA", DAY, ratio))) == ([], "")
    assert judged(walk(), declared(("AAA", DAY, ratio), adjusted=True)) == ([], "")


@pytest.mark.parametrize("ratio", [4, 1.5, 20, 0.1, 0.5])
@pytest.mark.parametrize("bars", [101, 105, 200])
def test_a_split_that_was_not_adjusted_for_is_found(ratio: float, bars: int):
    rows, said = judged(stepped(ratio).head(bars), declared(("AAA", DAY, ratio), adjusted=True))

    assert rows == [100]
    assert "though the prices are said to be adjusted" in said


@pytest.mark.parametrize("ratio", [4, 1.5, 20, 0.1])
@pytest.mark.parametrize("bars", [101, 200])
def test_a_split_that_raw_prices_do_not_show_is_found(ratio: float, bars: int):
    rows, said = judged(walk().head(bars), declared(("AAA", DAY, ratio)))

    assert rows == [100]
    assert "the prices do not show it" in said


@pytest.mark.parametrize("ratio", [4, 1.5, 0.1])
@pytest.mark.parametrize("adjusted", [True, False])
def test_an_adjustment_that_was_applied_twice_is_found(ratio: float, adjusted: bool):
    rows, said = judged(stepped(1 / ratio), declared(("AAA", DAY, ratio), adjusted=adjusted))

    assert rows == [100]
    assert "applied twice" in said


@pytest.mark.parametrize("adjusted", [True, False])
def test_a_step_that_nobody_declared_is_found(adjusted: bool):
    rows, said = judged(stepped(4), declared(("AAA", "2024-01-04", 2), adjusted=adjusted))

    assert 100 in rows
    assert "no split is declared" in said
    assert judged(stepped(4), declared(adjusted=adjusted))[0] == [100]


def test_a_step_by_another_ratio_than_the_declared_one_is_found():
    rows, said = judged(stepped(5), declared(("AAA", DAY, 4)))

    assert rows == [100]
    assert "a split of 4:1 is declared" in said
    assert "is 1/5.02 of the close before, 583.05" in said
    assert said.endswith("that is another step")


def test_a_step_on_another_day_is_named_with_its_distance():
    rows, said = judged(stepped(4, since=102), declared(("AAA", DAY, 4)))

    assert rows == [102]
    assert said.endswith(": 2 bars later")


def test_a_split_on_a_day_without_a_bar_is_that_of_the_next():
    bars = stepped(4).drop(index=100).reset_index(drop=True)
    saturday = "2024-05-25"  # before Memorial Day
    at = int(np.flatnonzero(bars["date"] > saturday)[0])

    assert judged(bars, declared(("AAA", DAY, 4)))[0] == []
    assert judged(stepped(4, since=at + 1), declared(("AAA", saturday, 4)))[0] == []


def test_too_small_a_split_is_not_judged():
    for adjusted in (True, False):
        of = declared(("AAA", DAY, 1.02), adjusted=adjusted)
        assert judged(walk(daily=0.02), of) == ([], "")
        assert judged(walk(daily=0.02).head(104).tail(6), of) == ([], "")


def test_a_bad_bar_on_the_day_of_a_split_is_not_told_as_the_splits():
    bars = stepped(4)
    bars.loc[100, PRICES] *= 100

    assert judged(bars, declared(("AAA", DAY, 4)))[0] == []


def test_a_dividend_explains_a_step():
    bars = walk()
    paid = bars.loc[99, "close"] / 3
    bars.loc[100:, PRICES] *= 2 / 3

    assert judged(bars, declared())[0] == [100]
    assert judged(bars, declared(("-AAA", DAY, paid))) == ([], "")
    # As it was paid, of a share that is four today.
    later = str(bars.loc[150, "date"].date())
    of = declared(("-AAA", DAY, 4 * paid), ("AAA", later, 4), adjusted=True)
    assert judged(bars, of) == ([], "")
    assert judged(bars, declared(("-AAA", DAY, paid / 10)))[0] == [100]


def test_a_dividend_above_the_price_is_told_and_explains_nothing():
    rows, said = judged(stepped(4), declared(("-AAA", DAY, 9_000)))

    assert rows == [100]
    assert "a dividend of 9000 is declared, and the close before is" in said


def test_one_split_in_two_rows_counts_once():
    at_once = declared(("AAA", DAY, 4), ("AAA", DAY, "4:1"))
    next_day = str(walk().loc[101, "date"].date())
    twice = declared(("AAA", DAY, 4), ("AAA", next_day, 4))

    assert judged(stepped(4), at_once) == ([], "")
    assert judged(stepped(4), twice) == ([], "")
    assert judged(stepped(4, since=101), twice) == ([], "")


def test_two_ratios_for_one_day_are_told_and_none_is_used():
    rows, said = judged(stepped(4), declared(("AAA", DAY, 4), ("AAA", DAY, 5)))

    assert rows == [100]
    assert "a split is declared as 4 and as 5; none of them is used" in said


def test_symbols_are_found_in_any_case_which_is_told():
    rows, said = judged(stepped(4), declared((" aaa", DAY, 4)))

    assert rows == []
    assert said == "the symbol is written ' aaa' in the declared splits"


def test_what_is_declared_of_no_bar_counts_for_nothing():
    of = declared(
        ("BBB", DAY, 4), ("AAA", "1990-01-02", 3), ("AAA", "2090-01-02", 3), ("-BBB", DAY, 1)
    )

    assert judged(walk(), of) == ([], "")
    assert judged(walk().head(0), of) == ([], "")


def test_only_its_own_symbol_is_judged_by_a_split():
    bars = market(3, start=500.0)
    bars.loc[300:399, PRICES] /= 4

    assert judged(bars, declared(("S1", DAY, 4))) == ([], "")
    assert judged(bars, declared(("S2", DAY, 4)))[0] == [300, 500]


def test_of_many_symbols_each_is_judged_by_its_own_splits():
    bars = pd.concat([walk(f"S{n:03}", 12) for n in range(300)], ignore_index=True)
    day = str(bars.loc[6, "date"].date())

    told = [(f"S{n:03}", day, 4) for n in range(300)]
    assert judged(bars, declared(*told))[0] == [12 * n + 6 for n in range(300)]


def test_dates_are_read_with_times_and_zones_behind_them():
    for date in (f"{DAY} 00:00:00", f"{DAY}T05:00:00+00:00", DAY.replace("-", "")):
        assert judged(stepped(4), declared(("AAA", date, 4))) == ([], "")


def test_bars_with_a_zone_are_judged_by_their_own_day():
    bars = stepped(4)
    bars["date"] = bars["date"].dt.tz_localize("Asia/Tokyo")

    assert judged(bars, declared(("AAA", DAY, 4))) == ([], "")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("AAA", DAY, -4), "the ratio '-4' is negative"),
        (("AAA", DAY, "four"), "the ratio 'four' is no number; write it as 4, 0.25, 4:1 or 1:10"),
        (("AAA", DAY, "inf"), "the ratio 'inf' is no number"),
        (("AAA", DAY, "4:0"), "the ratio '4:0' divides by nothing"),
        (("AAA", "yesterday", 4), "the date 'yesterday' of a split is none"),
        (("AAA", "2024-13-40", 4), "the date '2024-13-40' of a split is none"),
        (("-AAA", DAY, -1), "the dividend '-1' is negative"),
        (("-AAA", DAY, "much"), "the dividend 'much' is no number"),
        (("-AAA", "", 1), "the date '' of a dividend is none"),
    ],
)
def test_what_cannot_be_read_is_told_and_not_used(row: tuple[str, str, object], said: str):
    rows, found = judged(walk(), declared(row))

    assert rows == []
    assert said in found


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("4", 4), ("0.25", 0.25), ("4:1", 4), ("1:10", 0.1), ("3/2", 1.5), ("4-for-1", 4),
        ("4 for 1", 4), ("1.0", None), ("0", None), ("1:1", None), ("", None), ("NaN", None),
        ("None", None), ("4.0000000000", 4),
    ],
)  # fmt: skip
def test_ratios_are_read_as_people_write_them(text: str, ratio: float | None):
    assert read_ratio(text) == ratio


def test_dividends_of_nothing_are_none():
    assert [read_amount(text) for text in ("", "0", "0.0", "nan", "0.47")] == [None] * 4 + [0.47]


def test_with_raw_prices_a_declared_split_explains_its_step_for_others():
    told, bars = declared(("AAA", DAY, 100)), stepped(100)
    known = Bars.of(with_declared(bars, told))

    for detector in (gross.gross_errors, units.unit_errors, splits.unadjusted_splits):
        assert not detector(known).flags.any()
    assert gross.gross_errors(Bars.of(bars)).flags.any()


def test_with_adjusted_prices_a_declared_split_explains_nothing():
    told, bars = declared(("AAA", DAY, 4), adjusted=True), stepped(4)

    assert splits.unadjusted_splits(Bars.of(with_declared(bars, told))).flags.any()


def test_a_split_that_is_declared_twice_over_shifts_prices_once():
    known = Bars.of(with_declared(stepped(10), declared(("AAA", DAY, 10))))

    assert not gross.gross_errors(known, splits={"AAA": {DAY: 10}}).flags.any()


def test_where_nothing_is_declared_nothing_is_judged_and_that_is_said():
    found = disagreements(Bars.of(stepped(4)))

    assert not found.flags.any()
    assert found.details == {"undeclared": "the dataset declares no splits"}


def test_a_step_of_half_of_the_market_is_none_that_nobody_declared():
    bars = market(8, start=500.0)
    fell = bars["symbol"].isin([f"S{n}" for n in range(6)]) & (bars["date"] >= DAY)
    bars.loc[fell, PRICES] /= 2

    assert judged(bars, declared()) == ([], "")
    assert judged(bars[bars["symbol"].isin(["S0", "S6", "S7"])], declared())[0] == [100]
