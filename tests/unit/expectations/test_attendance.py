"""Sessions that did not come: what is expected behind a symbol's last bar, and of whom."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels import holes, sessions
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from tests.unit.expectations.series import SESSIONS, walk

LAST = 40
NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")


def day(number: int) -> str:
    return str(SESSIONS[number].date())


def ending(**last: int) -> pd.DataFrame:
    """Five symbols with LAST bars each; ``BBB=38`` gives one fewer or more."""
    return pd.concat([walk(name, last.get(name, LAST)) for name in NAMES], ignore_index=True)


def missing(bars: pd.DataFrame, **wanted: Any) -> Judgement:
    return holes.missing_sessions(Bars.of(bars), **wanted)


def market(bars: pd.DataFrame, **wanted: Any) -> Judgement:
    return holes.market_holes(Bars.of(bars), **wanted)


def behind(judgement: Judgement) -> dict[str, int]:
    found: Any = judgement.details.get("behind", {})
    return {symbol: one["sessions"] for symbol, one in found.items()}


def test_a_symbol_without_the_newest_session_of_the_others_fails_though_no_bar_follows():
    judgement = missing(ending(BBB=LAST - 2))

    assert judgement.fails and not judgement.flags.any()
    assert judgement.details["behind"] == {"BBB": {"sessions": 2, "last": day(LAST - 3)}}
    assert judgement.details["missing"] == [
        {"symbol": "BBB", "date": day(LAST - 2)},
        {"symbol": "BBB", "date": day(LAST - 1)},
    ]


def test_nothing_is_behind_when_all_end_together_and_no_end_was_asked_for():
    assert not missing(ending()).fails and not market(ending()).fails


def test_an_end_that_was_asked_for_is_expected_of_all_whoever_has_it():
    asked = {"last_date": day(LAST + 1)}

    assert behind(missing(ending(), **asked)) == dict.fromkeys(NAMES, 2)
    found = market(ending(), **asked)
    lacking: Any = found.details["sessions"]
    assert found.fails and [one["session"] for one in lacking] == [day(LAST), day(LAST + 1)]


def test_no_session_is_expected_before_it_has_closed():
    asked = {"last_date": day(LAST), "as_of": f"{day(LAST)}T15:00:00"}

    assert not missing(ending(), **asked).fails
    assert missing(ending(), **asked | {"as_of": day(LAST)}).fails


def test_a_bar_from_the_future_makes_no_other_symbol_late():
    bars = ending()
    bars.loc[len(bars) - 1, "date"] = pd.Timestamp("2999-01-03")

    assert behind(missing(bars, as_of=day(LAST - 1))) == {"EEE": 1}  # whose date it was


def to_come(*names: str) -> pd.DataFrame:
    """The five, of which ``names`` have one more bar: of a session in forty sessions' time."""
    bars = ending()
    more = bars[bars.symbol.isin(names)].groupby("symbol").tail(1)
    return pd.concat([bars, more.assign(date=SESSIONS[LAST + 40])], ignore_index=True)


@pytest.mark.parametrize("names", [("EEE",), NAMES[:2], NAMES])
def test_a_bar_of_a_session_to_come_asks_nothing_of_anybody(names: tuple[str, ...]):
    """Nor is the way to it a hole: none of these sessions was due."""
    for closed in (LAST - 1, LAST + 9):
        judged = to_come(*names), day(closed)
        for found in (missing(judged[0], as_of=judged[1]), market(judged[0], as_of=judged[1])):
            assert not found.fails and not found.flags.any() and not found.details


def test_the_newest_session_is_still_seen_beside_a_bar_to_come():
    """Of one that has the bar to come: it alone has the last closed session as well."""
    bars = to_come("EEE")
    bars = bars[(bars.date != SESSIONS[LAST - 1]) | (bars.symbol == "EEE")]

    assert behind(missing(bars, as_of=day(LAST + 9))) == dict.fromkeys(NAMES[:4], 1)


def test_bars_on_a_closed_day_are_no_newest_session():
    sunday = ending().head(1).assign(date=pd.Timestamp("2024-03-10"))

    assert behind(missing(pd.concat([ending(), sunday], ignore_index=True))) == {}


def test_what_the_market_lacks_belongs_to_no_symbol_and_names_those_that_lack_it():
    judgement = market(ending(BBB=LAST - 1, CCC=LAST - 1))

    assert judgement.fails and not judgement.flags.any()
    assert behind(judgement) == {"BBB": 1, "CCC": 1}
    assert judgement.details["sessions"] == [
        {"session": day(LAST - 1), "percent_missing": 40.0, "symbols": ["BBB", "CCC"]}
    ]


def test_one_symbol_behind_is_no_hole_of_the_market():
    assert not market(ending(BBB=LAST - 1)).fails


def test_symbols_that_were_asked_for_and_have_no_bar_lack_every_session_of_the_range():
    asked = {"symbols": [*NAMES, "YYY", "ZZZ"], "first_date": day(LAST - 3)}

    nothing = {"sessions": 3, "last": None}
    assert missing(ending(), **asked).details["behind"] == {"YYY": nothing, "ZZZ": nothing}
    found = market(ending(), **asked)
    assert behind(found) == {"YYY": 3, "ZZZ": 3}
    assert found.details["session_count"] == 3
    assert found.details["sessions"][0]["percent_missing"] == round(200 / 7, 1)


def test_what_lies_before_the_range_is_not_told_again():
    """The bars before the first date are lookback: what they lack was told when it was judged."""
    bars = ending(BBB=LAST - 4, CCC=LAST - 4)
    asked = {"first_date": day(LAST - 1)}

    assert behind(missing(bars, **asked)) == {"BBB": 1, "CCC": 1}
    assert market(bars, **asked).details["session_count"] == 1


def test_the_bar_after_a_hole_of_the_market_before_the_range_does_not_fail_again():
    bars = ending()
    lacking = bars["symbol"].isin(["AAA", "BBB", "CCC"]) & (bars["date"] == SESSIONS[LAST - 2])
    bars = bars[~lacking].reset_index(drop=True)

    assert market(bars).flags.sum() == 3
    narrow = market(bars, first_date=day(LAST - 1))
    assert not narrow.flags.any() and not narrow.fails


def test_a_symbol_that_has_ended_is_expected_until_its_end():
    bars = ending(BBB=LAST - 5, CCC=LAST - 5)
    ended = {"BBB": day(LAST - 6), "CCC": day(LAST - 4)}

    assert behind(missing(bars, ended=ended)) == {"CCC": 2}
    assert market(bars, ended=ended).details == {}
    found = sessions.stale_feeds(Bars.of(bars), as_of=day(LAST - 1), ended=ended)
    assert found.details == {"behind_now": [{"symbol": "CCC", "sessions": 2}]}


def test_an_end_that_a_later_bar_contradicts_is_none():
    bars = ending(BBB=LAST - 2)

    assert behind(missing(bars, ended={"BBB": day(3)})) == {"BBB": 2}


def test_each_calendar_has_its_own_newest_session():
    """Independence Day: London trades, New York does not."""
    names = ["AAA", "BBB", "VOD", "SHEL"]
    bars = pd.concat([walk(name) for name in names], ignore_index=True)
    bars = bars[bars["date"].between("2024-06-20", "2024-07-03")]
    fourth = bars[bars["symbol"] == "VOD"].tail(1).assign(date=pd.Timestamp("2024-07-04"))
    both = pd.concat([bars, fourth], ignore_index=True)

    found = missing(both, calendars=dict.fromkeys(["VOD", "SHEL"], "XLON"))
    assert behind(found) == {"SHEL": 1}


def test_more_sessions_than_allowed_count_with_those_inside():
    bars = ending(BBB=LAST - 1)
    hole = bars.index[(bars["symbol"] == "BBB") & (bars["date"] == SESSIONS[7])]
    bars = bars.drop(hole).reset_index(drop=True)

    assert not missing(bars, allowed=2).fails
    found = missing(bars, allowed=1)
    assert found.fails and np.flatnonzero(found.flags).tolist() == [LAST + 7]
    assert found.details["missing_count"] == 2


@pytest.mark.parametrize("calendar", ["24/7", "24/5"])
def test_a_day_is_over_when_the_calendar_says_so(calendar: str):
    """Friday's session around the clock closes at Saturday's first instant in UTC."""
    dates = pd.date_range("2025-11-03", "2025-11-07")
    bars = walk(bars=len(dates)).assign(date=dates)

    at: dict[str, Any] = {"calendar": calendar, "as_of": "2025-11-07"}
    assert not sessions.future(Bars.of(bars), **at).flags.any()
    assert sessions.future(Bars.of(bars), **at | {"as_of": "2025-11-06"}).flags.sum() == 1
    hour = at | {"as_of": "2025-11-07T12:00:00"}
    assert sessions.future(Bars.of(bars), **hour).flags.sum() == 1


def test_bars_within_a_day_that_is_over_are_not_in_the_future():
    """The evening of the day in New York is the next one in UTC."""
    times = pd.date_range("2025-11-07 16:00", periods=5, freq="h", tz="America/New_York")
    bars = walk(bars=5).assign(date=times)

    assert not sessions.future(Bars.of(bars), as_of="2025-11-07").flags.any()
    assert sessions.future(Bars.of(bars), as_of="2025-11-06").flags.all()


def test_how_far_a_feed_is_behind_is_said():
    judgement = sessions.stale_feeds(Bars.of(ending()), as_of=day(LAST + 9))

    assert judgement.details["behind_now"][0] == {"symbol": "AAA", "sessions": 10}
    assert judgement.flags.sum() == len(NAMES)


@pytest.mark.parametrize(
    ("name", "value"), [("first_date", "soon"), ("last_date", "2025-13-01"), ("ended", {"A": ""})]
)
def test_a_date_that_is_none_is_named(name: str, value: Any):
    with pytest.raises(ExpectationInputError, match=name):
        missing(ending(), **{name: value})
