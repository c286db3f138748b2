"""Which exchange's calendar a suite judges a symbol by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gx.errors import GateError
from gx.nearest import nearest
from gx.project import SUITES

USUAL = "XNYS"
SUITE = SUITES / "stock_data.json"


@dataclass(frozen=True)
class Calendars:
    """The calendar of most symbols, and those of single ones.

    ``named``: somebody has named the usual one for the very bars that it is asked for.
    """

    usual: str = USUAL
    others: Mapping[str, str] = field(default_factory=dict)
    named: bool = False

    def of(self, symbol: str | None) -> str:
        """The name of the symbol's calendar."""
        return self.others.get(symbol or "", self.usual)

    def names(self, symbol: str | None) -> bool:
        """Whether that calendar was chosen for the symbol, and is not just the usual one."""
        return self.named or (symbol or "") in self.others


def suite_calendars(path: Path) -> Calendars:
    """The calendars that a suite's file gives, by its first expectation that has any.

    What is wrong with the file is for its strict reading to say: here it has the usual calendar.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["expectations"]
        kwargs = next(entry["kwargs"] for entry in entries if "calendar" in entry["kwargs"])
        return Calendars(str(kwargs["calendar"]), dict(kwargs.get("calendars") or {}))
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return Calendars()


def named_calendars(path: Path, name: str | None) -> Calendars:
    """A suite's calendars with ``name``, if it is given, for the usual one.

    Raises GateError for a calendar that there is not.
    """
    calendars = suite_calendars(path)
    if name is None:
        return calendars
    return replace(calendars, usual=known_calendar(name), named=True)


def known_calendar(name: str) -> str:
    """``name`` if there is such a calendar; raises GateError with the nearest name if not."""
    from gx.plugins.expectations.kernels.currencies import calendar_names

    known = calendar_names()
    if name not in known:
        raise GateError(f"there is no exchange calendar {name!r}{nearest(name.upper(), known)}")
    return name
