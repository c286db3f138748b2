"""What a run proposes to repair, as its report shows it: before, after, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gx.repair.proposal import NUMBERS, Proposal, blocks
from gx.report.pictures.prices import PriceChart, price_charts
from gx.web.sources import RunFiles

SHOWN, PICTURED = 50, 6


@dataclass(frozen=True)
class Proposed:
    """Bars of a symbol that are right or wrong together; ``first`` and ``last`` of them."""

    first: Proposal
    last: Proposal
    bars: int
    before: PriceChart | None = None
    after: PriceChart | None = None


@dataclass(frozen=True)
class Repairs:
    """The first of what is proposed, and how many bars are meant in all."""

    shown: tuple[Proposed, ...]
    blocks: int
    bars: int


def proposed_repairs(files: RunFiles) -> Repairs:
    """What the run proposes; the first few are drawn, where its bars are kept."""
    found = blocks(files.proposals())
    shown = [
        _proposed(files, block, drawn=number < PICTURED)
        for number, block in enumerate(found[:SHOWN])
    ]
    return Repairs(tuple(shown), len(found), sum(map(len, found)))


def _proposed(files: RunFiles, block: Sequence[Proposal], *, drawn: bool) -> Proposed:
    first, last = block[0], block[-1]
    bars = files.bars((first.symbol,)) if drawn and first.new is not None else None
    if bars is None:
        return Proposed(first, last, len(block))
    marked = pd.DataFrame(
        {"symbol": first.symbol, "date": [one.date for one in block], "severity": "critical"}
    )
    (before,) = price_charts(bars, marked, (first.symbol,)) or (None,)
    (after,) = price_charts(_repaired(bars, block), marked, (first.symbol,)) or (None,)
    return Proposed(first, last, len(block), before, after)


def _repaired(bars: pd.DataFrame, block: Sequence[Proposal]) -> pd.DataFrame:
    bars = bars.reset_index(drop=True).astype(dict.fromkeys(NUMBERS, "float64"))
    for one in block:
        if one.new is not None:
            bars.loc[bars["date"] == pd.Timestamp(one.date), list(NUMBERS)] = one.new
    return bars
