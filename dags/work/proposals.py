"""Proposing repairs of what failed, from the bars that were judged."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dags.staging.run_folder import Staging
from dags.work.extract import staged_bars, staged_lookback
from gx.report.by_symbol import leaves
from sql.terms import NUMBERS

UNADJUSTED, SPIKES = "expect_no_unadjusted_splits", "expect_no_reversing_spikes"

if TYPE_CHECKING:
    from gx.repair.proposal import Proposal
    from gx.report.model import QualityReport


def proposals_of(report: "QualityReport", parts: Iterable[tuple[int, Staging]]) -> "list[Proposal]":
    """What could be repaired: of bars that failed critically, or where the suite sees what may be.

    ``parts`` are the folders with the bars of the run, with the row at which each begins.
    """
    from gx.repair.propose import propose

    failing = report.failing
    critical = failing["row"][failing["severity"] == "critical"].to_numpy()
    splits = _rows_of(report, UNADJUSTED)
    # Of a whole market every symbol may have a warning; these alone tell of what can be repaired.
    rows = np.union1d(critical, [*splits, *_rows_of(report, SPIKES)])
    found: list[Proposal] = []
    for first, staging in parts:
        if not (rows >= first).any():
            continue
        bars = staged_bars(staging)
        mine = rows[(rows >= first) & (rows < first + bars.num_rows)]
        if not len(mine):
            continue
        frame = bars.to_pandas(date_as_object=False)
        lookback = staged_lookback(staging)
        these = propose(frame, mine.tolist(), lookback=lookback, first_row=first, splits=splits)
        blocks = 1 + max((one.block for one in found), default=-1)
        found += [as_read(replace(one, block=one.block + blocks), bars, first) for one in these]
    return found


def not_waived(proposals: "Sequence[Proposal]", report: "QualityReport") -> "list[Proposal]":
    """Those of no bar that somebody has just accepted as it is, nor of its block."""
    waived = {int(row) for one in leaves(report.outcomes) for row in one.waived_rows}
    rows: dict[int, set[int]] = {}
    for one in proposals:
        # Of a split the bar behind the block fails.
        behind = {one.row + 1} if one.rule == "unadjusted split" else set()
        rows.setdefault(one.block, set()).update({one.row}, behind)
    return [one for one in proposals if not rows[one.block] & waived]


def _rows_of(report: "QualityReport", type_: str) -> frozenset[int]:
    """The rows that fail the expectations of a type, whatever their severity."""
    seen = (one for one in report.outcomes if one.type == type_)
    return frozenset(int(row) for one in seen for row in one.rows)


def as_read(one: "Proposal", bars: pa.Table, first: int) -> "Proposal":
    """The proposal with the bar exactly as it was read: a frame has NaN for NULL."""
    old = tuple(bars[name][one.row - first].as_py() for name in NUMBERS)
    if one.new is None:
        return replace(one, old=old)
    new = (None if was is None else now for was, now in zip(old, one.new, strict=True))
    return replace(one, old=old, new=tuple(new))
