"""Applying accepted repairs to a run's bars, what the run keeps of it, and accepting by itself."""

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from dags.run.context import Run
from dags.staging.layout import REPAIRED
from dags.staging.proposals import new_repair
from dags.staging.run_folder import Staging
from gx.repair.proposal import Proposal, blocks
from gx.report.sentences import counted
from sql.connection import connected
from sql.repaired import Repairs
from sql.repairs import Numbers, Repair, accept_automatically, mark_void, open_repairs

log = logging.getLogger(__name__)


def accepted_repairs(run: Run, own: Engine) -> tuple[Repairs, Repairs]:
    """Those of the run's range, and those of the bars before it."""
    start, end = run.moments
    found = open_repairs(own, run.request.symbols, end=end, run_id=run.identity.run_id)
    before = [one for one in found if start is not None and one.date < start]
    earlier = {one.id for one in before}
    return Repairs([one for one in found if one.id not in earlier]), Repairs(before)


def keep(run: Run, own: Engine, repairs: Repairs) -> dict[str, Any]:
    """Seal what was applied and what is void, mark the latter; what the step says of it."""
    if not repairs.accepted:
        return {}
    void = repairs.void
    applied = [{"row": one.row, **_plain(one.repair)} for one in repairs.applied]
    run.staging.write_json(REPAIRED, {"applied": applied, "void": [_plain(one) for one in void]})
    if void:
        with own.begin() as connection:
            mark_void(connection, [one.id for one in void], run_id=run.identity.run_id)
    first = repairs.applied[0].repair if repairs.applied else None
    automatic = sum(one.repair.is_automatic for one in repairs.applied)
    return {
        "repaired": len(repairs.applied) - repairs.dropped,
        "dropped": repairs.dropped,
        **({"automatic": automatic} if automatic else {}),
        "repaired_example": first and _shown(first),
        "void": len(void),
        "void_example": _shown(void[0]) if void else None,
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


def repaired_rows(staging: Staging) -> dict[int, str]:
    """The rules by which rows of the extract were repaired."""
    seal = staging.finished("extract").seals.get(REPAIRED)
    if seal is None:
        return {}
    applied = staging.read_json(REPAIRED, seal)["applied"]
    return {one["row"]: one["rule"] for one in applied if one["row"] is not None}


def _shown(one: Repair) -> str:
    return f"{one.symbol} of {one.date} ({one.rule}), accepted by {one.accepted_by}"


def _plain(one: Repair) -> dict[str, Any]:
    return {
        "id": one.id,
        "symbol": one.symbol,
        "date": one.date.isoformat(),
        "rule": one.rule,
        "old": _numbers(one.old),
        "new": one.new and _numbers(one.new),
        "accepted_by": one.accepted_by,
        "reason": one.reason,
    }


def _numbers(values: Numbers) -> list[float | str | None]:
    """Numbers that JSON has not become text."""
    return [one if one is None or one - one == 0 else str(one) for one in values]
