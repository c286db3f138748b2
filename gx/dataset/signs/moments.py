"""What a table's column of dates holds: days, moments, or what a clock without a zone shows."""

import re
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.dataset.columns import CLOCK, MOMENT, TEXTS, WHOLE
from gx.errors import DatasetError

Ints = NDArray[np.int64]
MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
# Of the years 1973 to 2099 in each unit; a day as yyyymmdd is a smaller number than any of these.
_SECONDS = (100_000_000, 4_102_444_800)
_FACTORS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_YEARS = (19_000_101, 21_001_231)
_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?P<time>[T ]\d\d:?\d\d.*)?")
_ZONED = re.compile(r"(Z|[+-]\d\d(:?\d\d)?| ?UTC)$")
SHARE = 0.9  # of the values tell what a column holds; the others are for the gate to judge


class Kind(Enum):
    """What a value says."""

    DAY = "days"
    MOMENT = "moments"
    CLOCK = "times without a zone"


@dataclass(frozen=True)
class Moments:
    """Each row's time in microseconds since 1970, of those that have one (``known``).

    Of a day it is its midnight, of a clock without a zone what it shows, of a moment UTC's.
    """

    kind: Kind
    times: Ints
    known: NDArray[np.bool_]
    unit: str | None = None
    why: str = ""


def moments(values: pd.Series, column: str, type_: str, unit: str | None = None) -> Moments:
    """Read the dates of a sample.

    ``values`` are microseconds (of dates and timestamps), whole numbers or texts, None where there
    is nothing; ``type_`` is the column's. ``unit`` is what a person says of whole numbers. Raises
    DatasetError that says with which option to help.
    """
    known = values.notna().to_numpy(dtype=bool)
    if type_ in WHOLE or (unit == "yyyymmdd" and type_ in TEXTS):
        return _of_numbers(values, known, column, unit)
    if unit is not None:
        raise DatasetError(f"the column {column!r} is {type_}, and no number: leave --unit out")
    if type_ in TEXTS:
        return _of_texts(values, known, column)
    kind = {MOMENT: Kind.MOMENT, CLOCK: Kind.CLOCK}.get(type_, Kind.DAY)
    times = np.where(known, values.where(known, 0), 0).astype(np.int64)
    return Moments(kind, times, known, why=f"{column} is {type_}")


def unit_of(numbers: Ints) -> str | None:
    """What whole numbers count since 1970, or that they are days; None when they are neither."""
    if not len(numbers):
        return None
    if _share(_are_days(numbers)) >= SHARE:
        return "yyyymmdd"
    first, last = _SECONDS
    for unit, factor in _FACTORS.items():
        if _share((numbers >= first * factor) & (numbers < last * factor)) >= SHARE:
            return unit
    return None


def _share(fits: NDArray[np.bool_]) -> float:
    return float(fits.mean()) if len(fits) else 0.0


def _are_days(numbers: Ints) -> NDArray[np.bool_]:
    within = (numbers >= _YEARS[0]) & (numbers <= _YEARS[1])
    month, day = numbers // 100 % 100, numbers % 100
    return np.asarray(within & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31))


def _of_numbers(
    values: pd.Series, known: NDArray[np.bool_], column: str, asked: str | None
) -> Moments:
    numbers = pd.to_numeric(values, errors="coerce")
    known = known & numbers.notna().to_numpy()
    whole = numbers[known].to_numpy(np.int64)
    unit = asked or unit_of(whole)
    if unit is None:
        example = f", such as {whole[0]}," if len(whole) else ""
        raise DatasetError(
            f"the numbers in {column!r}{example} are no days as yyyymmdd, nor s, ms, us or ns "
            "since 1970: say --unit, or --columns date=… if another column is the date"
        )
    said = "days as yyyymmdd" if unit == "yyyymmdd" else f"{unit} since 1970"
    if unit == "yyyymmdd":
        found = pd.to_datetime(
            numbers.astype("Int64").astype(str), format="%Y%m%d", errors="coerce"
        )
        known = known & found.notna().to_numpy()
        times = found.fillna(pd.Timestamp(0)).to_numpy("datetime64[us]").view(np.int64)
        return Moments(Kind.DAY, times, known, unit, f"{column} holds {said}")
    times = np.zeros(len(numbers), np.int64)
    factor = _FACTORS[unit]
    times[known] = (
        whole // (factor // MICROSECONDS)
        if factor > MICROSECONDS
        else whole * (MICROSECONDS // factor)
    )
    first = np.datetime64(int(times[known][0]), "us") if known.any() else ""
    why = f"{column} holds {said}: {whole[0]} is {first} UTC" if len(whole) else said
    return Moments(Kind.MOMENT, times, known, unit, why)


def _of_texts(values: pd.Series, known: NDArray[np.bool_], column: str) -> Moments:
    texts = values[known].astype(str).str.strip()
    found = texts.map(_ISO.fullmatch)
    if not len(texts) or _share(found.notna().to_numpy(dtype=bool)) < SHARE:
        odd = next((text for text in texts if not _ISO.fullmatch(text)), "")
        raise DatasetError(
            f"the column {column!r} holds texts such as {odd!r}, which are no dates as "
            "2025-11-03: say --columns date=… if another column is the date, or give a "
            f"--query that makes dates of them: to_date({column}, 'DD/MM/YYYY') as date"
        )
    timed = texts.map(lambda text: bool((it := _ISO.fullmatch(text)) and it["time"]))
    read = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    times, fine = np.zeros(len(values), np.int64), known.copy()
    fine[known] = read.notna().to_numpy()
    instants = read.dropna().dt.tz_convert(None).to_numpy("datetime64[us]").view(np.int64)
    times[fine] = instants
    if not timed.any():
        return Moments(Kind.DAY, times, fine, why=f"{column} holds days as text")
    zoned = texts[timed].map(lambda text: bool(_ZONED.search(text)))
    if zoned.any():
        raise DatasetError(
            f"the column {column!r} holds texts with a zone, such as {texts[timed].iloc[0]!r}: "
            f"give a --query that makes moments of them: {column}::timestamptz as date"
        )
    return Moments(Kind.CLOCK, times, fine, why=f"{column} holds times as text, without a zone")
