"""The table of exceptions in an entry's meta, and which of its rows rules a symbol.

``"meta": {"exceptions": [{"symbols": "BRK*", "kwargs": {"max_value": 8}, "severity": "warning"},
{"symbols": "TSLA", "off": true}]}``: a row names a symbol, or a pattern with ``*`` (any characters)
and ``?`` (one), and what differs for it. The first row that fits a symbol rules; what none fits,
and a bar without a symbol, is judged as the entry says.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.terms import EXCEPTIONS

OWN = 0  # in place of a row's number (from 1): no row fits, the entry's own settings rule
MOST_ROWS = 100
KEYS = ("symbols", "kwargs", "severity", "off")
_NAMED = 3


@dataclass(frozen=True)
class SymbolException:
    """A row: whose it is, and what differs. One that is ``off`` is not judged at all."""

    symbols: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: str | None = None
    off: bool = False

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """From a row without a fault (see ``gx.suite.exceptions.faults``)."""
        kwargs = dict(row.get("kwargs") or {})
        return cls(row["symbols"], kwargs, row.get("severity"), bool(row.get("off")))

    @property
    def says(self) -> str:
        """What differs: ``max_value 8, as warning``."""
        if self.off:
            return "not judged"
        said = [f"{key} {_word(value)}" for key, value in self.kwargs.items()]
        return ", ".join([*said, *([f"as {self.severity}"] if self.severity else [])])


@dataclass(frozen=True)
class Table:
    """The rows of an entry, in their order; none in most entries."""

    rows: tuple[SymbolException, ...] = ()

    @classmethod
    def of(cls, meta: Mapping[str, Any] | None) -> Self:
        """Of an entry's meta that has no fault."""
        return cls(tuple(map(SymbolException.read, (meta or {}).get(EXCEPTIONS) or ())))

    def ruling(self, symbol: str | None) -> int:
        """The row (from 1) that rules a symbol; ``OWN`` when none does, or there is no symbol."""
        if symbol is None:
            return OWN
        fitting = (n for n, row in enumerate(self.rows, 1) if fits(row.symbols, symbol))
        return next(fitting, OWN)

    def ruling_each(self, symbols: pd.Series) -> NDArray[np.int64]:
        """The same of each value of a column."""
        codes, distinct = pd.factorize(symbols)  # -1 where there is none
        rows = np.array([*(self.ruling(str(one)) for one in distinct), OWN], dtype=np.int64)
        return rows[codes]

    def ruled(self, row: int, symbols: Iterable[str]) -> tuple[str, ...]:
        """Those of the symbols that a row rules, in order."""
        return tuple(sorted(one for one in symbols if self.ruling(one) == row))

    @property
    def says(self) -> str:
        """All rows in a sentence: ``For BRK*: max_value 8. For TSLA: not judged.``."""
        named = " ".join(f"For {row.symbols}: {row.says}." for row in self.rows[:_NAMED])
        more = len(self.rows) - _NAMED
        return f"{named} And {more} more exception{'s' * (more > 1)}." if more > 0 else named


def fits(pattern: str, symbol: str) -> bool:
    """Does a pattern fit a symbol, in its very letters?"""
    return _compiled(pattern, "?").match(symbol) is not None


def covers(pattern: str, other: str) -> bool:
    """Does it fit whatever the other pattern fits, so that nothing is left for that one?"""
    return _compiled(pattern, "[!*]").match(other) is not None


def fits_all(pattern: str) -> bool:
    """Does it fit every symbol?"""
    return bool(pattern) and "*" in pattern and not pattern.replace("*", "").replace("?", "", 1)


def rows_of(entry: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of an entry as a file has them; none where there is no table."""
    meta = entry.get("meta")
    rows = meta.get(EXCEPTIONS) if isinstance(meta, Mapping) else None
    return rows if isinstance(rows, list) else ()


@lru_cache(maxsize=4096)
def _compiled(pattern: str, any_one: str) -> re.Pattern[str]:
    # fnmatch's own form never tries a text twice: a pattern of many stars costs no more than one.
    written = {"[": "[[]", "?": any_one}
    return re.compile(fnmatch.translate("".join(written.get(one, one) for one in pattern)))


def _word(value: object) -> str:
    if value is None:
        return "none"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:,.15g}" if number else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
