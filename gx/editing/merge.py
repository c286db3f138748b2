"""Merge what two people made of one suite, where each changed something else.

By entry, and within an entry by field. Not apart: the numbers of one expectation (each was chosen
with the others as they were), and whatever else was done to one that now looks at something else.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gx.names import columns_of, short_name
from gx.suite.diff import Change, frozen, moved_positions, pair_entries, same
from gx.suite.wording import with_wording_noted, with_wordings_noted
from gx.terms import WORDED_FOR

_ABSENT = object()
_LOOKS_AT = ("row_condition", "condition_parser", "column_set")
MOST_NAMED = 4
Entry = Mapping[str, Any]
Document = Mapping[str, Any]
Token = tuple[str, int]  # an entry: where it is from (base, mine, theirs) and its place there


@dataclass(frozen=True)
class Merge:
    """One suite of two; ``conflicts`` say what cannot be merged, and then ``document`` is none."""

    document: dict[str, Any]
    conflicts: tuple[str, ...] = ()


def merge(base: Document, mine: Document, theirs: Document) -> Merge:
    """``mine`` and ``theirs``, both made from ``base``, as one suite."""
    if not all(map(_shaped, (base, mine, theirs))):
        return Merge({}, ("one of the versions is no suite that could be read",))
    return _Merging(base, with_wordings_noted(mine, base), theirs).done()


def told(changes: Sequence[Change]) -> str:
    """What somebody changed, in short: "changed no_stale_prices (severity), added …"."""
    named = [f"{_DONE[one.kind]} {one.name}{_fields(one)}" for one in changes]
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


_DONE = {"added": "added", "removed": "removed", "changed": "changed", "moved": "moved",
         "suite": "changed"}  # fmt: skip


def _fields(change: Change) -> str:
    fields = ", ".join(detail.field for detail in change.details)
    return f" ({fields})" if fields else ""


@dataclass
class _Merging:
    base: Document
    mine: Document
    theirs: Document
    conflicts: list[str] = field(default_factory=list)

    def done(self) -> Merge:
        keys = _keys(self.base, self.mine, self.theirs, without={"expectations"})
        head = {key: self._head(key) for key in keys}
        entries = self._entries()
        document = {key: value for key, value in head.items() if value is not _ABSENT}
        return Merge({**document, "expectations": entries}, tuple(self.conflicts))

    def _head(self, key: str) -> object:
        def clash(place: str) -> None:
            self.conflicts.append(f"you both changed the suite's {place}")

        return _value(_each(key, (self.base, self.mine, self.theirs)), key, clash)

    def _entries(self) -> list[Entry]:
        before, mine, theirs = (_listed(one) for one in (self.base, self.mine, self.theirs))
        to_mine, to_theirs = dict(pair_entries(before, mine)), dict(pair_entries(before, theirs))
        found: dict[Token, Entry] = {}
        for here, entry in enumerate(before):
            one, other = to_mine.get(here), to_theirs.get(here)
            if one is None and other is None:
                continue
            if one is None or other is None:
                self._refuse_lost(entry, mine, one, theirs, other)
                continue
            certain = _certain(before, here, mine, one) and _certain(before, here, theirs, other)
            found["base", here] = self._entry(entry, mine[one], theirs[other], certain=certain)
        sequences = _tokens(mine, to_mine, "mine"), _tokens(theirs, to_theirs, "theirs")
        self._add(found, mine, theirs, sequences)
        merged = [found[token] for token in self._ordered(found, *sequences)]
        self._refuse_doubles(merged, mine, theirs)
        return merged

    def _refuse_lost(
        self,
        entry: Entry,
        mine: Sequence[Entry],
        one: int | None,
        theirs: Sequence[Entry],
        other: int | None,
    ) -> None:
        """Somebody removed what the other one changed; unchanged it goes."""
        if other is not None and not same(entry, theirs[other]):
            self.conflicts.append(f"you removed {_name(entry)}, which they changed")
        if one is not None and not same(entry, mine[one]):
            self.conflicts.append(f"they removed {_name(entry)}, which you changed")

    def _entry(self, base: Entry, mine: Entry, theirs: Entry, *, certain: bool) -> Entry:
        if same(mine, base) or same(mine, theirs):
            return theirs
        if same(theirs, base):
            return mine
        if not certain or not all(same(_looks_at(base), _looks_at(o)) for o in (mine, theirs)):
            self.conflicts.append(f"you both changed {_name(base)}")
            return theirs

        def clash(place: str) -> None:
            self.conflicts.append(f"you both changed {place} of {_name(base)}")

        parts = [_without_note(one) for one in (base, mine, theirs)]
        merged: dict[str, Any] = {
            "kwargs": _kwargs([one.get("kwargs", {}) for one in parts], clash)
        }
        for key in _keys(*parts, without={"kwargs"}):
            value = _value(_each(key, parts), key, clash)
            if value is not _ABSENT:
                merged[key] = value
        said = "description"
        source = theirs if same(mine.get(said), base.get(said)) else mine
        return _noted(merged, source)

    def _add(
        self,
        found: dict[Token, Entry],
        mine: Sequence[Entry],
        theirs: Sequence[Entry],
        sequences: tuple[list[Token], list[Token]],
    ) -> None:
        """What each of them added, once where both added the same."""
        ours, others = sequences
        new = {_check(theirs[at]): ("theirs", at) for where, at in others if where == "theirs"}
        found |= {token: theirs[token[1]] for token in others if token[0] == "theirs"}
        for place, token in enumerate(ours):
            if token[0] != "mine":
                continue
            entry = mine[token[1]]
            partner = new.get(_check(entry))
            if partner is None:
                found[token] = entry
            elif same(entry, found[partner]):
                ours[place] = partner
            else:
                self.conflicts.append(f"you both added {_name(entry)}, each in another way")

    def _ordered(
        self, found: Mapping[Token, Entry], mine: Sequence[Token], theirs: Sequence[Token]
    ) -> list[Token]:
        """Their order, in which mine moved what I moved, and added what I added."""
        mine, theirs = ([one for one in tokens if one in found] for tokens in (mine, theirs))
        moved = _moved(mine) if _of_base(mine) != _of_base(theirs) else set()
        for token in moved & _moved(theirs):
            self.conflicts.append(f"you both moved {_name(found[token])}")
        order = [token for token in theirs if token not in moved]
        before = -1
        for token in mine:
            if token not in order:
                order.insert(before + 1, token)
            before = order.index(token)
        return order

    def _refuse_doubles(
        self, merged: Sequence[Entry], mine: Sequence[Entry], theirs: Sequence[Entry]
    ) -> None:
        """Two ways to the same check: one added what the other one changed another into."""
        counts = [_counted(entries) for entries in (merged, mine, theirs)]
        for key, count in counts[0].items():
            if count > max(counts[1].get(key, 0), counts[2].get(key, 0)):
                name = next(_name(entry) for entry in merged if _asks(entry) == key)
                self.conflicts.append(f"you both came to {name} with the same parameters")


def _kwargs(versions: Sequence[Entry], clash: Callable[[str], None]) -> Entry:
    """The parameters of base, mine and theirs: tables (by symbol) by key, the others together."""
    tables = [key for key in _keys(*versions) if _is_table([one.get(key) for one in versions])]
    plain = [{k: v for k, v in one.items() if k not in tables} for one in versions]
    chosen = plain[1] if same(plain[0], plain[2]) else plain[2]
    if not same(plain[0], plain[1]) and not same(chosen, plain[1]):
        mine_, theirs_ = (_differing(plain[0], one) for one in plain[1:])
        clash(f"parameters (you {mine_}; they {theirs_})")
    merged = dict(chosen)
    for key in tables:
        value = _value(_each(key, versions), key, clash)
        if value is not _ABSENT:
            merged[key] = value
    return merged


def _value(given: Sequence[object], place: str, clash: Callable[[str], None]) -> Any:
    """What two made of a value, given as base, mine and theirs; of tables key by key."""
    base, mine, theirs = given
    if same(mine, base) or same(mine, theirs):
        return theirs
    if same(theirs, base):
        return mine
    there = [{} if one is _ABSENT or one is None else one for one in given]
    if not _is_table(there):
        clash(place)
        return theirs
    versions: list[Mapping[str, Any]] = [one for one in there if isinstance(one, Mapping)]
    merged = {}
    for key in _keys(*versions):
        value = _value(_each(key, versions), f"{place} {key}", clash)
        if value is not _ABSENT:
            merged[key] = value
    return merged


def _each(key: str, versions: Iterable[Mapping[str, Any]]) -> list[object]:
    return [one.get(key, _ABSENT) for one in versions]


def _is_table(versions: Iterable[object]) -> bool:
    """Named values that say nothing about each other; a run's parameter is one value."""
    there = [one for one in versions if one is not None]
    return bool(there) and all(
        isinstance(one, Mapping) and "$PARAMETER" not in one for one in there
    )


def _noted(merged: dict[str, Any], source: Entry) -> Entry:
    """The entry with what its wording was written for, as of whose wording it is."""
    note = (source.get("meta") or {}).get(WORDED_FOR)
    if note is not None:
        merged["meta"] = {**(merged.get("meta") or {}), WORDED_FOR: note}
    return with_wording_noted(merged, source)


def _without_note(entry: Entry) -> Entry:
    meta = {k: v for k, v in (entry.get("meta") or {}).items() if k != WORDED_FOR}
    bare = {key: value for key, value in entry.items() if key != "meta"}
    return {**bare, "meta": meta} if meta else bare


def _tokens(entries: Sequence[Entry], pairs: Mapping[int, int], where: str) -> list[Token]:
    partner = {there: here for here, there in pairs.items()}
    return [("base", partner[at]) if at in partner else (where, at) for at in range(len(entries))]


def _of_base(tokens: Iterable[Token]) -> list[int]:
    return [at for where, at in tokens if where == "base"]


def _moved(tokens: Sequence[Token]) -> set[Token]:
    kept = _of_base(tokens)
    places = moved_positions(sorted((here, there) for there, here in enumerate(kept)))
    return {("base", kept[there]) for there in places}


def _certain(before: Sequence[Entry], here: int, after: Sequence[Entry], there: int) -> bool:
    """Are these two surely the same expectation, and not just the nearest pair?"""
    one, other = before[here], after[there]
    if same(_asks(one), _asks(other)) or (one.get("id") and one.get("id") == other.get("id")):
        return True
    key = _check(one)
    return all([_check(e) for e in entries].count(key) == 1 for entries in (before, after))


def _counted(entries: Iterable[Entry]) -> dict[Hashable, int]:
    counts: dict[Hashable, int] = {}
    for entry in entries:
        counts[_asks(entry)] = counts.get(_asks(entry), 0) + 1
    return counts


def _asks(entry: Entry) -> Hashable:
    return frozen([entry.get("type"), entry.get("kwargs")])


def _check(entry: Entry) -> Hashable:
    """Which check it is, whatever its numbers are."""
    return frozen([entry.get("type"), columns_of(entry.get("kwargs"))])


def _looks_at(entry: Entry) -> list[object]:
    kwargs = entry.get("kwargs", {})
    return [entry.get("type"), columns_of(kwargs), *(kwargs.get(key) for key in _LOOKS_AT)]


def _differing(before: Entry, after: Entry) -> str:
    keys = (key for key in _keys(before, after) if not same(before.get(key), after.get(key)))
    return ", ".join(keys)


def _name(entry: Entry) -> str:
    return short_name(entry.get("type", "?"), entry.get("kwargs"))


def _listed(document: Document) -> list[Entry]:
    return list(document["expectations"])


def _keys(*versions: Mapping[str, Any], without: Iterable[str] = ()) -> list[str]:
    return [key for key in dict.fromkeys(k for one in versions for k in one) if key not in without]


def _shaped(document: Document) -> bool:
    entries = document.get("expectations")
    return isinstance(entries, list) and all(
        isinstance(one, Mapping)
        and isinstance(one.get("kwargs", {}), Mapping)
        and isinstance(one.get("meta"), Mapping | None)
        for one in entries
    )
