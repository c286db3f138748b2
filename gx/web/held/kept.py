"""What the pages know of held bars, and what they may have done with them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

import pandas as pd

from gx.editing.deeds import Deed
from gx.errors import ConflictError, GateError

HELD_WITH_SYMBOL = "held with its symbol"


class HeldError(GateError):
    """The held bars of a dataset cannot be read, or not be acted on; the message says why."""


class HeldConflictError(HeldError, ConflictError):
    """What is held is not what somebody saw: somebody or some run was first."""


@dataclass(frozen=True)
class HeldSymbol:
    """What is held of a symbol (None: rows without one) of a dataset, and open.

    The run ``run_id`` held some of it last, ``runs`` did in all; ``undated`` bars have no date, and
    ``reasons`` are why, with how many bars. ``seen`` is another text once any of this is another.
    """

    dataset: str
    symbol: str | None
    bars: int
    undated: int
    first_date: date | None
    last_date: date | None
    since: datetime
    run_id: str
    runs: int
    seen: str
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def why(self) -> list[tuple[str, int]]:
        """The reasons, failures before what is held along with them."""
        return sorted(self.reasons, key=lambda one: one[0] == HELD_WITH_SYMBOL)


@dataclass(frozen=True)
class HeldBar:
    """A held bar as it was extracted, at ``row_number`` of a run's bars.

    ``numbers`` and ``published`` are open, high, low, close and volume; the latter are those that
    are published of its symbol and date. ``carried`` went along with it.
    """

    run_id: str
    row_number: int
    symbol: str | None
    date: date | None
    numbers: tuple[float | None, ...]
    reasons: tuple[str, ...]
    since: datetime
    carried: Mapping[str, Any]
    published_by: str | None = None
    published: tuple[float, ...] | None = None

    @property
    def failed(self) -> bool:
        """Did it fail itself? Else it is held because its symbol is."""
        return self.reasons[:1] != (HELD_WITH_SYMBOL,)


@dataclass(frozen=True)
class Discard:
    """How many bars of a symbol somebody has discarded at once, of which dates, and why."""

    by: str
    at: datetime
    reason: str
    bars: int
    first_date: date | None
    last_date: date | None


@dataclass(frozen=True)
class Decision:
    """What somebody decides on: held bars of a symbol between two days (None: open), and why.

    ``seen`` is that of the HeldSymbol that was looked at.
    """

    symbol: str | None
    seen: str
    by: str
    reason: str
    first: date | None = None
    last: date | None = None


class HeldBars(Protocol):
    """The held bars of every dataset; everything here raises HeldError that says what is wrong."""

    def symbols(self, dataset: str) -> list[HeldSymbol]:
        """What is held, the longest held first; ``reasons`` and ``seen`` are for ``completed``."""

    def completed(self, dataset: str, found: Sequence[HeldSymbol]) -> list[HeldSymbol]:
        """The same with ``reasons`` and all of ``seen``."""

    def symbol(self, dataset: str, symbol: str | None) -> HeldSymbol | None:
        """What is held of one symbol; None when nothing is."""

    def bars(
        self,
        dataset: str,
        symbol: str | None,
        *,
        days: tuple[date | None, date | None] = (None, None),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[HeldBar]:
        """The held bars of a symbol, those that failed themselves first."""

    def discards(self, dataset: str, symbol: str | None) -> list[Discard]:
        """What was discarded of a symbol, the newest first; not the oldest of very many."""

    def days(self, dataset: str, found: Sequence[HeldSymbol]) -> tuple[date | None, date | None]:
        """The first and last day of what is held, as a range of days means it; None without one."""

    def today(self, dataset: str, symbol: str | None, bars: Sequence[HeldBar]) -> pd.DataFrame:
        """The bars that the source has now from the first to the last date of ``bars``."""

    def discard(self, dataset: str, decision: Decision) -> int:
        """Resolve bars as not wanted; return how many. Raises HeldConflictError."""

    def acting(
        self,
        dataset: str,
        decisions: Sequence[Decision],
        *,
        action: Literal["judge again", "release"],
        run_id: str,
    ) -> AbstractContextManager[list[HeldSymbol]]:
        """Have the audit's list tell of a decision if what is done inside comes to its end.

        Nobody else acts on held bars of the dataset until then. Raises HeldConflictError.
        """

    def deeds(self, dataset: str, since: datetime | None = None) -> list[Deed]:
        """What the dataset's audit list tells, the newest first."""
