"""What a cell says of a bar's time: what its clock shows, and the instant, where it has a zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
# A column with more cells that are none of its kind is no such column.
MOST = 1_000
WRITTEN, INSTANT = pa.timestamp("us"), pa.timestamp("us", "UTC")
# What follows the seconds: Z, UTC, +00, +0530, -05:00. A date's own "-05" follows no colon.
_ZONE = r"(:\d{2}(?:\.\d+)?) ?(?:Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
_OTHER_ZONE = r"(:\d{2}(?:\.\d+)?) ?(?:z|UTC|GMT)$"
# Digits alone: a day, a day with its time, or the time since 1970 in s, ms, µs or ns.
_DIGITS = (
    (r"^\d{8}$", None, 1),
    (r"^(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])[0-5]\d([0-5]\d)?$", None, 1),
    (r"^(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])$", None, 1),
    (r"^\d{9,10}$", "s", 1_000_000),
    (r"^\d{12,13}$", "ms", 1_000),
    (r"^\d{15,16}$", "us", 1),
    (r"^\d{18,19}$", "ns", 1),
)


@dataclass(frozen=True)
class Stamps:
    """The dates of a file's rows.

    ``written`` (timestamp[us]) is what the file's own clock shows; ``instant`` (timestamp[us, UTC])
    when that was, None for a file without zones. Cells that are no date are null in both, and their
    rows are ``bad``.
    """

    written: pa.ChunkedArray
    instant: pa.ChunkedArray | None
    bad: Ints

    @cached_property
    def are_dates(self) -> bool:
        """No zone, and no time of day but midnight."""
        if self.instant is not None:
            return False
        day = pc.cast(pc.floor_temporal(self.written, unit="day"), WRITTEN)
        return pc.all(pc.equal(day, self.written)).as_py() is not False

    @property
    def have_weekends(self) -> bool:
        """Whether a date, as written, is a Saturday or Sunday."""
        return pc.any(pc.greater(pc.day_of_week(self.written), 4)).as_py() is True

    @property
    def days(self) -> pa.ChunkedArray:
        """The dates as written (date32)."""
        return pc.cast(pc.floor_temporal(self.written, unit="day"), pa.date32())


def read_stamps(cells: pa.ChunkedArray) -> Stamps:
    """Read a column of texts (null: no date), dates, timestamps, or numbers since 1970."""
    kind = cells.type
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return _all_good(pc.cast(cells, WRITTEN, safe=False), None)
        instant = pc.cast(cells, INSTANT, safe=False)
        return _all_good(pc.cast(pc.local_timestamp(cells), WRITTEN, safe=False), instant)
    if pa.types.is_date(kind):
        return _all_good(pc.cast(pc.cast(cells, pa.date32()), WRITTEN), None)
    if pa.types.is_floating(kind):
        cells = pc.cast(cells, pa.int64(), safe=False)
    texts = pc.cast(cells, pa.string())
    return _of_digits(texts) or _of_texts(texts)


def _of_digits(texts: pa.ChunkedArray) -> Stamps | None:
    """Cells of nothing but digits, of one kind all through; None for any others."""
    if pc.all(pc.match_substring_regex(texts, r"^\d{8,19}$")).as_py() is not True:
        return None
    for form, unit, factor in _DIGITS:
        if not pc.all(pc.match_substring_regex(texts, form)).as_py():
            continue
        if unit is None:
            return _of_texts(texts)
        since = pc.cast(texts, pa.int64())
        since = pc.divide(since, 1_000) if unit == "ns" else pc.multiply(since, factor)
        return _all_good(pc.cast(since, WRITTEN), pc.cast(since, INSTANT))
    return None


def _of_texts(texts: pa.ChunkedArray) -> Stamps:
    plain = _dashed(texts)
    zoned = pc.match_substring_regex(plain, _ZONE)
    if not pc.any(zoned).as_py():
        written, bad = cast_what_can(plain, WRITTEN)
        return Stamps(written, None, bad)
    # A cell without a zone among others that have one says no instant: it is no date either.
    plain = pc.if_else(pc.is_valid(plain), pc.if_else(zoned, plain, ""), plain)
    instant, bad = cast_what_can(pc.replace_substring_regex(plain, _OTHER_ZONE, r"\1Z"), INSTANT)
    written, worse = cast_what_can(pc.replace_substring_regex(plain, _ZONE, r"\1"), WRITTEN)
    return Stamps(written, instant, np.union1d(bad, worse))


def _dashed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """YYYY-MM-DD HH:MM:SS.ffffff and a zone, as far as the cells are of such a kind."""
    if (pc.max(pc.binary_length(texts)).as_py() or 0) > 8 + 2 * _is_dashed(texts):
        texts = pc.replace_substring_regex(texts, r"^(\d{8})(\d\d)$", r"\1 \2:00")
        texts = pc.replace_substring_regex(texts, r"^(\d{8})(\d\d)(\d\d)$", r"\1 \2:\3")
        texts = pc.replace_substring_regex(texts, r"^(\d{8})(\d\d)(\d\d)(\d\d)$", r"\1 \2:\3:\4")
        texts = pc.replace_substring_regex(texts, r"^(.{8,10})T", r"\1 ")
        texts = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
        texts = pc.replace_substring_regex(texts, r" (Z|[+-]\d{2}(?::?\d{2})?)$", r"\1")
    return pc.replace_substring_regex(texts, r"^(\d{4})(\d{2})(\d{2})", r"\1-\2-\3")


def _is_dashed(texts: pa.ChunkedArray) -> bool:
    """Whether no cell is of nothing but ten digits: dates alone then have ten characters too."""
    return not pc.any(pc.match_substring_regex(texts, r"^\d{10}$")).as_py()


def cast_what_can(texts: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.ChunkedArray, Ints]:
    """The texts as ``kind``, null where they are none, and the rows where that is so.

    After MOST such rows it gives up: everything is null then.
    """
    try:
        return pc.cast(texts, kind), np.zeros(0, np.int64)
    except pa.ArrowInvalid:
        bad = np.array(list(islice(_uncastable(texts, kind, 0), MOST)), np.int64)
    if len(bad) == MOST:
        return pa.chunked_array([pa.nulls(len(texts), kind)]), bad
    mask = np.zeros(len(texts), bool)
    mask[bad] = True
    good = pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), texts)
    return pc.cast(good, kind), bad


def _uncastable(texts: pa.ChunkedArray, kind: pa.DataType, first: int) -> Iterator[int]:
    """The rows that cannot be cast, in order, by halving."""
    try:
        pc.cast(texts, kind)
        return
    except pa.ArrowInvalid:
        if len(texts) == 1:
            yield first
            return
    half = len(texts) // 2
    yield from _uncastable(texts.slice(0, half), kind, first)
    yield from _uncastable(texts.slice(half), kind, first + half)


def _all_good(written: pa.ChunkedArray, instant: pa.ChunkedArray | None) -> Stamps:
    return Stamps(written, instant, np.zeros(0, np.int64))
