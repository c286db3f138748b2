"""Bars that are missing within a session, by a definition that counts them one by one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.missing_bars import missing_bars
from tests.unit.expectations.series import walk
from tests.unit.expectations.within_the_day import times_of, walk_within

WEEKS = ("2025-10-20", "2025-12-05")
CALENDARS = ("XNYS", "XTKS", "XHKG", "CMES", "24/7", "XLON", "XASX")
AS_OF = "2025-12-06"


def found(judgement: Judgement) -> list[int]:
    return np.flatnonzero(judgement.flags).tolist()


def without(bars: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """The bars but for those from one moment (UTC) to another."""
    begin, end = (pd.Timestamp(moment, tz="UTC") for moment in (first, last))
    return bars[~bars["date"].between(begin, end)].reset_index(drop=True)


def at(bars: pd.DataFrame, moment: str) -> int:
    return int(np.flatnonzero(bars["date"] == pd.Timestamp(moment, tz="UTC"))[0])


def judged(bars: pd.DataFrame, calendar: str = "XNYS", **given: Any) -> Judgement:
    return missing_bars(Bars.of(bars), calendar=calendar, **{"as_of": AS_OF, **given})


@pytest.mark.parametrize("ended", [False, True], ids=["by start", "by end"])
@pytest.mark.parametrize("minutes", [1, 5, 60])
@pytest.mark.parametrize("calendar", CALENDARS)
def test_nothing_is_missing_in_clean_bars_of_any_exchange(calendar: str, minutes: int, ended: bool):
    weeks = WEEKS if minutes > 1 else ("2025-10-23", "2025-11-05")
    bars = walk_within(times_of(calendar, *weeks, minutes, ended=ended))

    judgement = judged(bars, calendar)

    assert (found(judgement), judgement.details, judgement.not_judged_symbols) == ([], {}, 0)


@pytest.mark.parametrize("ended", [False, True], ids=["by start", "by end"])
@pytest.mark.parametrize("calendar", CALENDARS)
@settings(deadline=None, max_examples=8)
@given(data=st.data())
def test_each_gap_is_found_at_the_bar_behind_it_and_counted(
    calendar: str, ended: bool, data: st.DataObject
):
    """What is taken away is missing before the next bar; no session goes whole (30 at least)."""
    times = times_of(calendar, "2025-11-24", "2025-12-05", 5, ended=ended)
    whole = walk_within(times)
    taken = np.zeros(len(whole), dtype=bool)
    for _ in range(data.draw(st.integers(1, 2))):
        begin = data.draw(st.integers(1, len(whole) - 60))
        taken[begin : begin + data.draw(st.integers(1, 14))] = True
    kept = whole[~taken].reset_index(drop=True)

    judgement = judged(kept, calendar)

    place = np.flatnonzero(~taken)
    behind = np.flatnonzero(np.diff(place, prepend=-1) > 1)
    assert found(judgement) == behind.tolist()
    assert judgement.details["missing_bars"] == taken.sum()
    gaps: Any = judgement.details["gaps"]
    for row, gap in zip(behind, gaps, strict=True):
        lacking = times[place[row - 1] + 1 : place[row]]
        assert gap["bars"] == len(lacking)
        assert (gap["from"], gap["to"]) == tuple(
            moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in (lacking[0], lacking[-1])
        )


@pytest.fixture(scope="module")
def new_york() -> pd.DataFrame:
    return walk_within(times_of("XNYS", *WEEKS, 5))


@pytest.mark.parametrize(
    ("first", "last", "behind", "bars"),
    [
        ("2025-11-26 15:00", "2025-11-26 17:25", "2025-11-26 17:30", 30),
        ("2025-11-26 14:00", "2025-11-26 14:55", "2025-11-26 15:00", 6),  # its begin
        ("2025-11-26 20:00", "2025-11-26 23:00", "2025-11-28 14:30", 12),  # its end
        ("2025-11-28 17:00", "2025-11-28 23:00", "2025-12-01 14:30", 12),  # of half a day
        ("2025-11-26 20:00", "2025-11-28 14:55", "2025-11-28 15:00", 18),  # both
    ],
)
def test_a_session_that_was_cut_is_found(
    new_york: pd.DataFrame, first: str, last: str, behind: str, bars: int
):
    cut = without(new_york, first, last)

    judgement = judged(cut)

    assert found(judgement) == [at(cut, behind)]
    assert judgement.details["missing_bars"] == bars


def test_a_session_without_any_bar_is_not_this_one_s(new_york: pd.DataFrame):
    assert found(judged(without(new_york, "2025-11-26 00:00", "2025-11-27 00:00"))) == []


def test_a_session_with_nothing_but_a_bar_outside_its_hours_lacks_all_of_its_bars(
    new_york: pd.DataFrame,
):
    cut = without(new_york, "2025-11-26 00:00", "2025-11-27 00:00")
    early = new_york.iloc[[0]].assign(date=pd.Timestamp("2025-11-26 12:00", tz="UTC"))
    torn = pd.concat([cut, early], ignore_index=True)

    judgement = judged(torn)

    assert found(judgement) == [at(torn, "2025-11-28 14:30")]
    assert judgement.details["missing_bars"] == 78


def test_a_day_that_is_gone_from_bars_stamped_by_their_end_is_found_though_midnight_is_there():
    bars = walk_within(times_of("24/7", *WEEKS, 5, ended=True))
    cut = without(bars, "2025-11-26 00:05", "2025-11-27 00:00")

    assert found(judged(cut, "24/7")) == [at(cut, "2025-11-27 00:05")]


def test_what_a_last_session_lacks_is_shown_at_the_last_bar_once_it_has_closed(
    new_york: pd.DataFrame,
):
    cut = without(new_york, "2025-12-05 20:00", "2025-12-05 22:00")

    assert found(judged(cut)) == [len(cut) - 1]
    assert found(judged(cut, as_of="2025-12-05T20:30:00")) == []
    assert found(judged(cut, as_of="2025-12-05T21:00:00")) == [len(cut) - 1]


def test_nothing_is_missing_before_a_symbol_s_first_bar(new_york: pd.DataFrame):
    assert found(judged(without(new_york, "2025-10-20 00:00", "2025-10-20 16:00"))) == []


def test_a_symbol_that_trades_seldom_is_named_and_nothing_of_it_is_flagged(
    new_york: pd.DataFrame,
):
    seldom = walk_within(times_of("XNYS", *WEEKS, 5), "THIN")
    seldom = seldom[np.random.default_rng(1).random(len(seldom)) < 0.6]
    cut = without(new_york, "2025-11-26 15:00", "2025-11-26 17:25")

    judgement = judged(pd.concat([cut, seldom], ignore_index=True))

    assert found(judgement) == [at(cut, "2025-11-26 17:30")]
    sparse: Any = judgement.details["sparse"]
    assert [one["symbol"] for one in sparse] == ["THIN"] and 55 < sparse[0]["percent"] < 65
    assert judgement.not_judged_symbols == 1
    assert len(found(judged(seldom.reset_index(drop=True), habit=0.5))) > 500


def test_most_of_a_session_may_be_missing_and_its_symbol_trades_no_less_often():
    bars = walk_within(times_of("XNYS", "2025-12-01", "2025-12-01", 5))
    cut = without(bars, "2025-12-01 15:00", "2025-12-01 20:00")

    assert found(judged(cut)) == [at(cut, "2025-12-01 20:05")]


def test_the_same_gap_day_after_day_is_a_habit_and_is_named():
    bars = walk_within(times_of("XLON", *WEEKS, 1))
    noon = bars["date"].dt.tz_convert("Europe/London").dt.strftime("%H:%M")
    auctions = bars[~noon.isin(["12:00", "12:01"])].reset_index(drop=True)

    judgement = judged(auctions, "XLON")

    usual: Any = judgement.details["usual_gaps"]
    assert found(judgement) == [] and [(one["symbol"], one["bars"]) for one in usual] == [
        ("AAA", 2)
    ]


def test_the_end_of_each_session_is_missed_however_often(new_york: pd.DataFrame):
    local = new_york["date"].dt.tz_convert("America/New_York").dt.strftime("%H:%M")
    cut = new_york[local < "15:00"].reset_index(drop=True)

    full_days = cut["date"].dt.date.nunique() - 1
    assert len(found(judged(cut))) == full_days


@pytest.mark.parametrize("minutes", [None, 5])
def test_each_symbol_has_its_own_minutes_unless_they_are_given(minutes: int | None):
    five = walk_within(times_of("XNYS", *WEEKS, 5))
    hourly = walk_within(times_of("XNYS", *WEEKS, 60), "HOUR")

    judgement = judged(pd.concat([five, hourly], ignore_index=True), minutes=minutes)

    assert found(judgement) == []
    sparse: Any = judgement.details.get("sparse", [])
    assert [one["symbol"] for one in sparse] == ([] if minutes is None else ["HOUR"])


def test_gaps_before_the_range_are_flagged_and_not_named(new_york: pd.DataFrame):
    cut = without(new_york, "2025-11-26 15:00", "2025-11-26 17:25")

    judgement = judged(cut, first_date="2025-11-27")

    assert len(found(judgement)) == 1 and judgement.details == {}
    with pytest.raises(ExpectationInputError, match="first_date 'soon' is not a date"):
        judged(cut, first_date="soon")


def test_hourly_bars_by_the_clock_are_judged_by_the_clock():
    times = pd.DatetimeIndex(times_of("XNYS", *WEEKS, 60).floor("h"))
    bars = walk_within(times)
    lacking = bars.drop(at(bars, "2025-11-26 16:00")).reset_index(drop=True)

    assert found(judged(bars)) == []
    assert found(judged(lacking)) == [at(lacking, "2025-11-26 17:00")]


def test_bars_of_no_order_with_one_twice_and_one_without_a_date(new_york: pd.DataFrame):
    cut = without(new_york, "2025-11-26 15:00", "2025-11-26 17:25")
    torn = pd.concat([cut, cut.iloc[[50, 60]]], ignore_index=True)
    torn.loc[len(torn) - 1, "date"] = pd.NaT
    torn = torn.sample(frac=1, random_state=1).reset_index(drop=True)

    assert found(judged(torn)) == [at(torn, "2025-11-26 17:30")]


def test_daily_bars_are_not_judged():
    judgement = judged(walk())

    assert found(judgement) == [] and judgement.not_judged_symbols == 1
