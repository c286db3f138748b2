"""How `gate quarantine` shows what is held."""

import datetime as dt

import pytest

from dags.local.held import _symbol_row
from sql.held import HeldSymbol

AT = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
EAST = dt.timezone(dt.timedelta(hours=2))
ALONG = ("held with its symbol", 70)
FAULTS = (("close is at least one cent.", 2), ("high is not below low.", 1))


def row(first: dt.date | None, *reasons: tuple[str, int]) -> tuple[str, ...]:
    return _symbol_row(HeldSymbol("A", 72, 0, first, first, AT, "r1", 1, "", reasons))


def test_what_failed_is_named_before_what_was_held_along():
    assert row(None, ALONG, *FAULTS)[-1] == "close is at least one cent. (and 2 more)"
    assert row(None, ALONG)[-1] == "held with its symbol"


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        (dt.date(2025, 10, 23), "2025-10-23"),
        (dt.datetime(2025, 10, 23, 19, tzinfo=dt.UTC), "2025-10-23 19:00"),
        (dt.datetime(2025, 10, 23, 19, tzinfo=EAST), "2025-10-23 17:00"),
        (None, "no date"),
    ],
)
def test_dates_are_shown_as_on_the_pages(first: dt.date | None, shown: str):
    assert row(first, *FAULTS)[2:4] == (shown, shown)
