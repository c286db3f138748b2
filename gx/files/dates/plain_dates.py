"""Plain dates are what the file says, unless all of a symbol's are moved by a day."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from gx.errors import BarFileError
from gx.files.dates.day_fit import by_calendar, distinct_bars, moved, sessions_around, weekday
from gx.files.dates.stamps import Ints
from gx.suite.calendars import Calendars

# Two weeks of which each day but the weekend's is traded; weekly bars are all of one weekday.
FEWEST_DATES, FEWEST_WEEKDAYS = 10, 4
SUNDAY_TO_THURSDAY = {6, 0, 1, 2, 3}  # as in Riyadh
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def refuse_moved(dates: pa.Array, symbols: Sequence[str | None], calendars: Calendars) -> None:
    """Raise BarFileError when a symbol's dates (date32) are sessions only one day on, or back.

    That is so when each bar was called by the midnight at its end, or a time zone took a day off.
    """
    known = dates.is_valid().to_numpy(zero_copy_only=False)
    days = np.asarray(dates.cast(pa.int32()).fill_null(0).to_numpy()).astype(np.int64)
    for calendar, _, owners, rows in by_calendar(symbols, calendars):
        rows = rows[known[rows]]
        if not len(rows):
            continue
        distinct, which = np.unique(days[rows], return_inverse=True)
        if len(distinct) < FEWEST_DATES:
            continue
        bars = distinct_bars(owners[rows], which)
        wrong = moved(bars, distinct, sessions_around(calendar, distinct))
        for owner in np.flatnonzero(wrong):
            own = distinct[bars.stamp[bars.owner == owner]]
            if len(own) >= FEWEST_DATES and len(np.unique(weekday(own))) >= FEWEST_WEEKDAYS:
                row = rows[owners[rows] == pd.unique(owners[rows])[owner]][0]
                raise _moved(own, calendar, symbols[row])


def _moved(days: Ints, calendar: str, symbol: str | None) -> BarFileError:
    weekdays = weekday(days)
    day = days[weekdays > 4][0] if (weekdays > 4).any() else days[0]
    such = "XSAU" if set(weekdays) == SUNDAY_TO_THURSDAY else ""
    never = [name for number, name in enumerate(DAYS[:5]) if number not in weekdays]
    without = f" and none on a {never[0]}" if never else ""
    whose = f" of {symbol}" if symbol else ""
    return BarFileError(
        f"its dates are ambiguous: those{whose} are sessions of {calendar} only when moved by a "
        f"day; one is {np.datetime64(int(day), 'D')}, a {DAYS[weekdays[days == day][0]]}{without}. "
        f"Correct them, or name the exchange's calendar with CALENDAR={such} (--calendar)"
    )
