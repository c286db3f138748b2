"""Removing things of one kind, item by item, and saying what went and what stayed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dags.errors import StagingError
from dags.prune.retention import Trace
from tracking.errors import TrackingError

FAULTS_SHOWN = 3


@dataclass(frozen=True)
class Item:
    """One thing that can be removed, and what it tells of its run; ``size`` gives bytes."""

    trace: Trace
    size: Callable[[], int]
    remove: Callable[[], None]


@dataclass(frozen=True)
class Kind:
    """Things of one kind.

    ``around`` is called before and after any are removed. ``alive`` is asked after a fault: when it
    raises a TrackingError there is no use in trying the others.
    """

    name: str
    items: Sequence[Item]
    around: Callable[[], None] = lambda: None
    alive: Callable[[], None] = lambda: None

    def of(self, runs: set[str]) -> "Kind":
        """Those of these runs, oldest first."""
        items = [item for item in self.items if item.trace.run in runs]
        items.sort(key=lambda item: item.trace.began)
        return Kind(self.name, items, self.around, self.alive)


@dataclass
class Tally:
    """How many of ``total`` were removed, their size in bytes, and what went wrong."""

    name: str
    total: int
    removed: int = 0
    size: int = 0
    faults: list[str] = field(default_factory=list)

    def line(self, *, dry_run: bool) -> str:
        """What came of it, in one line."""
        part = "" if self.removed == self.total else f" of {self.total:,}"
        verb = "would be removed" if dry_run else "removed"
        return f"  {self.name:<16}{self.removed:>6,}{part} {verb}, {readable(self.size)}"

    def complaints(self) -> list[str]:
        """The first faults, and how many things stayed because of them."""
        if not self.faults:
            return []
        stayed = f"{self.total - self.removed:,} of {self.total:,} {self.name} stayed"
        return [*self.faults[:FAULTS_SHOWN], f"{stayed}; mend that and run it again, it goes on"]


def remove(kind: Kind, *, dry_run: bool) -> Tally:
    """Remove every item, or only count; what cannot be removed does not hold up the others."""
    tally = Tally(kind.name, len(kind.items))
    try:
        if kind.items and not dry_run:
            kind.around()
        for item in kind.items:
            if not _take(item, tally, dry_run=dry_run):
                kind.alive()
        if kind.items and not dry_run:
            kind.around()
    except (OSError, StagingError, TrackingError) as error:
        tally.faults.append(str(error))
    return tally


def _take(item: Item, tally: Tally, *, dry_run: bool) -> bool:
    try:
        size = item.size()
        if not dry_run:
            item.remove()
    except (OSError, StagingError, TrackingError) as error:
        tally.faults.append(str(error))
        return False
    tally.removed += 1
    tally.size += size
    return True


def readable(size: int) -> str:
    """A size in bytes as people read it."""
    amount, unit = float(size), "bytes"
    for bigger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
