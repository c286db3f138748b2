"""Splits that somebody has declared, so that no detector takes their step for a fault."""

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels.bars import Bars, Floats, SortedFrame
from gx.plugins.expectations.kernels.declared import (
    MICROSECONDS_PER_DAY,
    day_of,
    declared_of,
    placed_splits,
)

Splits = Mapping[str, Mapping[str, float]]

VOTERS = 5  # closes on either side that tell whether the step is in the bars
NEAR = math.log(2)  # how far a close may be from where the split puts it, or leaves it


@dataclass(frozen=True)
class Split:
    """From `day` (days since 1970) on there are `ratio` new shares for each old one."""

    day: int
    ratio: float


def read_splits(splits: object) -> dict[str, tuple[Split, ...]]:
    """Read {"AAPL": {"2014-06-09": 7}}: by symbol, the first day in new shares and their number.

    Raises ExpectationInputError that names the symbol, the date and what is wrong.
    """
    if not isinstance(splits, Mapping):
        raise ExpectationInputError(
            f'splits are {splits!r}; write them by symbol, as {{"AAPL": {{"2014-06-09": 7}}}}'
        )
    return {_symbol(symbol): _of_symbol(symbol, declared) for symbol, declared in splits.items()}


def price_shift(bars: Bars, splits: Splits | None) -> Floats | None:
    """What to add to each bar's log prices, in sorted order, to have them in the newest shares.

    A declared split shifts the bars before it only where its step is in the bars: of up to five
    closes on either side more must be near the level that the split gives than near the old one.
    Bars that were adjusted already stay as they are. None where nothing is shifted. Beside those of
    `splits` it knows the splits that a dataset declares whose prices are as they were traded.
    """
    of_dataset = _of_dataset(bars.table)
    if not splits and not of_dataset:
        return None
    key = ("shift", bars.close, repr(splits or {}))
    return bars.table.memo(key, lambda: _price_shift(bars, [read_splits(splits or {}), of_dataset]))


def _of_dataset(table: SortedFrame) -> Mapping[str, Sequence[Split]]:
    """Those of the dataset, unless its prices are adjusted: then no step is explained."""
    declared = declared_of(table)
    if declared is None or declared.adjusted:
        return {}
    found: dict[str, list[Split]] = {}
    for one in placed_splits(table).splits:
        found.setdefault(one.symbol, []).append(Split(one.day, one.ratio))
    return found


def _price_shift(bars: Bars, declared: Sequence[Mapping[str, Sequence[Split]]]) -> Floats | None:
    table, closes = bars.table, bars.table.log_price(bars.close)
    shift = np.zeros(len(table))
    for code, symbol in enumerate(table.symbols):
        told = dict.fromkeys(one for splits in declared for one in splits.get(str(symbol), ()))
        if not told:
            continue
        # Of the column's own type: of another one the whole column would be cast each time.
        ends = np.array((code, code + 1), dtype=table.code.dtype)
        begin, end = np.searchsorted(table.code, ends).tolist()
        local = table.local[begin:end]
        usable = np.flatnonzero(np.isfinite(closes[begin:end]))
        prices, times = closes[begin:end][usable], local[usable]
        for split in told:
            day, fall = split.day * MICROSECONDS_PER_DAY, math.log(split.ratio)
            if _is_in(prices, int(np.count_nonzero(times < day)), fall):
                shift[begin:end][local < day] -= fall
    return shift if shift.any() else None


def _is_in(closes: Floats, later: int, fall: float) -> bool:
    """Say whether the closes fell by `fall` (log) where the later ones begin."""
    before, after = closes[max(0, later - VOTERS) : later], closes[later : later + VOTERS]
    if not len(before) or not len(after):
        return False
    step = after - np.median(before)
    stays, falls = np.abs(step), np.abs(step + fall)
    votes = (falls < stays) & (falls <= NEAR)
    against = (stays <= falls) & (stays <= NEAR)
    return bool(votes.sum() > against.sum())


def _symbol(symbol: object) -> str:
    if not isinstance(symbol, str) or not symbol.strip():
        raise ExpectationInputError(f"splits name the symbol {symbol!r}; give a symbol of the bars")
    return symbol


def _of_symbol(symbol: str, declared: object) -> tuple[Split, ...]:
    if not isinstance(declared, Mapping):
        raise ExpectationInputError(
            f"splits of {symbol} are {declared!r}; "
            'write the date and the new shares per old, as {"2014-06-09": 7}'
        )
    return tuple(
        Split(_day(symbol, date), _ratio(symbol, date, ratio)) for date, ratio in declared.items()
    )


def _day(symbol: str, date: object) -> int:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(date)):
            raise ValueError
        return day_of(dt.date.fromisoformat(str(date)))
    except ValueError:
        raise ExpectationInputError(
            f"splits of {symbol} name the date {date!r}; write it as 2014-06-09"
        ) from None


def _ratio(symbol: str, date: object, ratio: Any) -> float:
    is_number = isinstance(ratio, int | float) and not isinstance(ratio, bool)
    if not is_number or not math.isfinite(ratio) or ratio <= 0:
        raise ExpectationInputError(
            f"the split of {symbol} on {date} has the ratio {ratio!r}; give the new shares per old "
            "one, a number above 0 (7 for 7:1, 0.1 for 1:10)"
        )
    return float(ratio)
