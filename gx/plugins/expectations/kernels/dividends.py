"""Steps that a declared dividend explains."""

from collections.abc import Iterator, Mapping

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Flags, Ints, SortedFrame
from gx.plugins.expectations.kernels.declared import (
    Declared,
    declared_of,
    placed_rows,
    placed_splits,
)
from gx.plugins.expectations.kernels.moves import gaps

NEAREST = 0.12  # log; as near to what explains it as the step of an ordinary day is


def are_paid(bars: Bars, rows: Ints) -> Flags:
    """Say at which of a few rows a declared dividend makes the step of the opening."""
    declared = declared_of(bars.table)
    if declared is None or not len(declared.dividends) or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    paid, gap = paid_at(bars, declared), gaps(bars)
    explained = (
        any(abs(gap[row] - step) <= NEAREST for step in paid_steps(bars, row, paid))
        for row in rows.tolist()
    )
    return np.fromiter(explained, dtype=bool, count=len(rows))


def paid_at(bars: Bars, declared: Declared) -> dict[int, float]:
    """By row with a bar before it, what is paid there a share; equal rows of a day count once."""
    return bars.table.memo("paid", lambda: _paid_at(bars, declared))


def paid_steps(bars: Bars, row: int, paid: Mapping[int, float]) -> Iterator[float]:
    """The steps that what is paid at a bar may make: as declared, or in shares of today.

    One of as much as the price, or more, makes none.
    """
    table, amount = bars.table, paid.get(row, 0.0)
    before = float(table.floats(bars.close)[row - 1])
    for one in {amount, amount / _later_shares(table, row)} if amount else ():
        if one < before:
            yield float(np.log1p(-one / before))


def _paid_at(bars: Bars, declared: Declared) -> dict[int, float]:
    table, paid = bars.table, declared.dividends
    rows = placed_rows(table, paid)
    usable = rows > 0
    usable[usable] &= ~table.first[rows[usable]]
    columns = (one[usable].tolist() for one in (rows, paid.day, paid.value))
    amounts: dict[int, float] = {}
    for row, _, amount in dict.fromkeys(zip(*columns, strict=True)):
        amounts[row] = amounts.get(row, 0.0) + amount
    return amounts


def _later_shares(table: SortedFrame, row: int) -> float:
    """How many shares of today one of this bar is."""
    later = (
        one.ratio
        for one in placed_splits(table).splits
        if one.row > row and table.code[one.row] == table.code[row]
    )
    return float(np.prod([*later, 1.0]))
