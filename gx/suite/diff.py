"""Say how two versions of a suite differ, in terms of expectations."""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gx.names import COLUMN_KEYS, short_name
from gx.terms import EXCEPTIONS, WORDED_FOR

_PLAIN_KEYS = ("severity", "description", "notes", "meta", "id")
_SUITE_KEYS = ("name", "id", "notes", "meta", "suite_parameters")
Entry = Mapping[str, object]


@dataclass(frozen=True)
class Detail:
    """One field that differs; None where a side does not have it."""

    field: str
    before: object
    after: object


@dataclass(frozen=True)
class Change:
    """What happened to one expectation, or to the suite itself (``kind`` suite).

    ``before`` and ``after`` are its positions in the two versions, counted from 1.
    """

    kind: Literal["added", "removed", "changed", "moved", "suite"]
    type: str
    name: str
    description: str
    before: int | None = None
    after: int | None = None
    details: tuple[Detail, ...] = ()


def compare(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[Change, ...]:
    """The differences from ``old`` to ``new`` in the new order, then what was removed."""
    before, after = _entries(old), _entries(new)
    pairs = pair_entries(before, after)
    moved = moved_positions(pairs)
    partner = {there: here for here, there in pairs}
    changes = [*_suite_changes(old, new)]
    for there, entry in enumerate(after):
        if there not in partner:
            changes.append(_change("added", entry, after=there + 1))
            continue
        here = partner[there]
        details = _details(before[here], entry)
        if details or there in moved:
            kind: Literal["changed", "moved"] = "changed" if details else "moved"
            changes.append(_change(kind, entry, here + 1, there + 1, details))
    partnered = {here for here, _ in pairs}
    changes += [
        _change("removed", entry, before=here + 1)
        for here, entry in enumerate(before)
        if here not in partnered
    ]
    return tuple(changes)


def pair_entries(before: Sequence[Entry], after: Sequence[Entry]) -> list[tuple[int, int]]:
    """Positions (from 0) of entries that are the same expectation in both, by the old position.

    The same check first, then the same id, then the same type on the same columns, then the type.
    """
    keys: tuple[Callable[[Entry], Hashable], ...] = (
        lambda entry: (frozen(entry.get("type")), frozen(entry.get("kwargs"))),
        lambda entry: ("id", frozen(entry.get("id"))) if entry.get("id") else None,
        lambda entry: (frozen(entry.get("type")), frozen(_columns(entry))),
        lambda entry: frozen(entry.get("type")),
    )
    pairs: dict[int, int] = {}
    for key in keys:
        free: dict[Hashable, list[int]] = {}
        taken = set(pairs.values())
        for there, entry in enumerate(after):
            if there not in taken and key(entry) is not None:
                free.setdefault(key(entry), []).append(there)
        for here, entry in enumerate(before):
            if here not in pairs and free.get(key(entry)):
                pairs[here] = free[key(entry)].pop(0)
    return sorted(pairs.items())


def same(one: object, other: object) -> bool:
    """Equal as JSON values; 1 equals 1.0, and True is no number."""
    return frozen(one) == frozen(other)


def _entries(document: Mapping[str, object]) -> list[Entry]:
    entries = document.get("expectations")
    return [e for e in entries if isinstance(e, Mapping)] if isinstance(entries, list) else []


def _kwargs(entry: Entry) -> Mapping[str, object]:
    """Empty for what is no object: a draft is compared before anybody has checked it."""
    kwargs = entry.get("kwargs")
    return kwargs if isinstance(kwargs, Mapping) else {}


def _columns(entry: Entry) -> list[object]:
    kwargs = _kwargs(entry)
    named = [kwargs[key] for key in (*COLUMN_KEYS, "column_set") if key in kwargs]
    return [name for part in named for name in (part if isinstance(part, list) else [part])]


def frozen(value: object) -> Hashable:
    """A JSON value as a key; 1 is 1.0, and True is no number."""
    if isinstance(value, Mapping):
        return frozenset((key, frozen(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(inner) for inner in value)
    return (isinstance(value, bool), value)


def _details(old: Entry, new: Entry) -> tuple[Detail, ...]:
    before, after = _kwargs(old), _kwargs(new)
    named = [(key, before.get(key), after.get(key)) for key in {**before, **after}]
    plain = [(key, _plain(old, key), _plain(new, key)) for key in _PLAIN_KEYS]
    if old.get("type") != new.get("type"):
        plain.insert(0, ("type", old.get("type"), new.get("type")))
    apart = _exception_details(old, new)
    return tuple(
        Detail(*found) for found in [*named, *apart, *plain] if not same(found[1], found[2])
    )


def _plain(entry: Entry, key: str) -> object:
    """The value of a key.

    Of meta not the exceptions, which are told one by one, nor what a wording was written for: that
    follows from kwargs, which are told.
    """
    value = entry.get(key)
    if key == "meta" and isinstance(value, Mapping):
        value = {n: one for n, one in value.items() if n not in (WORDED_FOR, EXCEPTIONS)}
    return value or None


def _exception_details(old: Entry, new: Entry) -> list[tuple[str, object, object]]:
    """What differs for the symbols of each row of the tables: ``for BRK*: max_value`` 5 → 8.

    Where a row says nothing of a parameter, the entry's own counts.
    """
    before, after = _exceptions(old), _exceptions(new)
    if before is None or after is None:
        return [("exceptions", _table(old), _table(new))]
    found: list[tuple[str, object, object]] = []
    for pattern in {**before, **after}:
        was, now = before.get(pattern, {}), after.get(pattern, {})
        told = f"for {pattern}"
        if bool(was.get("off")) != bool(now.get("off")):
            found.append((told, _judged(was), _judged(now)))
            continue
        for key in {**_kwargs(was), **_kwargs(now)}:
            value = _kwargs(was).get(key, _kwargs(old).get(key))
            found.append((f"{told}: {key}", value, _kwargs(now).get(key, _kwargs(new).get(key))))
        if was.get("severity") or now.get("severity"):
            severity = was.get("severity") or old.get("severity")
            found.append(
                (f"{told}: severity", severity, now.get("severity") or new.get("severity"))
            )
    first, second = ([p for p in one if p in before and p in after] for one in (before, after))
    return [*found, ("order of exceptions", first, second)]


def _judged(row: Mapping[str, object]) -> str:
    return "not judged" if row.get("off") else "judged"


def _table(entry: Entry) -> object:
    meta = entry.get("meta")
    return meta.get(EXCEPTIONS) if isinstance(meta, Mapping) else None


def _exceptions(entry: Entry) -> dict[str, Mapping[str, object]] | None:
    """The rows of an entry by their patterns; None of a table that nobody could read."""
    rows = _table(entry) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    named = {str(row.get("symbols")): row for row in rows}
    return named if len(named) == len(rows) else None


def _suite_changes(old: Mapping[str, object], new: Mapping[str, object]) -> list[Change]:
    found = [(key, old.get(key) or None, new.get(key) or None) for key in _SUITE_KEYS]
    details = tuple(Detail(*one) for one in found if not same(one[1], one[2]))
    return [Change("suite", "", "the suite", "", details=details)] if details else []


def _change(
    kind: Literal["added", "removed", "changed", "moved"],
    entry: Entry,
    before: int | None = None,
    after: int | None = None,
    details: tuple[Detail, ...] = (),
) -> Change:
    said = str(entry.get("description") or "")
    return Change(
        kind,
        str(entry.get("type")),
        short_name(entry.get("type", "?"), _kwargs(entry)),
        said,
        before,
        after,
        details,
    )


def moved_positions(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """New positions outside the longest run that kept its order: the fewest that were moved."""
    tails: list[int] = []
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for _, there in pairs:
        at = bisect_left(tails, there)
        previous[there] = ends[at - 1] if at else None
        tails[at : at + 1], ends[at : at + 1] = [there], [there]
    in_order: set[int] = set()
    step = ends[-1] if ends else None
    while step is not None:
        in_order.add(step)
        step = previous[step]
    return {there for _, there in pairs} - in_order
