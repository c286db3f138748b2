"""The moments of a column, however its cells write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.asked.format import ORDERS, UNITS, Format
from gx.files.dates.clocks import Clocked, instants, is_zone, split_moment, split_time
from gx.files.dates.day_readings import DAY
from gx.files.dates.forms import Form, clearly_better, forms_of, of_form
from gx.files.dates.stamps import INSTANT, MOST, WRITTEN, Ints, Stamps, read_stamps
from gx.files.meaning.columns import is_text

# A day of Excel's, counted from here; from 1954 to 2119 these are no other number of a date.
_EXCEL = np.datetime64("1899-12-30", "D").astype(np.int64)
_SERIAL = r"^[2-7]\d{4}(?:\.\d+)?$"
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_SINCE = pa.scalar(0, pa.int32()).cast(pa.date32())
FEW = 0.9


@dataclass(frozen=True)
class Moments:
    """A column's stamps, how they are written, and what told it.

    ``note`` has to be said of it: that it was told by what is likely, not by what is possible.
    """

    stamps: Stamps
    form: str
    because: str = ""
    note: str = ""


class TwoReadingsError(BarFileError):
    """The dates can be read in two ways."""


Sessions = Callable[[Form, Ints], tuple[int, int]]


def moments_of(file: str, cells: pa.ChunkedArray, asked: Format, sessions: Sessions) -> Moments:
    """Read a column (blank cells null) of texts, dates, timestamps or numbers.

    ``sessions`` says of a form of dates how many there are, and how many are sessions; it is handed
    for each row which of the form's dates it has (-1: none). Raises TwoReadingsError where they do
    not tell which of two forms is meant.
    """
    found = _read(file, cells, asked, sessions)
    if asked.zone is None or found.stamps.are_dates:
        return found
    if found.stamps.instant is not None:
        raise BarFileError(f"{file}: its dates have a time zone of their own; leave --zone out")
    return replace(found, stamps=_in_zone(file, found.stamps, asked.zone))


def in_utc(file: str, found: Moments) -> Moments:
    """Times of a column that calls itself one of UTC; those with a zone, and dates, as they are."""
    if found.stamps.instant is not None or found.stamps.are_dates:
        return found
    return replace(found, stamps=_in_zone(file, found.stamps, "UTC"))


def _read(file: str, cells: pa.ChunkedArray, asked: Format, sessions: Sessions) -> Moments:
    form = asked.date_format
    if form in UNITS or form == "excel":
        return Moments(_counted(cells, form), form, "--date-format")
    if pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type):
        cells = _as_texts(cells)
    if not is_text(cells):
        return Moments(read_stamps(cells), str(cells.type))
    if form is None:
        return _by_evidence(file, cells, asked, sessions)
    if form not in ORDERS and _has_time(form):
        return Moments(_by_strptime(cells, form), form, "--date-format")
    return _by_form(file, cells, asked, sessions)


def _by_evidence(file: str, cells: pa.ChunkedArray, asked: Format, sessions: Sessions) -> Moments:
    """Dates as computers write them, or else as people do."""
    if _are_all(cells, _SERIAL):
        return _days_of_excel(file, cells)
    if _are_all(cells, r"^\d{8,19}\.0+$"):
        cells = pc.replace_substring_regex(cells, r"\.0+$", "")
    stamps = read_stamps(cells)
    plain = Moments(stamps, _shape(cells))
    if not len(stamps.bad):
        return plain
    found = _by_form(file, cells, asked, sessions)
    better = len(found.stamps.bad) < len(stamps.bad) or len(stamps.bad) >= MOST
    return found if better else plain


def _days_of_excel(file: str, cells: pa.ChunkedArray) -> Moments:
    """Days as Excel counts them; where they would be old ones, they may be days since 1970."""
    stamps = _counted(cells, "excel")
    days = stamps.days.drop_null()
    if pc.all(pc.less(days, _SINCE)).as_py():
        number = next(one for one in cells.to_pylist() if one)
        since = np.datetime64(int(float(number)), "D")
        raise TwoReadingsError(
            f"{file}: its dates are numbers: {number} is {days[0]} as Excel counts days, or "
            f"{since} as days since 1970; say --date-format excel, or write dates"
        )
    note = "its dates are numbers, taken for days as Excel counts them"
    return Moments(stamps, "days of Excel's", note=note)


def _has_time(form: str) -> bool:
    return any(part in form for part in ("%H", "%I", "%T", "%R", "%X", "%c", "%s"))


def _are_all(texts: pa.ChunkedArray, pattern: str) -> bool:
    """Whether all cells match; the first ones are asked first."""
    for some in (texts.slice(0, 100), texts):
        if pc.all(pc.match_substring_regex(some, pattern)).as_py() is not True or not len(some):
            return False
    return bool(texts.null_count < len(texts))


def _as_texts(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers without a .0 and without an exponent."""
    if pa.types.is_integer(cells.type):
        return pc.cast(cells, pa.string())
    floats = [None if one is None or one != one else one for one in cells.to_pylist()]
    texts = [
        None if one is None else str(int(one)) if one.is_integer() else repr(one) for one in floats
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _shape(texts: pa.ChunkedArray) -> str:
    """How the first cell is written, in words."""
    first = next((one for one in texts.slice(0, 1_000).to_pylist() if one), "")
    if not first.isdigit() or len(first) == 8:
        return "YYYYMMDD" if first.isdigit() else "YYYY-MM-DD"
    units = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "µs", 16: "µs", 18: "ns", 19: "ns"}
    unit = units.get(len(first))
    return f"{unit} since 1970" if unit else "digits"


def _counted(cells: pa.ChunkedArray, unit: str) -> Stamps:
    """Numbers since 1970, which are UTC, or days of Excel's, which have no zone."""
    numbers = pd.to_numeric(pc.cast(cells, pa.string()).to_pandas(), errors="coerce")
    known = numbers.notna().to_numpy()
    if unit == "excel":
        micro = np.round(numbers.fillna(0).to_numpy(float) * DAY / 1e6) * 1e6 + _EXCEL * DAY
    else:
        whole = [int(one) if one.isdigit() else 0 for one in _digits(cells)]
        micro = np.array([one * 1_000_000 // _PER_SECOND[unit] for one in whole], np.int64)
        known = known & np.array([one.isdigit() for one in _digits(cells)], bool)
    return _stamps(micro.astype(np.int64), known, pc.is_valid(cells), zoned=unit != "excel")


def _digits(cells: pa.ChunkedArray) -> list[str]:
    texts = cells if is_text(cells) else _as_texts(cells)
    return [(one or "").removesuffix(".0") for one in texts.to_pylist()]


def _stamps(micro: Ints, known: np.ndarray, given: pa.ChunkedArray, *, zoned: bool) -> Stamps:
    since = pa.array(micro, pa.int64(), mask=~known)
    bad = np.flatnonzero(~known & given.to_numpy())
    written = pa.chunked_array([pc.cast(since, WRITTEN)])
    return Stamps(written, pa.chunked_array([pc.cast(since, INSTANT)]) if zoned else None, bad)


def _by_strptime(cells: pa.ChunkedArray, form: str) -> Stamps:
    zoned = "%z" in form or "%Z" in form
    texts = cells.to_pandas().astype("str")
    found = pd.to_datetime(texts, format=form, errors="coerce", utc=zoned)
    known = found.notna().to_numpy() & pc.is_valid(cells).to_numpy()
    plain = found.dt.tz_localize(None) if zoned else found
    micro = plain.to_numpy("datetime64[us]").view(np.int64)
    return _stamps(np.where(known, micro, 0), known, pc.is_valid(cells), zoned=zoned)


def _by_form(file: str, cells: pa.ChunkedArray, asked: Format, sessions: Sessions) -> Moments:
    """Each distinct cell is taken apart once: date, time of day, zone."""
    which, distinct = pd.factorize(cells.to_pandas().to_numpy(dtype=object))
    parts = [split_moment(str(cell)) for cell in distinct]
    whole = [Clocked("", 0, None) if part is None else part for part in parts]
    place, dates = pd.factorize(np.array([part.date for part in whole], dtype=object))
    place = np.asarray(place, np.int64)
    named = [str(one) for one in dates]
    order = asked.date_format if asked.date_format in ORDERS else None
    own = asked.date_format if order is None else None  # a person's, for the day alone
    forms = [of_form(named, own)] if own else forms_of(named, order)
    if not forms:
        return Moments(_nothing(cells), "no form that is known")
    rows = np.where(which >= 0, place[which], -1) if len(place) else which
    form, because = _chosen(
        file, [str(one) for one in dates], forms, lambda one: sessions(one, rows)
    )
    if order or own:
        because = "--date-format"
    times = np.array([part.time for part in whole], np.int64)
    good = ~form.bad[place] & np.array([part is not None for part in parts], bool)
    written = form.days[place] * DAY + times
    known = (which >= 0) & good[which] if len(good) else np.zeros(len(which), bool)
    micro = np.where(known, written[which], 0)
    stamps = _stamps(micro, known, pc.is_valid(cells), zoned=False)
    zones = [None if asked.zone and not is_zone(part.zone) else part.zone for part in whole]
    if any(zone is not None for zone in zones):
        stamps = _with_zones(file, written, zones, good, which)
    note = f"its dates are read as {form.order}: {because}" if len(forms) > 1 else ""
    return Moments(stamps, form.name, because, note)


def _nothing(cells: pa.ChunkedArray) -> Stamps:
    known = np.zeros(len(cells), bool)
    return _stamps(np.zeros(len(cells), np.int64), known, pc.is_valid(cells), zoned=False)


def _with_zones(
    file: str,
    written: Ints,
    zones: Sequence[str | None],
    good: np.ndarray,
    which: Ints,
) -> Stamps:
    """A cell without a zone among others that have one says no instant: it is no date either."""
    good = good & np.array([zone is not None for zone in zones], bool)
    usable = np.flatnonzero(good)
    when = np.zeros(len(written), np.int64)
    when[usable] = instants(file, written[usable], [str(zones[int(one)]) for one in usable])
    known = (which >= 0) & good[which]
    given = pa.chunked_array([pa.array(which >= 0)])
    made = _stamps(np.where(known, written[which], 0), known, given, zoned=False)
    since = pa.array(np.where(known, when[which], 0), pa.int64(), mask=~known)
    return Stamps(made.written, pa.chunked_array([pc.cast(since, INSTANT)]), made.bad)


def _chosen(
    file: str,
    dates: Sequence[str],
    forms: Sequence[Form],
    sessions: Callable[[Form], tuple[int, int]],
) -> tuple[Form, str]:
    if len(forms) == 1:
        return forms[0], _proof(forms[0], dates)
    _refuse_several(file, dates, forms)
    better = clearly_better(forms, sessions)
    if better is None:
        raise TwoReadingsError(_two_readings(file, dates, forms, sessions))
    on = ", ".join(f"{one.order}: {sessions(one)[1]} of {sessions(one)[0]}" for one in forms)
    return better, f"dates that are sessions, by order: {on}"


def _refuse_several(file: str, dates: Sequence[str], forms: Sequence[Form]) -> None:
    """Raise BarFileError where each form reads dates that the other does not."""
    first, other = forms[:2]
    mine, others = np.flatnonzero(~first.bad & other.bad), np.flatnonzero(first.bad & ~other.bad)
    if len(mine) and len(others):
        raise BarFileError(
            f"{file}: its dates are written in several ways: {dates[int(mine[0])]!r} is one as "
            f"{first.order}, {dates[int(others[0])]!r} as {other.order}; write all in one way, or "
            "split the file"
        )


def _proof(form: Form, dates: Sequence[str]) -> str:
    """A date that no other order reads."""
    if form.order not in ("DMY", "MDY"):
        return ""
    other = form.name.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
    wrong = np.flatnonzero(of_form(dates, other).bad & ~form.bad)
    return f"{dates[int(wrong[0])]!r} is none in another order" if len(wrong) else ""


def _two_readings(
    file: str,
    dates: Sequence[str],
    forms: Sequence[Form],
    sessions: Callable[[Form], tuple[int, int]],
) -> str:
    by_date = np.stack([form.days for form in forms])
    row = int(np.flatnonzero(by_date.min(axis=0) != by_date.max(axis=0))[0])
    said = []
    for form in forms[:3]:
        count, on = sessions(form)
        day = np.datetime64(int(form.days[row]), "D")
        said.append(f"{day} as {form.order} ({on} of {count} dates are sessions)")
    return (
        f"{file}: its dates can be read in {len(forms)} ways: {dates[row]!r} is "
        f"{', or '.join(said)}; say which with --date-format "
        f"{' or '.join(one.order for one in forms)}"
    )


def _in_zone(file: str, stamps: Stamps, zone: str) -> Stamps:
    known = stamps.written.is_valid().to_numpy()
    written = stamps.written.cast(pa.int64()).fill_null(0).to_numpy()
    when = np.zeros(len(written), np.int64)
    rows = np.flatnonzero(known)
    when[rows] = instants(file, written[rows], [zone] * len(rows))
    since = pa.array(when, pa.int64(), mask=~known)
    return Stamps(stamps.written, pa.chunked_array([pc.cast(since, INSTANT)]), stamps.bad)


def with_times(dates: pa.ChunkedArray, times: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of dates and one of times of day, as one of texts."""
    day = pc.cast(dates, pa.string())
    if pa.types.is_timestamp(dates.type):
        day = pc.cast(pc.cast(dates, pa.date32(), safe=False), pa.string())
    texts = pc.cast(times, pa.string())
    which, distinct = pd.factorize(texts.to_pandas().to_numpy(dtype=object))
    spelled = [_spelled(str(cell)) for cell in distinct]
    clock = pa.array([None if one < 0 else spelled[one] for one in which], pa.string())
    return pc.binary_join_element_wise(day, pa.chunked_array([clock]), " ")


def _spelled(cell: str) -> str:
    """A time of day in one way; what is none stays as it is."""
    found = split_time(cell)
    if found is None:
        return cell
    seconds, part = divmod(found.time, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    text += f".{part:06}" if part else ""
    return f"{text} {found.zone}" if found.zone else text


def are_few(found: Stamps, rows: int) -> bool:
    """Whether so many cells are no dates that the column is none of dates."""
    return len(found.bad) > rows * (1 - FEW)
