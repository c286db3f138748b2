"""Applying accepted repairs to a run's bars, and what the run keeps of it."""

from typing import Any

from sqlalchemy import Engine

from dags.run.context import Run
from dags.staging.layout import REPAIRED
from dags.staging.run_folder import Staging
from sql.repaired import Repairs
from sql.repairs import Numbers, Repair, mark_void, open_repairs


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
    return {
        "repaired": len(repairs.applied) - repairs.dropped,
        "dropped": repairs.dropped,
        "repaired_example": first and _shown(first),
        "void": len(void),
        "void_example": _shown(void[0]) if void else None,
    }


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
