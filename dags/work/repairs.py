"""Applying accepted repairs to a run's bars, what the run keeps of it, and accepting by itself."""

import io
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Engine

from dags.archive.files import fetcher
from dags.run.context import Run
from dags.staging.layout import REPAIRED
from dags.staging.proposals import new_repair
from dags.staging.run_folder import Staging
from gx.repair.proposal import Proposal, blocks
from gx.report.deeds import RepairedBar, RepairsUse, RepairUse
from gx.report.sentences import counted
from sql.connection import connected
from sql.extract import extract_bars
from sql.repaired import Block, Change, Repairs
from sql.repairs import Numbers, Repair, accept_automatically, mark_void, open_repairs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AcceptedRepairs:
    """Those of the bars of a run's range, of those before it, and of those after it.

    The bars of the latter are only looked at: they end with the block that they belong to.
    """

    within: Repairs
    before: Repairs
    after: Sequence[Repair] = ()

    def changes(self, since: date | None) -> dict[Block, Change]:
        """The blocks that do not hold any more; every bar before the range `since` was read."""
        return {**self.before.changes(since), **self.within.changes()}

    def is_half_applied(self, changes: Mapping[Block, Change]) -> bool:
        """Was a bar of one of these blocks read as accepted nevertheless?"""
        return any(
            one.repair.block in changes for one in (*self.before.applied, *self.within.applied)
        )

    def without(self, changes: Mapping[Block, Change]) -> "AcceptedRepairs":
        """The same for reading anew, with nothing of these blocks applied."""
        return AcceptedRepairs(
            self.within.without(changes), self.before.without(changes), self.after
        )

    @property
    def every(self) -> list[Repair]:
        """All of them, wherever their bars lie."""
        return [*self.before.accepted, *self.within.accepted, *self.after]

    def void(self, changes: Mapping[Block, Change]) -> list[Repair]:
        """All of these blocks, in order of symbol and date."""
        void = [one for one in self.every if one.block in changes]
        return sorted(void, key=lambda one: (one.symbol, one.date, one.id))


def accepted_repairs(run: Run, own: Engine) -> AcceptedRepairs:
    """The open ones of the run's symbols, and those that it has found void itself."""
    start, end = run.moments
    found = open_repairs(own, run.request.symbols, run_id=run.identity.run_id)
    before = [one for one in found if start is not None and one.date < start]
    after = [one for one in found if end is not None and one.date > end]
    apart = {one.id for one in (*before, *after)}
    within = [one for one in found if one.id not in apart]
    return AcceptedRepairs(Repairs(within), Repairs(before), after)


def without_changed(run: Run, engine: Engine, repairs: AcceptedRepairs) -> AcceptedRepairs:
    """The same without the blocks of which the source has another bar, wherever that lies.

    What a run reads for itself are the bars of its range, and some before it.
    """
    every = repairs.every
    if len(every) == len(repairs.within.accepted):
        return repairs
    looked_at = Repairs(every)
    days = [one.date for one in every]
    extract_bars(
        engine,
        io.BytesIO(),
        source=run.source,
        symbols=sorted({one.symbol for one in every}),
        start=min(days),
        end=max(days),
        may_be_empty=True,
        repairs=looked_at,
        archive=fetcher(run.settings),
    )
    return repairs.without(looked_at.changes())


def keep(
    run: Run, own: Engine, repairs: AcceptedRepairs, changes: Mapping[Block, Change]
) -> dict[str, Any]:
    """Seal what was applied and what is void, mark the latter; what the step says of it."""
    void = repairs.void(changes)
    if not repairs.within.accepted and not void:
        return {}
    within = repairs.within
    applied = [{"row": one.row, **_plain(one.repair)} for one in within.applied]
    ended = [{**_plain(one), "change": str(changes[one.block])} for one in void]
    run.staging.write_json(REPAIRED, {"applied": applied, "void": ended})
    if void:
        with own.begin() as connection:
            mark_void(connection, [one.id for one in void], run_id=run.identity.run_id)
    first = within.applied[0].repair if within.applied else None
    automatic = sum(one.repair.is_automatic for one in within.applied)
    return {
        "repaired": len(within.applied) - within.dropped,
        "dropped": within.dropped,
        **({"automatic": automatic} if automatic else {}),
        "repaired_example": first and _shown(first),
        "repaired_by": dict(Counter(one.repair.accepted_by for one in within.applied)),
        "void": len(void),
        "void_blocks": len({one.block for one in void}),
        "void_example": _changed(void[0], changes[void[0].block]) if void else None,
    }


def accept_allowed(run: Run, proposals: Sequence[Proposal]) -> frozenset[str]:
    """Accept what AUTO_REPAIR allows of a run's proposals; whose bars are to be read again.

    What somebody has revoked is left to people.
    """
    rules = run.settings.auto_rules
    allowed = [lot for lot in blocks(proposals) if lot[0].rule in rules]
    if not allowed:
        return frozenset()
    lots = [[new_repair(one, daily=run.dataset.is_daily) for one in lot] for lot in allowed]
    why = f"the setting AUTO_REPAIR has {', '.join(sorted(rules))}"
    with connected(run.published_at) as engine, engine.begin() as connection:
        done = accept_automatically(connection, lots, run_id=run.identity.run_id, reason=why)
    for one in done.revoked:
        log.warning(
            "%s of %s is not repaired by itself: %s took that back (%s)",
            *(one.symbol, one.date, one.revoked_by, one.revoke_reason),
        )
    if done.accepted:
        bars = counted(len(done.accepted), "bar")
        log.warning("AUTO_REPAIR repairs %s, which are read and judged again", bars)
    return frozenset(one.symbol for one in done.accepted)


def repairs_of(parts: Sequence[tuple[int, Staging]], proposals: Sequence[Proposal]) -> RepairsUse:
    """What was applied to the bars in these folders, what is void, and what is proposed now."""
    found = [one for _, staging in parts if (one := _kept(staging))]
    return RepairsUse(
        applied=_uses(line for one in found for line in one["applied"]),
        void=_uses(line for one in found for line in one["void"]),
        proposed=_uses(one.to_json() for one in proposals),
    )


def _uses(lines: Iterable[Mapping[str, Any]]) -> list[RepairUse]:
    """Those that belong together as one; bars without a zone by their day."""

    def together(one: Mapping[str, Any]) -> tuple[Any, ...]:
        named = ("symbol", "rule", "evidence", "block", "accepted_by", "reason", "change")
        return tuple(one.get(name) for name in named)

    uses = []
    for _, group in groupby(lines, together):
        lot = list(group)
        first, days = lot[0], [one["date"].removesuffix("T00:00:00") for one in lot]
        bars = [
            RepairedBar(date=day, old=one["old"], new=one["new"])
            for day, one in zip(days, lot, strict=True)
        ]
        uses.append(
            RepairUse(
                symbol=first["symbol"],
                rule=first["rule"],
                evidence=first["evidence"],
                first_date=days[0],
                last_date=days[-1],
                count=len(lot),
                bars=bars,
                accepted_by=first.get("accepted_by"),
                reason=first.get("reason"),
                change=first.get("change", ""),
                ids=[one["id"] for one in lot if "id" in one],
            )
        )
    return uses


def _kept(staging: Staging) -> dict[str, Any] | None:
    """What extracting kept of repairs, if there were any."""
    seal = staging.finished("extract").seals.get(REPAIRED)
    found: dict[str, Any] | None = None if seal is None else staging.read_json(REPAIRED, seal)
    return found


def repaired_rows(staging: Staging) -> dict[int, str]:
    """The rules by which rows of the extract were repaired."""
    found = _kept(staging) or {"applied": ()}
    return {one["row"]: one["rule"] for one in found["applied"] if one["row"] is not None}


def _shown(one: Repair) -> str:
    return f"{one.symbol} of {one.date} ({one.rule}), accepted by {one.accepted_by}"


def _changed(one: Repair, change: Change) -> str:
    """A void one by the bar that changed."""
    return _shown(replace(one, date=change.date))


def _plain(one: Repair) -> dict[str, Any]:
    return {
        "id": one.id,
        "symbol": one.symbol,
        "date": one.date.isoformat(),
        "rule": one.rule,
        "evidence": one.evidence,
        "old": _numbers(one.old),
        "new": one.new and _numbers(one.new),
        "accepted_by": one.accepted_by,
        "reason": one.reason,
    }


def _numbers(values: Numbers) -> list[float | str | None]:
    """Numbers that JSON has not become text."""
    return [one if one is None or one - one == 0 else str(one) for one in values]
