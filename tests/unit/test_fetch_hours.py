"""What Interactive Brokers says of a contract's hours."""

from datetime import UTC, date, datetime

import pytest

from dags.fetch.hours import open_day

NEW_YORK = "20240628:0930-20240628:1600;20240629:CLOSED;20240701:0930-20240701:1600"
TOKYO = "20240628:0900-20240628:1130;20240628:1230-20240628:1500;20240701:0900-20240701:1130"
FOREX = "20240627:1715-20240628:1700;20240629:CLOSED;20240630:1715-20240701:1700"
CRYPTO = "20240628:0000-20240629:0000;20240629:0000-20240630:0000"


@pytest.mark.parametrize(
    ("hours", "zone", "hour", "day"),
    [
        (NEW_YORK, "US/Eastern", 19, date(2024, 6, 28)),
        (NEW_YORK, "US/Eastern", 21, date(2024, 7, 1)),
        (NEW_YORK.replace("-20240628:", "-"), "EST5EDT", 19, date(2024, 6, 28)),
        (TOKYO, "Japan", 3, date(2024, 6, 28)),  # the pause at noon ends no day
        (TOKYO, "Japan", 7, date(2024, 7, 1)),
        (FOREX, "US/Eastern", 20, date(2024, 6, 28)),
        (FOREX, "US/Eastern", 22, date(2024, 7, 1)),
        (CRYPTO, "UTC", 12, date(2024, 6, 28)),
        ("", "US/Eastern", 12, None),
        ("20240628:CLOSED", "US/Eastern", 12, None),
        (NEW_YORK, "Mars/Olympus", 12, None),
        (NEW_YORK, "", 12, None),
        ("20249999:0930-20249999:1600", "US/Eastern", 12, None),
    ],
)
def test_the_first_day_that_has_not_ended(hours: str, zone: str, hour: int, day: date | None):
    found = open_day(hours, zone, datetime(2024, 6, 28, hour, tzinfo=UTC))

    assert (found and found.day) == day


def test_it_says_until_when():
    found = open_day(NEW_YORK, "US/Eastern", datetime(2024, 6, 28, 19, tzinfo=UTC))

    assert found is not None and found.shown == "until 16:00 US/Eastern"
