"""`gate repair`: what a run proposed, accepting it, what is accepted, and taking it back."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import Any

from dags.local.errors import LocalError
from dags.local.services import services
from dags.run.datasets import dag_of, published_at
from dags.run.settings import Settings
from dags.run.to_run import commands_of, days_to_run
from dags.staging.files import Folder
from dags.staging.layout import SUMMARY, run_folder, safe_name
from dags.staging.proposals import sealed_proposals
from dags.staging.store import place_at
from dags.work.acceptance import accept_proposals as accept
from gx.dataset.read import read_dataset
from gx.repair.proposal import Proposal
from gx.report.columns import TextColumn, room, table_lines
from gx.report.sentences import counted
from gx.statuses import DONE
from sql.connection import connected
from sql.repairs import NewRepair, Numbers, Repair, all_repairs, revoke

_COMMANDS = 10

_PROPOSED = (
    TextColumn("symbol"),
    TextColumn("date"),
    TextColumn("rule"),
    *(TextColumn(name, sentences=True) for name in ("before", "after", "evidence")),
)
_ACCEPTED = (
    TextColumn("id", numbers=True),
    *(TextColumn(name) for name in ("symbol", "date", "rule", "is")),
    *(TextColumn(name, sentences=True) for name in ("before", "after", "by", "why")),
)


def show(var: Path, name: str, run_id: str | None, *, as_json: bool) -> int:
    """Print what a run proposed, or else every repair that was accepted."""
    dataset = read_dataset(name)
    with services(var) as found:
        settings = Settings.of(found.environment)
        if run_id is not None:
            run_id = _named(settings, name, run_id)
            proposals = _proposals(settings, name, run_id)
            plain = [one.to_json() for one in proposals]
            table = table_lines(_PROPOSED, [_proposal_row(one) for one in proposals], room())
        else:
            with connected(published_at(dataset, settings)) as engine:
                accepted = all_repairs(engine)
            plain = [asdict(one) for one in accepted]
            table = table_lines(_ACCEPTED, [_accepted_row(one) for one in accepted], room())
    if as_json:
        print(json.dumps(plain, indent=2, ensure_ascii=False, default=str))
    else:
        print("\n".join(table) if plain else _nothing(run_id))
    return DONE


def accept_proposals(
    var: Path, name: str, run_id: str, reason: str, of: tuple[Sequence[str], Sequence[str]]
) -> int:
    """Accept what a run proposed, ``of`` some symbols and by some rules where any are named."""
    symbols, rules = of
    dataset = read_dataset(name)
    with services(var) as found:
        settings = Settings.of(found.environment)
        run_id = _named(settings, name, run_id)
        wanted = [
            one
            for one in _proposals(settings, name, run_id)
            if (not symbols or one.symbol in symbols) and (not rules or one.rule in rules)
        ]
        if not wanted:
            raise LocalError(f"{run_id} proposed nothing of these; `gate repair list` shows it")
        given = {"run_id": run_id, "by": getuser(), "reason": reason}
        done = accept(dataset, settings, wanted, **given)
    print(
        f"{counted(len(done), 'repair')} accepted; the next run reads these bars so, and judges "
        "them again"
    )
    _say_what_to_run(name, done)
    return DONE


def revoke_repairs(var: Path, name: str, ids: Sequence[int], reason: str) -> int:
    """Take accepted repairs back."""
    dataset = read_dataset(name)
    with (
        services(var) as found,
        connected(published_at(dataset, Settings.of(found.environment))) as engine,
        engine.begin() as connection,
    ):
        done = revoke(connection, ids, by=getuser(), reason=reason)
    along = len(done) - len(set(ids))
    more = f" ({along:,} more than named: a block is revoked as a whole)" if along else ""
    print(
        f"{counted(len(done), 'repair')} revoked{more}; the next run reads these bars as the "
        "source has them"
    )
    _say_what_to_run(name, done)
    return DONE


def _say_what_to_run(name: str, repairs: Sequence[NewRepair]) -> None:
    """Which days have to be run, each symbol's in one run: a seam would be held."""
    commands = list(commands_of(name, days_to_run(repairs)))
    print("What is published changes with a run over all of their days:")
    for command in commands[:_COMMANDS]:
        print(f"  {command}")
    if len(commands) > _COMMANDS:
        print(f"  and those of {len(commands) - _COMMANDS:,} more symbols")


def _proposals(settings: Settings, name: str, run_id: str) -> list[Proposal]:
    folder = Folder(run_folder(settings.staging_url, dag_of(name), run_id))
    found = sealed_proposals(folder)
    if found is None:
        raise LocalError(
            f"nothing is kept of a run {run_id!r} of {name} that has judged bars; the reports, and "
            "`gate run` itself, name runs as manual__2026-11-05T08:00:00+00:00"
        )
    return found


def _named(settings: Settings, name: str, run_id: str) -> str:
    """The run's id, also where its folder is named."""
    if safe_name(run_id) == run_id or run_id != Path(run_id).name:
        return run_id
    folder = Folder(place_at(settings.staging_url) / dag_of(name) / run_id)
    return str((folder.find_json(SUMMARY) or {}).get("run_id", run_id))


def _proposal_row(one: Proposal) -> tuple[str, ...]:
    return (one.symbol, _text(one.date), one.rule, _shown(one.old), _shown(one.new), one.evidence)


def _accepted_row(one: Repair) -> tuple[str, ...]:
    state = "open" if one.is_open else "revoked" if one.revoked_by else "void"
    numbers = (_shown(one.old), _shown(one.new))
    return (
        *(str(one.id), one.symbol, _text(one.date), one.rule, state),
        *(*numbers, one.accepted_by, one.reason),
    )


def _text(moment: Any) -> str:
    whole = isinstance(moment, datetime) and moment.tzinfo is None
    return str(moment.date() if whole else moment)


def _shown(numbers: Numbers | None) -> str:
    """A bar in short: open, high, low, close and volume."""
    if numbers is None:
        return "left out"
    return " ".join("NULL" if one is None else f"{one:.10g}" for one in numbers)


def _nothing(run_id: str | None) -> str:
    return "No repair was accepted." if run_id is None else f"{run_id} proposed no repair."
