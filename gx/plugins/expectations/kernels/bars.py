"""Bars sorted once by symbol and time, shared by every detector."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.plugins.expectations.errors import ColumnTypeError

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BarSize = Literal["intraday", "daily", "longer"]

MICROSECONDS_PER_HOUR = 3_600_000_000  # ns would end in 2262, and typos do not
T = TypeVar("T")
NO_TIME = np.iinfo(np.int64).min
# Set in the `attrs` of a frame that is a part of a market: what the whole market's bars are.
BAR_SIZE = "bar_size"
# And in those of a frame with a lookback: how many of its rows, the first, are judged.
JUDGED = "judged"


@dataclass(frozen=True)
class Judgement:
    """What a detector found.

    flags: bool per row, in the frame's row order; True is suspicious.
    not_judged_symbols: symbols with too few bars for the statistic; their rows are False.
    details: JSON-ready evidence that belongs to no row (a missing date, a partner).
    fails: whether something fails that is no row.
    """

    flags: Flags
    not_judged_symbols: int = 0
    details: Mapping[str, object] = field(default_factory=dict)
    fails: bool = False


@dataclass(frozen=True)
class MarketJudgement:
    """What was found in all parts of a market.

    rows: of each part its failing rows, as it numbers them.
    details, not_judged_symbols, fails: as in `Judgement`, of the market.
    """

    rows: Sequence[Ints]
    details: Mapping[str, object] = field(default_factory=dict)
    fails: bool = False
    not_judged_symbols: int = 0


class SortedFrame:
    """A frame's rows ordered by symbol and time, and what several detectors derive from them.

    Rows without a symbol or a date belong to no series: their `code` is -1, they come first
    and nothing is said about them here (the not-null expectations name them). `named` is the code
    of the symbol alone, whether there is a date or not.

    Raises ColumnTypeError when the date column holds something that is not a date.
    """

    def __init__(self, frame: pd.DataFrame, symbol: str = "symbol", date: str = "date") -> None:
        """Factorise, sort once (skipped when the rows are in order already)."""
        self.frame = frame
        self.symbol_column = symbol
        self.date_column = date
        self._memo: dict[Hashable, object] = {}
        codes, self.symbols = pd.factorize(frame[symbol])
        stamps = _timestamps(frame[date])
        self.zone = getattr(stamps.dtype, "tz", None)
        instants = _microseconds(stamps)
        code = np.where(instants == NO_TIME, -1, codes).astype(np.int32)
        self.order = _order(code, instants)
        self.code, self.named = self._sort(code), self._sort(codes.astype(np.int32))
        self.instant = self._sort(instants)
        local = stamps.dt.tz_localize(None) if self.zone is not None else stamps
        self.local = self._sort(_microseconds(local))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.code)

    def _sort(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self.order is None else values[self.order]

    def restore(self, flags: Flags) -> Flags:
        """Put flags of the sorted order into the frame's row order."""
        if self.order is None:
            return flags
        restored = np.empty_like(flags)
        restored[self.order] = flags
        return restored

    def memo(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Compute once, and give the same array to every detector that asks."""
        if key not in self._memo:
            self._memo[key] = compute()
        return cast("T", self._memo[key])

    @cached_property
    def first(self) -> Flags:
        """True on the first bar of each symbol."""
        first = np.ones(len(self), dtype=bool)
        first[1:] = self.code[1:] != self.code[:-1]
        return first

    @cached_property
    def starts(self) -> Ints:
        """Sorted positions at which a symbol begins (rows of no series included)."""
        return np.flatnonzero(self.first)

    @cached_property
    def counts(self) -> Ints:
        """Rows per symbol, in the order of `starts`."""
        return np.diff(np.append(self.starts, len(self)))

    @cached_property
    def position(self) -> NDArray[np.int32]:
        """How many bars of the symbol come before; -1 for rows of no series."""
        position = np.arange(len(self)) - np.repeat(self.starts, self.counts)
        return np.where(self.code < 0, -1, position).astype(np.int32)

    @cached_property
    def remaining(self) -> NDArray[np.int32]:
        """How many bars of the symbol come after; -1 for rows of no series."""
        size = np.repeat(self.counts, self.counts)
        return np.where(self.code < 0, -1, size - 1 - self.position).astype(np.int32)

    @cached_property
    def date_labels(self) -> bool:
        """True when every timestamp is a midnight of its own zone: a session's label."""
        times = self.local[self.code >= 0]
        return not np.any(times % (24 * MICROSECONDS_PER_HOUR))

    @cached_property
    def bar_size(self) -> BarSize:
        """The usual distance between a symbol's bars: under 20 hours, to 4 days, or longer.

        Where no symbol has two bars, timestamps at midnight are taken for days. A frame that is
        part of a market may be told (`BAR_SIZE` in its `attrs`).
        """
        given: BarSize | None = self.frame.attrs.get(BAR_SIZE)
        steps = self.steps
        usual = float(np.median(steps)) if len(steps) and given is None else None
        return given or bar_size_of(usual, date_labels=self.date_labels)

    @property
    def steps(self) -> Ints:
        """Microseconds from each bar to the next of its symbol, where they are above zero."""
        follows = ~self.first[1:] & (self.code[1:] >= 0)
        steps: Ints = (self.instant[1:] - self.instant[:-1])[follows]
        return steps[steps > 0]

    def is_judged(self, row: int) -> bool:
        """Is the bar at this sorted position a judged one, and none of the lookback?"""
        place = row if self.order is None else int(self.order[row])
        return place < int(self.frame.attrs.get(JUDGED, len(self)))

    @property
    def symbol_count(self) -> int:
        """Count the symbols."""
        return len(self.symbols)

    def floats(self, column: str) -> Floats:
        """Return a numeric column in sorted order, float64, missing values as NaN."""
        return self.memo(("floats", column), lambda: self._sort(_floats(self.frame[column])))

    def log_price(self, column: str) -> Floats:
        """Return the natural log of a price column; NaN where it is not finite and positive."""
        return self.memo(("log", column), lambda: _log(self.floats(column)))


@dataclass(frozen=True)
class Bars:
    """A sorted frame and the names that its columns have in it."""

    table: SortedFrame
    open: str = "open"
    high: str = "high"
    low: str = "low"
    close: str = "close"
    volume: str = "volume"
    created_at: str = "created_at"

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Bars":
        """Sort a frame that has the usual column names."""
        return cls(SortedFrame(frame))

    @property
    def prices(self) -> tuple[str, str, str, str]:
        """The four price columns' names."""
        return self.open, self.high, self.low, self.close

    def judge(
        self, flags: Flags, not_judged_symbols: int = 0, details: Mapping[str, object] | None = None
    ) -> Judgement:
        """Turn flags in sorted order into a judgement; rows of no series are never flagged."""
        in_series = flags & (self.table.code >= 0)
        return Judgement(self.table.restore(in_series), not_judged_symbols, details or {})

    def nothing(self) -> Judgement:
        """Flag no row, and count every symbol as not judged."""
        return Judgement(np.zeros(len(self.table), dtype=bool), self.table.symbol_count)


def is_daily(dates: pd.Series, symbols: pd.Series) -> bool:
    """Say whether bars are daily: the expectations with `daily_only` make sense for no others."""
    frame = pd.DataFrame({"symbol": symbols, "date": dates})
    return SortedFrame(frame).bar_size == "daily"


def bar_size_of(usual: float | None, *, date_labels: bool) -> BarSize:
    """Name the size of bars that are usually `usual` microseconds apart (None: none follows)."""
    if usual is None:
        return "daily" if date_labels else "intraday"
    hours = usual / MICROSECONDS_PER_HOUR
    if hours < 20:
        return "intraday"
    return "daily" if hours <= 4 * 24 else "longer"


def symbols_with_fewer(bars: Bars, minimum: int) -> int:
    """Count the symbols with fewer than `minimum` bars."""
    in_series = bars.table.code[bars.table.starts] >= 0
    return int(np.count_nonzero((bars.table.counts < minimum) & in_series))


def _order(codes: NDArray[np.int32], instants: Ints) -> NDArray[np.intp] | None:
    """Return the stable order by symbol and time, or None when the rows have it already."""
    same = codes[1:] == codes[:-1]
    in_order = (codes[1:] > codes[:-1]) | (same & (instants[1:] >= instants[:-1]))
    return None if in_order.all() else np.lexsort((instants, codes))


def _timestamps(dates: pd.Series) -> pd.Series:
    if isinstance(dates.dtype, (np.dtype, pd.DatetimeTZDtype)) and dates.dtype.kind == "M":
        return dates
    try:
        return _parsed(dates.astype(object))
    except (ValueError, TypeError) as error:
        raise ColumnTypeError(
            f"column {dates.name!r} does not hold dates ({error}); "
            "convert it with pandas.to_datetime first"
        ) from error


def _parsed(dates: pd.Series) -> pd.Series:
    try:
        return pd.Series(pd.to_datetime(dates, format="ISO8601"))
    except ValueError:  # offsets that change with summer time have no zone in common but UTC
        return pd.Series(pd.to_datetime(dates, format="ISO8601", utc=True))


def _microseconds(stamps: pd.Series) -> Ints:
    if getattr(stamps.dtype, "tz", None) is not None:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
    return stamps.to_numpy(dtype="datetime64[us]").view(np.int64)


def _floats(column: pd.Series) -> Floats:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ColumnTypeError(
            f"column {column.name!r} does not hold numbers ({error}); convert it to float64 first"
        ) from error


def _log(prices: Floats) -> Floats:
    logs = np.full(len(prices), np.nan)
    np.log(prices, out=logs, where=np.isfinite(prices) & (prices > 0))
    return logs
