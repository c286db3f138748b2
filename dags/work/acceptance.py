"""Accepting what a run proposed, as far as the source still has the bars that it was about."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from dags.archive.files import fetcher
from dags.run.datasets import published_at, read_from, source_of
from dags.run.settings import Settings
from dags.staging.proposals import new_repair
from gx.dataset.model import Dataset
from gx.repair.proposal import Proposal
from sql.connection import connected
from sql.errors import RepairError
from sql.extract import extract_bars
from sql.repaired import Repairs
from sql.repairs import NewRepair, Repair, accept, all_repairs

_NEVER = datetime.min.replace(tzinfo=UTC)
_Bar = tuple[str, date, bool]


@dataclass(frozen=True)
class Standing:
    """Of a run's blocks: why some cannot be accepted any more, and which are one copy more.

    Of the latter a copy is left out by an open repair already, and the source has another one.
    """

    outdated: dict[int, str] = field(default_factory=dict)
    more_copies: frozenset[int] = frozenset()


def standing(
    dataset: Dataset, settings: Settings, proposals: Sequence[Proposal], run_id: str
) -> Standing:
    """What has become of the bars that the run proposed to repair."""
    if not proposals:
        return Standing()
    wanted = [
        Repair(
            **vars(new_repair(one, daily=dataset.is_daily)),
            id=-number,
            run_id=str(one.block),
            accepted_by="",
            accepted_at=_NEVER,
            reason="",
        )
        for number, one in enumerate(proposals, 1)
    ]
    with connected(published_at(dataset, settings)) as own:
        known = all_repairs(own, sorted({one.symbol for one in wanted}))
    void = {_bar(one): one.void_run for one in known if one.run_id == run_id and one.void_run}
    open_ones = {_bar(one) for one in known if one.is_open}
    copies = [one for one in known if one.is_open and one.new is None]
    gone = _changed(dataset, settings, wanted, copies)
    outdated, more = dict[int, str](), set[int]()
    for one in wanted:
        block = int(one.run_id)
        if _bar(one) in open_ones:
            if one.new is None and one.id not in gone:
                more.add(block)
        elif why := gone.get(one.id) or (
            f"its repair was found void by the run {void[_bar(one)]}" if _bar(one) in void else ""
        ):
            outdated.setdefault(block, f"{one.symbol}: {why}")
    return Standing(outdated, frozenset(more))


def accept_proposals(
    dataset: Dataset,
    settings: Settings,
    proposals: Sequence[Proposal],
    *,
    run_id: str,
    by: str,
    reason: str,
) -> list[NewRepair]:
    """Accept all of these or none, with the audit's entries.

    Raises RepairError: as `accept` does, and for bars that are others by now.
    """
    now = standing(dataset, settings, proposals, run_id)
    if now.outdated:
        first, more = next(iter(now.outdated.values())), len(now.outdated) - 1
        raise RepairError(
            f"what {run_id} proposed cannot be accepted any more ({first}"
            f"{f'; and {more:,} more' if more else ''}); nothing was accepted. Run the dataset "
            "again, and accept what that run proposes"
        )
    wanted = [new_repair(one, daily=dataset.is_daily) for one in proposals]
    again = {
        (new.symbol, new.date)
        for one, new in zip(proposals, wanted, strict=True)
        if one.block in now.more_copies
    }
    with connected(published_at(dataset, settings)) as engine, engine.begin() as connection:
        accept(connection, wanted, run_id=run_id, by=by, reason=reason, more_copies=again)
    return wanted


def _changed(
    dataset: Dataset, settings: Settings, wanted: Sequence[Repair], copies: Sequence[Repair]
) -> dict[int, str]:
    """What of the wanted ones the source has otherwise now, by id."""
    repairs, days = Repairs([*copies, *wanted]), [one.date for one in wanted]
    with connected(read_from(dataset, settings)) as engine:
        extract_bars(
            engine,
            io.BytesIO(),
            source=source_of(dataset),
            symbols=sorted({one.symbol for one in wanted}),
            start=min(days),
            end=max(days),
            may_be_empty=True,
            repairs=repairs,
            archive=fetcher(settings),
        )
    changes = repairs.changes()
    return {
        one.id: f"no copy of the bar of {one.date} is left to go"
        if one.new is None
        else str(changes[one.block])
        for one in wanted
        if one.block in changes
    }


def _bar(one: NewRepair) -> _Bar:
    return one.symbol, one.date, one.new is None
