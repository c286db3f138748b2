"""Defects planted in bars within the day of several exchanges, and what is found of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels import holes, sessions
from gx.plugins.expectations.kernels.bars import Bars
from gx.plugins.expectations.kernels.missing_bars import missing_bars
from tests.unit.expectations.within_the_day import schedule_of, times_of, walk_within

SPAN, AS_OF = ("2025-09-15", "2025-12-05"), "2025-12-06"  # early closes, both changes of the clock
CALENDARS = ("XNYS", "XTKS", "XHKG", "CMES", "24/7", "XLON")
HOURS, MISSING = "expect_bars_on_trading_sessions", "expect_no_missing_bars_within_sessions"
SESSIONS = "expect_no_missing_sessions"


@dataclass(frozen=True)
class Within:
    """Bars with a defect, and the labels of those at which it should be found."""

    bars: pd.DataFrame
    targets: set[int]


@dataclass(frozen=True)
class KindWithin:
    """A kind of defect, the expectations that may find it, and where it can be."""

    name: str
    finders: tuple[str, ...]
    plant: Callable[[pd.DataFrame, str, np.random.Generator], Within]
    calendars: tuple[str, ...] = CALENDARS


def missing_minutes(bars: pd.DataFrame, calendar: str, rng: np.random.Generator) -> Within:
    """One to twelve bars in a row, gone; the bar behind them stands for the hole."""
    begin = int(rng.integers(1, len(bars) - 100))
    length = int(rng.integers(1, 13))
    return Within(bars.drop(range(begin, begin + length)), {begin + length})


def cut_session(bars: pd.DataFrame, calendar: str, rng: np.random.Generator) -> Within:
    """The first or the last bars of a session, gone."""
    _, rows = _a_session(bars, calendar, rng)
    length = int(rng.integers(1, len(rows) // 2))
    gone = rows[:length] if rng.random() < 0.5 else rows[-length:]
    return Within(bars.drop(gone), {int(gone[-1]) + 1})


def whole_session(bars: pd.DataFrame, calendar: str, rng: np.random.Generator) -> Within:
    """A session without any bar."""
    _, rows = _a_session(bars, calendar, rng)
    return Within(bars.drop(rows), {int(rows[-1]) + 1})


def bar_in_the_break(bars: pd.DataFrame, calendar: str, rng: np.random.Generator) -> Within:
    """A bar while the exchange pauses."""
    session, _ = _a_session(bars, calendar, rng, broken=True)
    span = session["break_end"] - session["break_start"]
    slot = int(rng.integers(1, span // pd.Timedelta(minutes=5)))
    return _with_a_bar(bars, session["break_start"] + slot * pd.Timedelta(minutes=5))


def bar_after_the_close(bars: pd.DataFrame, calendar: str, rng: np.random.Generator) -> Within:
    """A bar 15 minutes to three hours after a close, an early one half of the time."""
    session, _ = _a_session(bars, calendar, rng, early=bool(rng.random() < 0.5))
    return _with_a_bar(bars, session["close"] + int(rng.integers(3, 37)) * pd.Timedelta(minutes=5))


KINDS = (
    KindWithin("within: missing minutes", (MISSING,), missing_minutes),
    KindWithin("within: session cut", (MISSING,), cut_session),
    KindWithin("within: whole session", (SESSIONS, MISSING), whole_session),
    KindWithin("within: in the break", (HOURS,), bar_in_the_break, ("XTKS", "XHKG")),
    KindWithin("within: after the close", (HOURS,), bar_after_the_close, ("XNYS", "XLON", "XHKG")),
)


def flagged(bars: pd.DataFrame, calendar: str) -> dict[str, set[int]]:
    """The labels of the bars that each expectation about sessions flags."""
    table = Bars.of(bars)
    found = {
        HOURS: sessions.off_session(table, calendar=calendar),
        MISSING: missing_bars(table, calendar=calendar, as_of=AS_OF),
        SESSIONS: holes.missing_sessions(table, calendar=calendar, as_of=AS_OF),
    }
    return {name: set(bars.index[judgement.flags]) for name, judgement in found.items()}


def clean_bars(calendar: str, *, minutes: int = 5, ended: bool = False) -> pd.DataFrame:
    """Twelve weeks of bars."""
    return walk_within(times_of(calendar, *SPAN, minutes, ended=ended))


def recall_and_strays(kind: KindWithin, rounds: int, seed: int) -> tuple[float, int]:
    """The share of what was planted that they find, and all that is found besides."""
    found = [one for calendar in kind.calendars for one in _found(kind, calendar, rounds, seed)]
    hits, strays = zip(*found, strict=True)
    return sum(hits) / len(hits), sum(strays)


def _found(kind: KindWithin, calendar: str, rounds: int, seed: int) -> Iterator[tuple[bool, int]]:
    rng = np.random.default_rng(seed)
    clean = {ended: clean_bars(calendar, ended=ended) for ended in (False, True)}
    for number in range(rounds):
        planted = kind.plant(clean[bool(number % 2)], calendar, rng)
        after = flagged(planted.bars.sample(frac=1, random_state=rng), calendar)
        hit = planted.targets <= set().union(*(after[name] for name in kind.finders))
        yield hit, len(set().union(*after.values()) - planted.targets)


def _a_session(
    bars: pd.DataFrame, calendar: str, rng: np.random.Generator, *, broken: bool = False,
    early: bool = False,
) -> tuple[pd.Series, np.ndarray]:  # fmt: skip
    """A session that is neither the first nor the last, and the labels of its bars."""
    known = schedule_of(calendar).loc[SPAN[0] : SPAN[1]].iloc[1:-1]
    if broken:
        known = known[known["break_start"].notna()]
    length = known["close"] - known["open"]
    if early and (length < length.max()).any():
        known = known[length < length.max()]
    session = known.iloc[int(rng.integers(len(known)))]
    ended = bars["date"].iloc[0] > schedule_of(calendar).loc[SPAN[0] :, "open"].iloc[0]
    begins = bars["date"] - pd.Timedelta(minutes=5 * ended)
    return session, bars.index[(begins >= session["open"]) & (begins < session["close"])].to_numpy()


def _with_a_bar(bars: pd.DataFrame, moment: pd.Timestamp) -> Within:
    more = bars.iloc[[0]].set_axis([len(bars)]).assign(date=moment)
    return Within(pd.concat([bars, more]), {len(bars)})
