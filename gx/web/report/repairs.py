"""What a run proposes to repair: before, after, and why; and what of it somebody accepted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from gx.repair.proposal import NUMBERS, RULES, Proposal, blocks
from gx.report.deeds import RepairUse
from gx.report.document import read_document
from gx.report.pictures.prices import PriceChart, price_charts
from gx.web.held.kept import HeldError
from gx.web.report.accepted import Accepted, RepairsError, Standing
from gx.web.sources import RunFiles, Sources

SHOWN, PICTURED, CHOSEN = 50, 6, 200
ALL_PICTURED = 50  # where they are chosen: those behind the first are folded
SPLIT = "unadjusted split"
Bar = tuple[str, pd.Timestamp, bool]  # a copy of it may go beside another repair


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

    @property
    def by_rule(self) -> Mapping[str, Sequence[Proposed]]:
        """Those that are shown, by their rule."""
        found = {rule: [one for one in self.shown if one.first.rule == rule] for rule in RULES}
        return {rule: those for rule, those in found.items() if those}


@dataclass(frozen=True)
class Line:
    """Repairs that somebody accepted together, and that have the same fate."""

    first: Accepted
    last: Accepted
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Left:
    """How many bars failed critically without a proposal; and whether there was any."""

    unanswered: int = 0
    proposed: bool = False


@dataclass(frozen=True)
class Choice:
    """What of a run's proposals may be accepted now, and what was; ``fault``: why not to tell.

    ``outdated`` says of the others why nobody can accept them any more.
    """

    proposed: Repairs
    accepted: tuple[Line, ...] = ()
    fault: str = ""
    outdated: tuple[str, ...] = ()
    left: Left = Left()


def proposed_repairs(files: RunFiles) -> Repairs:
    """What the run proposes; the first few are drawn, where its bars are kept."""
    return _shown(files, blocks(files.proposals()), SHOWN, PICTURED)


def choice_of(files: RunFiles, sources: Sources) -> Choice:
    """What of the run's proposals nobody has accepted, and what became of the others.

    With them are those that the run has read its bars by.
    """
    found = blocks(files.proposals())
    bars = {_bar(one) for block in found for one in block}
    used = _used(files)
    symbols = {symbol for symbol, *_ in bars} | {one.symbol for one in used}
    known = {number for one in used for number in one.ids}
    fault, there, now = "", list[Accepted](), Standing()
    if symbols:
        try:
            there = sources.repairs.of(files.summary.dataset, symbols)
            now = sources.repairs.standing(files.summary, [one for lot in found for one in lot])
        except RepairsError as error:
            fault = str(error)
    mine = [one for one in there if _bar(one) in bars or one.id in known]
    taken = {_bar(one) for one in mine if one.is_open}
    free = [
        lot
        for lot in found
        if lot[0].block not in now.outdated
        and (lot[0].block in now.more_copies or all(_bar(one) not in taken for one in lot))
    ]
    outdated = tuple(now.outdated.values())
    left = Left(_unanswered(files, found), bool(found))
    shown = _shown(files, free, CHOSEN, ALL_PICTURED)
    return Choice(shown, tuple(lines_of(mine)), fault, outdated, left)


def _used(files: RunFiles) -> Sequence[RepairUse]:
    """What was applied to the run's bars, or found void."""
    document = files.report
    return () if document is None else read_document(document).repairs.accepted


def _unanswered(files: RunFiles, proposed: Sequence[Sequence[Proposal]]) -> int:
    """How many bars failed critically of which no proposal tells what they should be."""
    failing = files.failing(["row", "severity", "symbol", "date"])
    critical = failing.filter(pc.equal(failing["severity"], "critical")).to_pylist()
    every = [one for block in proposed for one in block]
    rows = {one.row for one in every}
    # Of a split the bar after the block fails, and what is wrong are those before it.
    rows |= {max(one.row for one in lot) + 1 for lot in proposed if lot[0].rule == SPLIT}
    # Of copies all fail, and one stays.
    copied = {_moment(one) for one in every if one.new is None}
    return len(
        {
            one["row"]
            for one in critical
            if one["row"] not in rows
            and (one["symbol"], pd.Timestamp(one["date"]).tz_localize(None)) not in copied
        }
    )


def _moment(one: Proposal) -> tuple[str, pd.Timestamp]:
    symbol, moment, _ = _bar(one)
    return symbol, moment


def held_of(sources: Sources, dataset: str, symbols: Collection[str]) -> list[str]:
    """Which of these symbols the gate holds, in order; none where that cannot be told."""
    try:
        return sorted(
            {one.symbol for one in sources.held.symbols(dataset) if one.symbol} & set(symbols)
        )
    except HeldError:  # what is held is a page of its own, which says why
        return []


def _shown(
    files: RunFiles, found: Sequence[Sequence[Proposal]], most: int, pictured: int
) -> Repairs:
    of_symbol: dict[str, list[Proposal]] = {}
    for block in found:
        of_symbol.setdefault(block[0].symbol, []).extend(block)
    shown = [
        _proposed(files, block, of_symbol[block[0].symbol] if number < pictured else ())
        for number, block in enumerate(found[:most])
    ]
    return Repairs(tuple(shown), len(found), sum(map(len, found)))


def lines_of(accepted: Sequence[Accepted]) -> list[Line]:
    """Those that hold first, each lot the newest first."""

    def fate(one: Accepted) -> tuple[Any, ...]:
        ended = (one.revoked_at, one.void_at)
        known = tuple(0.0 if moment is None else moment.timestamp() for moment in ended)
        said = (one.symbol, one.rule, one.evidence)
        return (not one.is_open, -one.accepted_at.timestamp(), *said, *known)

    lots = [list(lot) for _, lot in groupby(sorted(accepted, key=fate), fate)]
    return [Line(lot[0], lot[-1], tuple(one.id for one in lot)) for lot in lots]


def _bar(one: Proposal | Accepted) -> Bar:
    """The bar that is meant, whether its date has a time and a zone or not."""
    stamp = pd.Timestamp(one.date)
    moment = stamp if stamp.tzinfo is None else stamp.tz_convert("UTC").tz_localize(None)
    return one.symbol, moment, one.new is None


def _proposed(
    files: RunFiles, block: Sequence[Proposal], of_symbol: Sequence[Proposal]
) -> Proposed:
    """What is meant by a block; drawn where all that is proposed of its symbol is given.

    After is with all of that: another wrong bar would leave nothing to see of this one.
    """
    first, last = block[0], block[-1]
    bars = files.bars((first.symbol,)) if of_symbol and first.new is not None else None
    if bars is None:
        return Proposed(first, last, len(block))
    # A chart is drawn around the first one: beside the block, so that it shows the step.
    begins = bars["date"].min() == pd.Timestamp(first.date)
    dates = [one.date for one in (block[::-1] if begins else block)]
    marked = pd.DataFrame({"symbol": first.symbol, "date": dates, "severity": "critical"})
    (before,) = price_charts(bars, marked, (first.symbol,)) or (None,)
    (after,) = price_charts(_repaired(bars, of_symbol), marked, (first.symbol,)) or (None,)
    return Proposed(first, last, len(block), before, after)


def _repaired(bars: pd.DataFrame, block: Sequence[Proposal]) -> pd.DataFrame:
    bars = bars.reset_index(drop=True).astype(dict.fromkeys(NUMBERS, "float64"))
    for one in block:
        if one.new is not None:
            bars.loc[bars["date"] == pd.Timestamp(one.date), list(NUMBERS)] = one.new
    return bars
