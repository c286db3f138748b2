"""The calendar of currencies, which exchange_calendars lacks: its 24/5 is of whole days in UTC."""

from datetime import time
from typing import ClassVar
from zoneinfo import ZoneInfo

import exchange_calendars
from exchange_calendars import ExchangeCalendar
from exchange_calendars.exchange_calendar import HolidayCalendar
from pandas.tseries.holiday import Holiday

NAME = "FX"


class CurrencyCalendar(ExchangeCalendar):  # type: ignore[misc]  # the library has no types
    """Spot currencies: the day begins and ends at 17:00 in New York, Sunday's evening is Monday's.

    Banks trade on no Christmas Day and no New Year's Day, wherever these fall in the week.

    Source: the value date rolls at 17:00 in New York (the FX Global Code's market convention).
    """

    name = NAME
    tz = ZoneInfo("America/New_York")
    open_times: ClassVar = ((None, time(17)),)
    close_times: ClassVar = ((None, time(17)),)

    @property
    def open_offset(self) -> int:
        """A session opens on the evening before."""
        return -1

    @property
    def regular_holidays(self) -> HolidayCalendar:
        """Days without a session."""
        return HolidayCalendar(
            [Holiday("New Year's Day", month=1, day=1), Holiday("Christmas Day", month=12, day=25)]
        )


def calendar_names() -> list[str]:
    """Every calendar that there is: those of exchange_calendars, and this one."""
    return list(exchange_calendars.get_calendar_names())


exchange_calendars.register_calendar_type(NAME, CurrencyCalendar, force=True)
