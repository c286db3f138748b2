"""What is different between two tracked runs, from what they left in MLflow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Account:
    """What one run found and what it looked at.

    ``report`` is its ``validation/results.json``, ``suite`` its ``validation/suite.json`` (None
    when there is none), ``digest`` tells equal bars, ``published`` counts what it did to the
    published table: ``new``, ``changed`` and ``removed`` bars.
    """

    name: str
    report: Report
    suite: Mapping[str, Any] | None = None
    digest: str | None = None
    published: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Counted:
    """Something that both runs counted, differently; 0 where a run does not have it."""

    what: str
    before: int
    now: int


@dataclass(frozen=True)
class SuiteChanges:
    """Expectations that only one suite has, or that have another severity or other bounds."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """From ``before`` to ``now``; expectations are told by their descriptions.

    ``same_bars`` is None when a run did not leave a digest, ``suite`` is None when a run left no
    suite. ``published`` is what the later run did to the bars that were published before it.
    """

    before: str
    now: str
    verdict_before: str
    verdict_now: str
    newly_failing: tuple[str, ...]
    newly_fixed: tuple[str, ...]
    counts: tuple[Counted, ...]
    newly_held: tuple[str, ...]
    no_longer_held: tuple[str, ...]
    bars: tuple[Counted, ...]
    same_bars: bool | None
    published: Mapping[str, int] | None
    suite: SuiteChanges | None


def compare(before: Account, now: Account) -> Difference:
    """What is different in ``now``. An expectation is the same one when its check is the same."""
    old, new = _by_check(before.report["expectations"]), _by_check(now.report["expectations"])
    failed_before = {key for key, entry in old.items() if not entry["success"]}
    failing = {key for key, entry in new.items() if not entry["success"]}
    held_before, held = _held(before.report), _held(now.report)
    return Difference(
        before=before.name,
        now=now.name,
        verdict_before=str(before.report["verdict"]),
        verdict_now=str(now.report["verdict"]),
        newly_failing=tuple(_said(new[key]) for key in new if key in failing - failed_before),
        # One that is no longer in the suite has not been fixed: see `suite`.
        newly_fixed=tuple(
            _said(old[key]) for key in old if key in failed_before & new.keys() - failing
        ),
        counts=tuple(
            Counted(_said(new[key]), _count(old[key]), _count(new[key]))
            for key in new
            if key in failing & failed_before and _count(old[key]) != _count(new[key])
        ),
        newly_held=tuple(sorted(held - held_before)),
        no_longer_held=tuple(sorted(held_before - held)),
        bars=_bars(before.report, now.report),
        same_bars=before.digest == now.digest if before.digest and now.digest else None,
        published=now.published,
        suite=_suites(before.suite, now.suite),
    )


def _by_check(expectations: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {
        json.dumps([entry["type"], entry["kwargs"]], sort_keys=True): entry
        for entry in expectations
    }


def _said(entry: Mapping[str, Any]) -> str:
    return str(entry.get("description") or entry["type"])


def _count(entry: Mapping[str, Any]) -> int:
    return int(entry["unexpected_count"])


def _held(report: Report) -> set[str]:
    return {name for name, found in report["symbols"].items() if found["verdict"] == "held"}


def _bars(before: Report, now: Report) -> tuple[Counted, ...]:
    """Symbols with another number of bars, and those that only one run has."""
    old = {name: int(found["rows"]) for name, found in before["symbols"].items()}
    new = {name: int(found["rows"]) for name, found in now["symbols"].items()}
    return tuple(
        Counted(name, old.get(name, 0), new.get(name, 0))
        for name in sorted(old.keys() | new.keys())
        if old.get(name, 0) != new.get(name, 0)
    )


def _suites(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> SuiteChanges | None:
    if before is None or now is None:
        return None
    old, new = _by_place(before), _by_place(now)
    return SuiteChanges(
        added=tuple(_said(new[key]) for key in new if key not in old),
        removed=tuple(_said(old[key]) for key in old if key not in new),
        changed=tuple(
            f"{_said(new[key])} ({', '.join(_details(old[key], new[key]))})"
            for key in new
            if key in old and _details(old[key], new[key])
        ),
    )


def _by_place(suite: Mapping[str, Any]) -> dict[tuple[str, str, int], Mapping[str, Any]]:
    """Entries by type, columns, and how many of these stand before: bounds may change."""
    placed: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    for entry in suite["expectations"]:
        columns = {key: value for key, value in entry["kwargs"].items() if key.startswith("column")}
        kind = (str(entry["type"]), json.dumps(columns, sort_keys=True))
        placed[(*kind, sum(key[:2] == kind for key in placed))] = entry
    return placed


def _details(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The fields that differ, as ``severity warning → critical``."""
    was = {"severity": old.get("severity"), **old["kwargs"]}
    is_now = {"severity": new.get("severity"), **new["kwargs"]}
    return [
        f"{field} {_shown(was.get(field))} → {_shown(is_now.get(field))}"
        for field in sorted(was.keys() | is_now.keys())
        if was.get(field) != is_now.get(field)
    ]


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
