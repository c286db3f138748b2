"""Times of day and time zones, as cells have them behind a date or in a column of their own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gx.errors import BarFileError
from gx.files.dates.stamps import Ints

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?:(?P<half>[AaPp])\.?[Mm]\.?(?![A-Za-z]))?"
)
_OFFSET = r"(?:UTC|GMT)?\s*(?P<offset>[+\-−]\d{2}:?\d{2}|[+\-−]\d{1,2})"
_ZONE = rf"(?:\(?(?:{_OFFSET}|(?P<zone>Z|z|[A-Za-z][A-Za-z_]+(?:/[A-Za-z0-9_+\-]+)*))\)?)?"
_BEHIND = re.compile(rf"(?P<date>.*?)[T ,;]+\s*{_TIME}\s*{_ZONE}")
_BEHIND_DIGITS = re.compile(rf"(?P<date>\d{{8}})[T ;](?P<digits>\d{{4}}|\d{{6}})\s*{_ZONE}")
_OFFSETS = re.compile(r"[+-](\d{1,2}):?(\d{2})?")
# Zones by the name of their winter time: that of the clocks there, and the one without a summer.
_WINTER = {
    "EST": ("America/New_York", "Etc/GMT+5"),
    "MST": ("America/Denver", "Etc/GMT+7"),
}
_ALONE = re.compile(rf"{_TIME}\s*{_ZONE}")


@dataclass(frozen=True)
class Clocked:
    """A cell's date as text, its time of day in µs, and its zone, or None where it names none."""

    date: str
    time: int
    zone: str | None


def split_moment(cell: str) -> Clocked | None:
    """A cell's date, time and zone; None where its time is none (25:00)."""
    cell = cell.strip()
    found = _BEHIND.fullmatch(cell) or _BEHIND_DIGITS.fullmatch(cell)
    if found is None:
        return Clocked(cell, 0, None)
    time = _time_of(found.groupdict())
    return None if time is None else Clocked(found["date"].strip(), time, _zone_of(found))


def split_time(cell: str) -> Clocked | None:
    """A cell of a column of times; None where it is none. ``93000`` is half past nine."""
    cell = cell.strip()
    found = _ALONE.fullmatch(cell)
    if found is not None:
        time = _time_of(found.groupdict())
        return None if time is None else Clocked("", time, _zone_of(found))
    if not re.fullmatch(r"\d{1,6}", cell):
        return None
    digits = cell.zfill(6) if len(cell) > 4 or len(cell) < 3 else cell.zfill(4)
    time = _time_of({"digits": digits})
    return None if time is None else Clocked("", time, None)


def _time_of(parts: dict[str, str | None]) -> int | None:
    if digits := parts.get("digits"):
        hour, minute, second = digits[:2], digits[2:4], digits[4:] or "0"
    else:
        hour, minute, second = (parts[name] or "0" for name in ("hour", "minute", "second"))
    hours = int(hour)
    if half := parts.get("half"):
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + 12 * (half in "pP")
    if hours > 23 or int(minute) > 59 or int(second) > 59:
        return None
    part = int((parts.get("part") or "0")[:6].ljust(6, "0"))
    return hours * HOUR + int(minute) * MINUTE + int(second) * SECOND + part


def _zone_of(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    if offset := parts.get("offset"):
        return offset.replace("−", "-")
    zone = parts.get("zone")
    return "UTC" if zone in ("Z", "z") else zone


def instants(file: str, written: Ints, zones: Sequence[str]) -> Ints:
    """When it was what clocks in the zones showed (µs since 1970).

    Raises BarFileError for a zone that there is not, and for a time that a clock shows twice, or
    never, when it is changed.
    """
    result = np.zeros(len(written), np.int64)
    texts = np.asarray(zones, dtype=object)
    for zone in dict.fromkeys(zones):
        rows = np.flatnonzero(texts == zone)
        result[rows] = _instants_of(file, written[rows], zone)
    return result


def _instants_of(file: str, written: Ints, zone: str) -> Ints:
    if found := _OFFSETS.fullmatch(zone):
        hours, minutes = found.groups()
        offset = int(hours) * HOUR + int(minutes or 0) * MINUTE
        return written - (offset if zone[0] == "+" else -offset)
    moments = pd.DatetimeIndex(written.astype("datetime64[us]"))
    _refuse_summer(file, moments, zone)
    try:
        aware = moments.tz_localize(_known(zone))
    except (ValueError, KeyError, OSError) as error:
        said = " ".join(str(error).split(", try")[0].split())
        raise BarFileError(
            f"{file}: its times cannot be read in the zone {zone!r}: {said}"
        ) from None
    return np.asarray(
        aware.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").view(np.int64)
    )


def _refuse_summer(file: str, moments: pd.DatetimeIndex, zone: str) -> None:
    """EST is written for the time that New York has in winter, and by many for its summer's too."""
    if zone not in _WINTER:
        return
    here, always = _WINTER[zone]
    there = moments.tz_localize(always).tz_convert(here)
    summer = np.flatnonzero(there.tz_localize(None) != moments)
    if len(summer):
        raise BarFileError(
            f"{file}: its times are ambiguous: {moments[summer[0]]} {zone} is in summer, when "
            f"{here} has another time; say which is meant with --zone {here} or --zone {always}"
        )


def is_zone(zone: str | None) -> bool:
    """Whether a cell's zone says a zone: EDT does not, several have it, nor EST in summer."""
    try:
        return (
            zone is not None
            and zone not in _WINTER
            and bool(_OFFSETS.fullmatch(zone) or _known(zone))
        )
    except ValueError:
        return False


def _known(zone: str) -> str:
    """The zone by its name; abbreviations that several zones have are none."""
    try:
        return ZoneInfo(zone).key
    except (ValueError, KeyError, OSError):
        raise ValueError(
            "there is no such zone; name it with --zone, as America/New_York"
        ) from None
