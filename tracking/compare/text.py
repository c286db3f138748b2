"""The difference between two runs, for a person to read."""

from collections.abc import Iterator, Sequence

from tracking.compare.diff import Counted, Difference, SuiteChanges

SHOWN = 20


def difference_lines(found: Difference) -> list[str]:
    """A line for each difference, under a heading for each kind; kinds without any are left out."""
    lines = [
        f"before  {found.before}: {found.verdict_before}",
        f"now     {found.now}: {found.verdict_now}",
    ]
    kinds = [
        ("Newly failing", found.newly_failing),
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


def _section(heading: str, entries: Sequence[str]) -> list[str]:
    if not entries:
        return []
    more = [f"  … and {len(entries) - SHOWN:,} more"] if len(entries) > SHOWN else []
    return ["", heading, *(f"  {entry}" for entry in entries[:SHOWN]), *more]


def _counted(counts: Sequence[Counted]) -> list[str]:
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
    yield from (f"added: {entry}" for entry in changes.added)
    yield from (f"removed: {entry}" for entry in changes.removed)
    yield from (f"changed: {entry}" for entry in changes.changed)
