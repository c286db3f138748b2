from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.errors import ExpectationInputError, UnknownCalendarError
from gx.plugins.expectations.kernels import holes, sessions
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.moments import Moment
from tests.unit.expectations.series import market, walk


def found(judgement: Judgement) -> list[int]:
    return np.flatnonzero(judgement.flags).tolist()


def with_date(bars: pd.DataFrame, row: int, date: str) -> pd.DataFrame:
    bars = bars.copy()
    bars.loc[row, "date"] = pd.Timestamp(date)
    return bars


@pytest.mark.parametrize(
    "day", ["2024-01-06", "2024-01-07", "2024-07-04", "1890-01-02", "2250-01-03"]
)
def test_closed_days_and_days_beyond_the_calendar_are_found(day: str):
    assert found(sessions.off_session(Bars.of(with_date(walk(), 7, day)))) == [7]


def test_every_session_of_the_year_is_one():
    assert found(sessions.off_session(Bars.of(walk()))) == []


def test_symbols_keep_their_own_calendars():
    bars = pd.concat(
        [with_date(walk(name), 7, "2024-07-04") for name in ("AAA", "VOD")], ignore_index=True
    )

    judgement = sessions.off_session(Bars.of(bars), calendars={"VOD": "XLON"})

    assert 7 in found(judgement) and 207 not in found(judgement)


@pytest.mark.parametrize(
    ("time", "zone", "good"),
    [
        ("2024-07-03 15:59", None, True),
        ("2024-07-04 12:00", None, False),
        ("2024-07-04 02:00", "UTC", True),  # the evening of the third in New York
        ("2024-07-05 02:00", "UTC", False),
    ],
)
def test_times_within_the_day_belong_to_the_day_at_the_exchange(
    time: str, zone: str | None, good: bool
):
    times = pd.Series(pd.date_range(time, periods=3, freq="min", tz=zone))
    bars = walk(bars=3).assign(date=times)

    assert found(sessions.off_session(Bars.of(bars))) == ([] if good else [0, 1, 2])


def test_midnights_of_another_zone_are_dates():
    bars = walk()
    bars["date"] = bars["date"].dt.tz_localize("UTC")

    assert found(sessions.off_session(Bars.of(bars))) == []


def test_weekly_bars_are_not_judged_by_sessions():
    bars = walk(bars=30).assign(date=pd.date_range("2024-01-07", periods=30, freq="W"))

    for detector in (sessions.off_session, holes.missing_sessions, holes.market_holes):
        judgement = detector(Bars.of(bars))
        assert found(judgement) == [] and judgement.not_judged_symbols == 1


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-01-05", []),
        ("2024-01-04", [3]),
        ("2024-01-05T20:59:00", [3]),  # a minute before the close in New York
        ("2024-01-05T21:00:00", []),
        ("2024-01-03T12:00:00-05:00", [1, 2, 3]),
    ],
)
def test_bars_after_the_last_closed_session_are_in_the_future(as_of: str, expected: list[int]):
    assert found(sessions.future(Bars.of(walk(bars=4)), as_of=as_of)) == expected


def test_a_bar_of_the_year_2999_is_in_the_future():
    bars = walk(bars=4)
    bars["date"] = bars["date"].astype("datetime64[us]")
    bars.loc[3, "date"] = np.datetime64("2999-01-01")

    assert found(sessions.future(Bars.of(bars))) == [3]


def test_minute_bars_later_than_now_are_in_the_future():
    times = pd.Series(pd.date_range("2024-01-05 15:00", periods=4, freq="min", tz="UTC"))

    judgement = sessions.future(
        Bars.of(walk(bars=4).assign(date=times)), as_of="2024-01-05T15:02:00"
    )

    assert found(judgement) == [3]


def test_a_hole_is_found_at_the_bar_behind_it_and_named():
    bars = market(2).drop([100, 101]).reset_index(drop=True)

    judgement = holes.missing_sessions(Bars.of(bars))

    assert found(judgement) == [100]
    assert judgement.details["missing_count"] == 2
    lacking: Any = judgement.details["missing"]
    assert [key["symbol"] for key in lacking] == ["S0", "S0"]
    assert found(holes.missing_sessions(Bars.of(bars), allowed=2)) == []


def test_a_session_that_the_market_lacks_is_found_in_every_symbol_that_lacks_it():
    bars = market(5)
    day = bars.loc[100, "date"]
    lacking = bars.index[(bars["date"] == day) & bars["symbol"].isin(["S0", "S1", "S3"])]
    holed = bars.drop(lacking)

    judgement = holes.market_holes(Bars.of(holed))

    expected = [holed.index.get_loc(label + 1) for label in lacking]
    assert found(judgement) == expected
    assert judgement.details == {
        "sessions": [
            {
                "session": str(day.date()),
                "percent_missing": 60.0,
                "symbols": ["S0", "S1", "S3"],
            }
        ],
        "session_count": 1,
    }


def test_one_symbol_that_lacks_a_session_is_no_hole_of_the_market():
    assert found(holes.market_holes(Bars.of(market(3).drop(100)))) == []


def test_a_symbol_that_stopped_is_found_at_its_last_bar():
    bars = pd.concat([walk("AAA", 10), walk("BBB", 8), walk("CCC", 9)], ignore_index=True)
    last = str(bars["date"].max().date())

    assert found(sessions.stale_feeds(Bars.of(bars), as_of=last)) == [17]
    assert found(sessions.stale_feeds(Bars.of(bars), as_of=last, allowed=0)) == [17, 26]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2024-07-03 16:59", [1]), ("2024-07-03 17:00", []), (None, [])],  # closes at 13:00 there
)
def test_a_last_bar_written_before_an_early_close_is_incomplete(
    written: str | None, expected: list[int]
):
    bars = walk(bars=2).assign(date=pd.to_datetime(["2024-07-02", "2024-07-03"]))
    moments: list[Any] = ["2024-07-02 10:00", written]
    bars["created_at"] = pd.to_datetime(moments)

    assert found(sessions.incomplete_last_bars(Bars.of(bars))) == expected


def test_time_of_writing_is_read_in_the_zone_given():
    bars = walk(bars=1).assign(created_at=pd.Timestamp("2024-01-02 16:30"))

    assert found(sessions.incomplete_last_bars(Bars.of(bars))) == [0]
    judgement = sessions.incomplete_last_bars(Bars.of(bars), created_zone="America/New_York")
    assert found(judgement) == []


def test_an_unknown_calendar_is_named():
    with pytest.raises(UnknownCalendarError, match="'NYSE2' is unknown"):
        sessions.off_session(Bars.of(walk()), calendar="NYSE2")


def test_a_calendar_that_starts_late_does_not_crash():
    bars = with_date(walk(), 0, "1985-01-07")

    assert 0 in found(sessions.off_session(Bars.of(bars), calendar="XSHG"))


@pytest.mark.parametrize("as_of", ["soon", ""])
def test_an_as_of_that_is_no_date_is_named(as_of: str):
    with pytest.raises(ExpectationInputError, match="as_of"):
        Moment.of(as_of)


@pytest.mark.parametrize("as_of", ["2099-01-01", "2099-01-01T00:00:01+02:00", "9999-12-31"])
def test_no_moment_is_later_than_now(as_of: str):
    before = pd.Timestamp.now(tz="UTC")

    assert before <= Moment.of(as_of).instant <= pd.Timestamp.now(tz="UTC")


def test_the_end_of_today_is_not_reached_yet():
    today = pd.Timestamp.now(tz="UTC").date().isoformat()

    assert Moment.of(today).instant <= pd.Timestamp.now(tz="UTC")
