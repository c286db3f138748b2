"""All parts of a market as one: where the rows of each are in the whole, and reading them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import accumulate
from typing import Any, Protocol, TypedDict

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gx.errors import PartsError
from gx.gate.outcomes import NO_ROWS, Rows
from gx.plugins.expectations.declared import with_declared
from gx.plugins.expectations.kernels.bars import BAR_SIZE, JUDGED, BarSize
from gx.plugins.expectations.kernels.declared import Declared
from gx.plugins.expectations.lookback import with_lookback
from gx.report.events import places_of
from gx.terms import BAR_COLUMNS

Array = NDArray[Any]


class PartDocument(TypedDict):
    """What ``judge_part`` says of a part, but for arrays (see there); as JSON holds it."""

    suite_sha256: str
    columns: list[str]
    rows: int
    lookback_rows: int
    sizes: dict[str, int]
    first_date: str | None
    last_date: str | None
    bar_size: BarSize
    date_labels: bool
    beyond_their_end: dict[str, str]
    entries: list[dict[str, object]]


class Part(Protocol):
    """One part of the market, read piece by piece as it is asked for."""

    @property
    def document(self) -> PartDocument:
        """What ``judge_part`` said of it."""

    def array(self, name: str) -> Array | None:
        """One of its arrays; None when it has none of this name."""

    def bars(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Its bars, in the order in which they were judged; all columns, or these."""

    def lookback(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The bars before the range that were judged with them."""

    @property
    def declared(self) -> Declared | None:
        """What is declared of its symbols; None where nothing is."""


class Market:
    """All parts, and where the rows of each are in the whole."""

    def __init__(self, parts: Sequence[Part], parameters: Mapping[str, object]) -> None:
        """Hold the parts, by symbol, and the values of the suite's parameters."""
        self.parts, self.parameters = parts, parameters
        self._bars = _Span.of([part.document["rows"] for part in parts])
        self._lookback = _Span.of([part.document["lookback_rows"] for part in parts])
        self.judged_rows = sum(span.length for span in self._bars)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The judged bars of each symbol."""
        return {s: n for part in self.parts for s, n in part.document["sizes"].items()}

    @property
    def beyond_their_end(self) -> dict[str, str]:
        """Symbols that have ended, and the newest of their later bars."""
        return {
            s: day for part in self.parts for s, day in part.document["beyond_their_end"].items()
        }

    @property
    def dates(self) -> tuple[str | None, str | None]:
        """The first and the last date of all parts; None without any."""
        first = [day for part in self.parts if (day := part.document["first_date"]) is not None]
        last = [day for part in self.parts if (day := part.document["last_date"]) is not None]
        return min(first, default=None), max(last, default=None)

    def rows(self, name: str) -> Rows:
        """Positions in the whole of the rows that an array of each part names."""
        return _placed([part.array(name) for part in self.parts], self._bars)

    def lookback_rows(self, name: str) -> Rows:
        """The same in the whole of the lookback."""
        return _placed([part.array(name) for part in self.parts], self._lookback)

    def split(self, rows: Sequence[Rows]) -> tuple[Rows, Rows]:
        """Of the rows of each part's table, the judged ones, and those new enough to be told."""
        of_bars, of_lookback = [], []
        for mine, part, span in zip(rows, self.parts, self._bars, strict=True):
            of_bars.append(mine[mine < span.length])
            of_lookback.append(np.intersect1d(mine, needed(part, "newest")) - span.length)
        return _placed(of_bars, self._bars), _placed(of_lookback, self._lookback)

    def bars_at(self, rows: Rows) -> pd.DataFrame:
        """The bars at these positions, which index the frame."""
        return _taken([part.bars for part in self.parts], self._bars, rows)

    def lookback_at(self, rows: Rows) -> pd.DataFrame:
        """The same of the lookback."""
        return _taken([part.lookback for part in self.parts], self._lookback, rows)

    def places_of(self, rows: Rows) -> Rows:
        """Where the bars at these positions are among all of their part, by symbol and date."""
        places: list[Rows] = []
        for part, span in zip(self.parts, self._bars, strict=True):
            mine = rows[(rows >= span.start) & (rows < span.start + span.length)] - span.start
            if len(mine):
                bars = frame_of(part.bars(("symbol", "date")))
                # No bar follows one of another part: there are two places between them.
                places.append(places_of(mine, bars) + span.start + 2 * len(places))
        return np.concatenate([NO_ROWS, *places])

    def columns(self, names: Sequence[str] | None, *, lookback: bool) -> pd.DataFrame:
        """Some columns of all parts, or all of them, as one batch; with their lookback if asked."""
        if names is not None and not names:
            return pd.DataFrame(index=pd.RangeIndex(self.judged_rows))
        bars = frame_of(pa.concat_tables([part.bars(names) for part in self.parts]))
        if not lookback:
            return bars
        told = [one for part in self.parts if (one := part.declared) is not None]
        bars = with_declared(bars, reduce(Declared.and_those, told) if told else None)
        before = frame_of(pa.concat_tables([part.lookback(names) for part in self.parts]))
        return with_lookback(bars, before)


def needed(part: Part, name: str) -> Array:
    """An array of a part; raises PartsError when it has none of this name."""
    found = part.array(name)
    if found is None:
        raise PartsError(f"a part's findings lack {name!r}; run the check of that partition again")
    return found


def all_rows(part: Part, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a part's rows, as it numbers them: its bars, then its lookback.

    The frame tells what the market's bars are.
    """
    bars = part.bars(columns)
    frame = frame_of(pa.concat_tables([bars, part.lookback(columns)]))
    frame.attrs |= {BAR_SIZE: part.document["bar_size"], JUDGED: bars.num_rows}
    return with_declared(frame, part.declared)


def frame_of(table: pa.Table) -> pd.DataFrame:
    """The table as pandas holds bars: dates are timestamps."""
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


@dataclass(frozen=True)
class _Span:
    """Where a part's rows are in the whole."""

    start: int
    length: int

    @classmethod
    def of(cls, lengths: Sequence[int]) -> list["_Span"]:
        return [cls(*pair) for pair in zip(accumulate([0, *lengths[:-1]]), lengths, strict=True)]


def _placed(rows: Sequence[Rows | None], spans: Sequence[_Span]) -> Rows:
    """Positions in the whole of each part's rows, in order."""
    found = [
        np.sort(mine) + span.start
        for mine, span in zip(rows, spans, strict=True)
        if mine is not None
    ]
    return np.concatenate([NO_ROWS, *found])


def _taken(
    readers: Sequence[Callable[..., pa.Table]], spans: Sequence[_Span], rows: Rows
) -> pd.DataFrame:
    """The bars at these positions of the whole; no part is read that has none of them."""
    found: list[pd.DataFrame] = []
    for read, span in zip(readers, spans, strict=True):
        mine = rows[(rows >= span.start) & (rows < span.start + span.length)]
        if len(mine) or not found:
            frame = frame_of(read(BAR_COLUMNS).take(pa.array(mine - span.start)))
            found.append(frame.set_axis(mine, axis=0))
    return pd.concat(found)
