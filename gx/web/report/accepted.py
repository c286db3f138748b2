"""What the pages know of accepted repairs, and what they may have done with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from gx.errors import ConflictError, GateError
from gx.repair.proposal import Bar, Proposal
from gx.web.summary import RunSummary


class RepairsError(GateError):
    """Repairs of a dataset cannot be read, accepted or revoked; the message says why."""


class RepairsConflictError(RepairsError, ConflictError):
    """Somebody else accepted or revoked first; the message tells who."""


@dataclass(frozen=True)
class Accepted:
    """A repair that somebody accepted, of what the run ``run_id`` proposed.

    ``old`` and ``new`` are open, high, low, close and volume; ``new`` is None where a copy is to
    go. It is open until it is revoked, or until a run finds another bar in the source.
    """

    id: int
    symbol: str
    date: date
    rule: str
    evidence: str
    old: Bar
    new: Bar | None
    run_id: str
    accepted_by: str
    accepted_at: datetime
    reason: str
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None
    void_run: str | None = None
    void_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Does it hold?"""
        return self.revoked_by is None and self.void_run is None


@dataclass(frozen=True)
class Standing:
    """Of a run's blocks: why some cannot be accepted any more, and which are one copy more.

    Of the latter a copy is left out by an open repair already, and the source has another one.
    """

    outdated: Mapping[int, str] = field(default_factory=dict)
    more_copies: Collection[int] = ()


@dataclass(frozen=True)
class Done:
    """How many repairs were accepted or revoked, and the days of each symbol that are to be run.

    All of a symbol's in one run: of a part the published prices would have a step.
    """

    bars: int
    days: Mapping[str, tuple[date, date]]


class AcceptedRepairs(Protocol):
    """The accepted repairs of every dataset; everything here raises RepairsError."""

    def of(self, dataset: str, symbols: Collection[str]) -> list[Accepted]:
        """Those of symbols, in order of symbol and date; those that have ended as well."""

    def standing(self, run: RunSummary, proposals: Sequence[Proposal]) -> Standing:
        """What has become of the bars that the run proposed to repair."""

    def accept(self, run: RunSummary, blocks: Collection[int], *, by: str, reason: str) -> Done:
        """Accept blocks of what the run proposed, all or none.

        Raises RepairsConflictError.
        """

    def revoke(self, dataset: str, ids: Sequence[int], *, by: str, reason: str) -> Done:
        """Take open ones back with their blocks, all or none. Raises RepairsConflictError."""
