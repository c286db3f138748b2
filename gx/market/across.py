"""Expectations about gross prices and symbols, judged over all parts of the market.

Of each part they need little: what it says adds up, and only a part that has suspects is read
again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.plugins.expectations import ExpectNoGrossPriceErrors
from gx.plugins.expectations.kernels.bars import Bars, Ints
from gx.plugins.expectations.kernels.gross import gross_errors
from gx.plugins.expectations.kernels.market_moves import CALM, Moves, find_moves, judge_moves
from gx.plugins.expectations.kernels.symbols import AmbiguousSymbols

MOVES = ("times", "active", "up", "down")


@dataclass(frozen=True)
class Suspects:
    """What the parts say of gross prices, and how to read the bars of one of them."""

    moves: tuple[Moves, ...]
    rows: tuple[Ints, ...]
    bars: Callable[[int], Bars]


@dataclass(frozen=True)
class Across:
    """Each part's failing rows, as it numbers them, and the details of all of them."""

    rows: list[Ints]
    details: Mapping[str, Any]


def say_gross(expectation: ExpectNoGrossPriceErrors, bars: Bars) -> dict[str, NDArray[Any]]:
    """Say how the part's bars moved, and which are gross (`rows`) if the market did not move."""
    moves = find_moves(bars, factor=expectation.factor, splits=expectation.splits)
    found = gross_errors(bars, factor=expectation.factor, splits=expectation.splits, market=CALM)
    said: dict[str, NDArray[Any]] = {name: getattr(moves, name) for name in MOVES}
    return said | {"rows": np.flatnonzero(found.flags)}


def judge_gross(expectation: ExpectNoGrossPriceErrors, parts: Suspects) -> Across:
    """Judge by what the whole market moved.

    A wider limit finds nothing where the usual one found nothing, so only parts with suspects are
    read again, and none where the market did not move.
    """
    market = judge_moves(parts.moves)
    rows = list(parts.rows)
    for number, suspects in enumerate(parts.rows if market else ()):
        if len(suspects):
            found = gross_errors(
                parts.bars(number),
                factor=expectation.factor,
                splits=expectation.splits,
                market=market,
            )
            rows[number] = np.flatnonzero(found.flags)
    return Across(rows, market.details)


def judge_spellings(
    found: AmbiguousSymbols,
    parts: Sequence[Mapping[str, int]],
    symbols: Callable[[int], pd.Series],
) -> Across:
    """Find the rows of the symbols at fault; `symbols` reads those of one of the parts."""
    nothing = np.zeros(0, dtype=np.int64)
    rows = [
        nothing
        if found.wrong.isdisjoint(part)
        else np.flatnonzero(_named(symbols(number)).isin(found.wrong))
        for number, part in enumerate(parts)
    ]
    return Across(rows, found.details)


def _named(symbols: pd.Series) -> pd.Series:
    """The symbols as text; what is none stays none."""
    return symbols.astype(object).map(str, na_action="ignore")
