"""Bars within the day against the hours of their sessions, and their moves over night."""

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.kernels import gross, holes, missing_bars, returns, sessions, units
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from tests.unit.expectations.within_the_day import times_of, walk_within

# With a half day in New York and in Chicago, and both changes of the clock.
WEEKS = ("2025-10-20", "2025-12-05")
CALENDARS = ("XNYS", "XTKS", "XHKG", "CMES", "24/7", "XLON", "XASX", "FX")
AS_OF = "2025-12-06"


def found(judgement: Judgement) -> list[int]:
    return np.flatnonzero(judgement.flags).tolist()


def with_bars_at(bars: pd.DataFrame, *stamps: str) -> pd.DataFrame:
    """Bars at these times (UTC) as well; the last rows."""
    more = bars.iloc[: len(stamps)].assign(date=pd.to_datetime(list(stamps), utc=True))
    return pd.concat([bars, more], ignore_index=True)


@pytest.mark.parametrize("ended", [False, True], ids=["by start", "by end"])
@pytest.mark.parametrize("minutes", [1, 5, 60])
@pytest.mark.parametrize("calendar", CALENDARS)
def test_clean_bars_of_every_exchange_raise_nothing(calendar: str, minutes: int, ended: bool):
    weeks = WEEKS if minutes > 1 else ("2025-10-23", "2025-11-05")
    bars = Bars.of(walk_within(times_of(calendar, *weeks, minutes, ended=ended)))
    raised = {
        "hours": sessions.off_session(bars, calendar=calendar),
        "regular hours": sessions.off_session(bars, calendar=calendar, hours="regular"),
        "future": sessions.future(bars, calendar=calendar, as_of=AS_OF),
        "sessions": holes.missing_sessions(bars, calendar=calendar, as_of=AS_OF),
        "holes": holes.market_holes(bars, calendar=calendar, as_of=AS_OF),
        "returns": returns.outlying_returns(bars),
        "gaps": returns.outlying_gaps(bars),
        "spikes": returns.reversing_spikes(bars),
        "gross": gross.gross_errors(bars, factor=2.5),
        "units": units.unit_errors(bars),
    }

    assert {name: found(judgement) for name, judgement in raised.items() if found(judgement)} == {}


@pytest.mark.parametrize(
    ("calendar", "stamp"),
    [
        ("XNYS", "2025-11-26 08:00"),  # 03:00 in New York
        ("XNYS", "2025-11-28 18:05"),  # five minutes after an early close
        ("XNYS", "2025-11-27 15:00"),  # Thanksgiving
        ("XNYS", "2025-11-03 14:25"),  # the opening of the week before, by the clock in UTC
        ("XTKS", "2025-11-26 02:45"),  # in the break
        ("XHKG", "2025-11-26 04:30"),
        ("XHKG", "2025-11-26 08:15"),  # behind the closing auction
        ("XLON", "2025-11-26 16:40"),
        ("CMES", "2025-11-26 22:30"),  # Globex stops from 16:00 to 17:00
        ("CMES", "2025-11-29 15:00"),  # a Saturday
        ("FX", "2025-11-29 15:00"),
        ("FX", "2025-11-28 22:30"),  # Friday's evening in New York
        ("FX", "2025-11-30 21:30"),  # an hour before the week begins
    ],
)
@pytest.mark.parametrize("ended", [False, True], ids=["by start", "by end"])
def test_a_bar_outside_its_session_is_found(calendar: str, stamp: str, ended: bool):
    bars = with_bars_at(walk_within(times_of(calendar, *WEEKS, 5, ended=ended)), stamp)

    assert found(sessions.off_session(Bars.of(bars), calendar=calendar)) == [len(bars) - 1]


@pytest.mark.parametrize(
    ("calendar", "stamp"),
    [
        ("XNYS", "2025-11-26 21:00"),  # the close, which bars by their start have for its auction
        ("XLON", "2025-11-26 16:35"),
        ("XHKG", "2025-11-26 08:10"),
        ("CMES", "2025-11-30 23:00"),  # the evening of a Sunday
    ],
)
def test_a_bar_of_an_auction_or_of_the_evening_before_is_none(calendar: str, stamp: str):
    bars = with_bars_at(walk_within(times_of(calendar, *WEEKS, 5)), stamp)

    assert found(sessions.off_session(Bars.of(bars), calendar=calendar)) == []


def test_hourly_bars_by_the_clock_begin_before_the_session():
    times = times_of("XNYS", *WEEKS, 60)
    bars = walk_within(pd.DatetimeIndex(times.floor("h")))

    assert found(sessions.off_session(Bars.of(bars), hours="regular")) == []


def extended(first: str = "2025-11-03", last: str = "2025-11-26") -> pd.DataFrame:
    days = pd.DatetimeIndex(times_of("XNYS", first, last, 390)).normalize()
    stamps = [pd.date_range(day + pd.Timedelta(hours=9), periods=192, freq="5min") for day in days]
    return walk_within(pd.DatetimeIndex([stamp for one in stamps for stamp in one]))


def test_extended_hours_are_told_by_what_a_symbol_has():
    bars = Bars.of(extended())

    outside = found(sessions.off_session(bars, hours="regular"))
    assert len(outside) > len(bars.table) / 2
    assert found(sessions.off_session(bars)) == []
    assert found(sessions.off_session(bars, hours="extended")) == []


def test_no_hours_are_extended_into_the_night():
    bars = Bars.of(with_bars_at(extended(), "2025-11-26 08:00"))  # 03:00 in New York

    assert found(sessions.off_session(bars)) == [len(bars.table) - 1]
    assert found(sessions.off_session(bars, hours="extended")) == []


def test_hours_that_a_wrong_zone_moved_are_not_taken_for_extended_ones():
    """Times in UTC without their zone, read as New York's."""
    times = times_of("XNYS", "2025-11-03", "2025-11-26", 5).tz_localize(None)
    bars = Bars.of(walk_within(times))

    assert len(found(sessions.off_session(bars))) > len(times) / 2


def test_the_hours_of_one_symbol_say_nothing_of_another():
    regular = walk_within(times_of("XNYS", *WEEKS, 5), "BBB")
    bars = with_bars_at(pd.concat([extended(), regular], ignore_index=True), "2025-11-26 12:00")
    bars.loc[len(bars) - 1, "symbol"] = "BBB"

    assert found(sessions.off_session(Bars.of(bars))) == [len(bars) - 1]


def test_a_session_that_began_on_the_evening_before_counts_as_reached():
    times = times_of("CMES", "2025-11-03", "2025-11-10", 5)
    sunday_evening = times[times < pd.Timestamp("2025-11-10 03:00", tz="UTC")]

    judgement = sessions.stale_feeds(
        Bars.of(walk_within(sunday_evening)), calendar="CMES", as_of="2025-11-10", allowed=0
    )

    assert found(judgement) == []


@pytest.mark.parametrize("calendar", ["XNYS", "XASX", "CMES"])
def test_an_opening_is_judged_by_the_symbol_s_own_nights(calendar: str):
    """Ten times the usual move from bar to bar is ordinary over night; a hundred times is not."""
    times = times_of(calendar, "2025-08-04", "2025-12-05", 5)
    bars = walk_within(times)
    opens = np.flatnonzero(np.diff(times.to_numpy()) > np.timedelta64(4, "h")) + 1
    monday = int(opens[opens > len(times) // 2 + 500][0])
    prices = ["open", "high", "low", "close"]
    bars.loc[monday:, prices] *= 1.5

    assert found(returns.outlying_returns(Bars.of(bars))) == []
    assert found(returns.outlying_gaps(Bars.of(bars))) == ([monday] if calendar != "CMES" else [])


def test_a_spike_in_the_first_bar_of_a_session_is_one_and_an_opening_that_comes_back_is_not():
    times = times_of("XNYS", "2025-08-04", "2025-12-05", 5)
    bars = walk_within(times)
    opens = np.flatnonzero(np.diff(times.to_numpy()) > np.timedelta64(4, "h")) + 1
    prices = ["open", "high", "low", "close"]
    ordinary, wrong = int(opens[40]), int(opens[60])
    before = bars["close"][ordinary - 1]
    bars.loc[ordinary, prices] = before * 1.012  # what a night may bring
    bars.loc[ordinary + 1, prices] = before * 1.0005
    bars.loc[wrong, prices] *= 1.5

    assert found(returns.reversing_spikes(Bars.of(bars))) == [wrong]


def test_what_came_before_a_break_says_nothing_of_the_return_over_it():
    times = times_of("XHKG", *WEEKS, 1)
    bars = walk_within(times)
    afternoon = int(np.flatnonzero(times == pd.Timestamp("2025-11-26 05:00", tz="UTC"))[0])
    bars.loc[afternoon:, ["open", "high", "low", "close"]] *= 1.015

    assert found(returns.outlying_returns(Bars.of(bars))) == []


def test_a_week_of_currencies_is_from_sunday_to_friday_evening_in_new_york():
    """As a feed has them, in UTC; the clocks in New York change on November 2."""
    hours = pd.date_range("2025-10-26 21:00", "2025-10-31 21:00", freq="h", tz="UTC")
    after = pd.date_range("2025-11-02 22:00", "2025-11-07 22:00", freq="h", tz="UTC")
    bars = walk_within(pd.DatetimeIndex([*hours[:-1], *after[:-1]]), "EURUSD")
    as_of = "2025-11-08"

    assert not sessions.off_session(Bars.of(bars), calendar="FX", hours="regular").flags.any()
    assert not holes.missing_sessions(Bars.of(bars), calendar="FX", as_of=as_of).fails
    lacking = missing_bars.missing_bars(Bars.of(bars), calendar="FX", as_of=as_of)
    assert not lacking.flags.any() and not lacking.details
