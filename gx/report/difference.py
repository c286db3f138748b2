"""What is different between two runs of which only their tracks are at hand: no bars."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from gx.errors import ReportError
from gx.report.changes import ReportedRun, compare_expectations, compare_suites, same_bars
from gx.report.document import ReportDocument
from gx.report.overlap import Overlap
from gx.suite.diff import Change

SHOWN = 20


@dataclass(frozen=True)
class ComparedRun:
    """A run by its name, and what it did to the bars that were published before it.

    ``published`` counts ``new``, ``changed`` and ``removed`` bars; None where it published none.
    ``sentence`` says what became of it, and begins with what was published; None where the run did
    not leave it: what the gate alone said stands in its place.
    """

    name: str
    reported: ReportedRun
    published: Mapping[str, int] | None = None
    sentence: str | None = None

    @property
    def document(self) -> ReportDocument:
        """Its report, read; raises ReportError."""
        try:
            return self.reported.document
        except ReportError as error:
            raise ReportError(f"run {self.name}: {error}") from None


@dataclass(frozen=True)
class CountChange:
    """Something that both runs counted, differently; 0 where a run does not have it."""

    what: str
    before: int
    now: int


@dataclass(frozen=True)
class SuiteChanges:
    """Expectations that only one suite has, that have other bounds, or another place."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """From ``before`` to ``now``; expectations are told by their descriptions.

    They are compared over the symbols and dates of both; ``unseen`` fail only where the run before
    did not look. ``bars`` are by symbol. ``same_bars`` is None when a run left no digest, ``suite``
    is None when one left no suite. ``published`` is what the later run did to the bars published
    before it.
    """

    before: str
    now: str
    verdict_before: str
    verdict_now: str
    newly_failing: tuple[str, ...]
    newly_fixed: tuple[str, ...]
    unseen: tuple[str, ...]
    counts: tuple[CountChange, ...]
    newly_held: tuple[str, ...]
    no_longer_held: tuple[str, ...]
    bars: tuple[CountChange, ...]
    same_bars: bool | None
    published: Mapping[str, int] | None
    suite: SuiteChanges | None

    def to_json(self) -> str:
        """For a program to read."""
        return json.dumps(asdict(self), indent=1)


def difference(before: ComparedRun, now: ComparedRun) -> Difference:
    """What is different in ``now``; raises ReportError when a run's report can't be read."""
    old, new = before.document, now.document
    expectations = compare_expectations(before.reported, now.reported, Overlap.of(old, new))
    was_held, is_held = set(old.symbols_with("held")), set(new.symbols_with("held"))
    return Difference(
        before=before.name,
        now=now.name,
        verdict_before=before.sentence or old.verdict,
        verdict_now=now.sentence or new.verdict,
        newly_failing=expectations.newly_failing,
        newly_fixed=expectations.newly_fixed,
        unseen=expectations.unseen,
        counts=tuple(
            CountChange(one.description, one.before, one.now)
            for one in expectations.still_failing
            if one.before != one.now
        ),
        newly_held=tuple(sorted(is_held - was_held)),
        no_longer_held=tuple(sorted(was_held - is_held)),
        bars=_bars(old, new),
        same_bars=same_bars(before.reported, now.reported),
        published=now.published,
        suite=_suite_changes(compare_suites(before.reported.suite_text, now.reported.suite_text)),
    )


def difference_lines(found: Difference) -> list[str]:
    """A line for each difference, under a heading for each kind; kinds without any are left out."""
    lines = [
        f"before  {found.before}: {found.verdict_before}",
        f"now     {found.now}: {found.verdict_now}",
    ]
    kinds = [
        ("Newly failing", found.newly_failing),
        ("Failing where the run before did not look", found.unseen),
        ("Newly fixed", found.newly_fixed),
        ("Failing on another number of bars", _counted(found.counts)),
        ("Newly held", found.newly_held),
        ("No longer held", found.no_longer_held),
        ("Bars", [*_data(found), *_counted(found.bars)]),
        ("Suite", list(_suite(found.suite))),
    ]
    for heading, entries in kinds:
        lines += _section(heading, entries)
    return lines


def _bars(before: ReportDocument, now: ReportDocument) -> tuple[CountChange, ...]:
    """Symbols with another number of bars, and those that only one run has."""
    old = {name: found.rows for name, found in before.symbols.items()}
    new = {name: found.rows for name, found in now.symbols.items()}
    return tuple(
        CountChange(name, old.get(name, 0), new.get(name, 0))
        for name in sorted(old.keys() | new.keys())
        if old.get(name, 0) != new.get(name, 0)
    )


def _suite_changes(changes: Sequence[Change] | None) -> SuiteChanges | None:
    if changes is None:
        return None
    said = [(change.kind, change.description or change.name, change) for change in changes]
    return SuiteChanges(
        added=tuple(what for kind, what, _ in said if kind == "added"),
        removed=tuple(what for kind, what, _ in said if kind == "removed"),
        changed=tuple(
            f"{what} ({_details(change)})" for kind, what, change in said if change.details
        ),
        moved=tuple(what for kind, what, _ in said if kind == "moved"),
    )


def _details(change: Change) -> str:
    """The fields that differ, as ``severity warning → critical``."""
    return ", ".join(
        f"{one.field} {_shown(one.before)} → {_shown(one.after)}" for one in change.details
    )


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _section(heading: str, entries: Sequence[str]) -> list[str]:
    if not entries:
        return []
    more = [f"  … and {len(entries) - SHOWN:,} more"] if len(entries) > SHOWN else []
    return ["", heading, *(f"  {entry}" for entry in entries[:SHOWN]), *more]


def _counted(counts: Sequence[CountChange]) -> list[str]:
    return [f"{count.what}: {count.before:,} → {count.now:,}" for count in counts]


def _data(found: Difference) -> Iterator[str]:
    if found.same_bars is None:
        yield "not known whether they are the same: a run left no digest"
    else:
        yield "the same, number for number" if found.same_bars else "not the same"
    if found.published:
        counts = found.published
        yield (
            f"published by the later run: {counts.get('changed', 0):,} restated, "
            f"{counts.get('new', 0):,} new, {counts.get('removed', 0):,} removed"
        )


def _suite(changes: SuiteChanges | None) -> Iterator[str]:
    if changes is None:
        yield "not known: a run left no suite"
        return
    for kind, entries in asdict(changes).items():
        yield from (f"{kind}: {entry}" for entry in entries)
