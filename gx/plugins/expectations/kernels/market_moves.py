"""Sessions on which the whole market moved, and how far a price may then go.

What a part of the market says of it (`find_moves`) is four numbers a session that add up, so that
the parts can be read one after the other and judged together (`judge_moves`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gx.plugins.expectations.kernels.bars import Bars, Flags, Floats, Ints
from gx.plugins.expectations.kernels.declared import MICROSECONDS_PER_DAY
from gx.plugins.expectations.kernels.declared_splits import Splits, price_shift
from gx.plugins.expectations.kernels.moves import RELATIVE_ROUNDING

FEWEST = 5  # symbols that make a market
LISTED = 50  # sessions named one by one
ARRAYS = ("times", "active", "up", "down")
NO_DAYS: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Closes:
    """The usable closes of all symbols, by symbol and time.

    row: sorted position of the bar. level: log of the close, in the newest shares. code: the
    symbol's. time: the session, as the microsecond at which its day begins (bars within the day:
    the bar's own). first: True on a symbol's first.
    """

    row: Ints
    level: Floats
    code: Ints
    time: Ints
    first: Flags


@dataclass(frozen=True)
class Moves:
    """For each session (`times`): how many symbols have a move to it, and rose or fell by much."""

    times: Ints
    active: Ints
    up: Ints
    down: Ints


@dataclass(frozen=True)
class MarketMoves:
    """The sessions on which the market rose, or fell, and what to say of them."""

    up: Ints = field(default_factory=NO_DAYS.copy)
    down: Ints = field(default_factory=NO_DAYS.copy)
    details: Mapping[str, object] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(len(self.up) or len(self.down))


CALM: Final = MarketMoves()


@dataclass(frozen=True)
class Limits:
    """How far, as a log, a price may be from an earlier one.

    By `size`; by half as much again where the market moved that way on a session in between.
    """

    size: float
    market: MarketMoves

    def up(self, since: ArrayLike, upto: ArrayLike) -> Any:
        """Return the largest rise from one time to a later one."""
        return self._limit(self.market.up, since, upto)

    def down(self, since: ArrayLike, upto: ArrayLike) -> Any:
        """Return the largest fall from one time to a later one."""
        return self._limit(self.market.down, since, upto)

    def _limit(self, moved: Ints, since: ArrayLike, upto: ArrayLike) -> Any:
        least = self.size + RELATIVE_ROUNDING
        if not len(moved):
            return least
        between = np.searchsorted(moved, upto, "right") > np.searchsorted(moved, since, "right")
        return least + between * self.size / 2


def closes_of(bars: Bars, splits: Splits | None) -> Closes:
    """Take the closes that are prices, of bars that belong to a series."""
    table = bars.table

    def compute() -> Closes:
        level, shift = table.log_price(bars.close), price_shift(bars, splits)
        row = np.flatnonzero(np.isfinite(level) & (table.code >= 0))
        level = level if shift is None else level + shift
        code = table.code[row]
        first = np.append(True, code[1:] != code[:-1])[: len(code)]
        return Closes(row, level[row], code.astype(np.int64), times_of(bars)[row], first)

    return table.memo(("closes", bars.close, repr(splits or {})), compute)


def times_of(bars: Bars) -> Ints:
    """Return the session of each bar: the begin of its local day, or the bar's time within it."""
    table = bars.table
    if table.bar_size == "intraday":
        return table.local
    return table.memo("days", lambda: table.local - table.local % MICROSECONDS_PER_DAY)


def find_moves(bars: Bars, *, factor: float, splits: Splits | None = None) -> Moves:
    """Count, by session, the closes that rose or fell from the one before by sqrt(factor)."""
    closes = closes_of(bars, splits)
    moves = np.diff(closes.level, prepend=0.0)[~closes.first]
    codes, times = pd.factorize(closes.time[~closes.first])
    least = np.log(factor) / 2 - RELATIVE_ROUNDING
    return Moves(
        times=np.asarray(times, dtype=np.int64),
        active=np.bincount(codes, minlength=len(times)),
        up=np.bincount(codes[moves >= least], minlength=len(times)),
        down=np.bincount(codes[moves <= -least], minlength=len(times)),
    )


def judge_moves(parts: Sequence[Moves]) -> MarketMoves:
    """Find the sessions on which half of the symbols, and at least five, moved the same way."""
    times = np.unique(np.concatenate([part.times for part in parts]))
    active, up, down = (np.zeros(len(times), dtype=np.int64) for _ in range(3))
    for part in parts:
        at = np.searchsorted(times, part.times)
        active[at] += part.active
        up[at] += part.up
        down[at] += part.down
    rose, fell = ((moved >= FEWEST) & (2 * moved >= active) for moved in (up, down))
    listed = [
        {
            "session": _label(times[at]),
            "direction": "up" if rose[at] else "down",
            "percent_moved": round(float(100 * max(up[at], down[at]) / active[at]), 1),
        }
        for at in np.flatnonzero(rose | fell)
    ]
    details = {"market_moves": listed[:LISTED], "market_move_count": len(listed)}
    return MarketMoves(times[rose], times[fell], details if listed else {})


def _label(time: np.int64) -> str:
    whole = time % MICROSECONDS_PER_DAY == 0
    return str(np.datetime64(int(time), "us").astype("datetime64[D]" if whole else "datetime64[s]"))
