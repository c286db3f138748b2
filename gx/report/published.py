"""What a report says of bars that earlier runs published: doubtful now, or gone from the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer

Texts = Annotated[tuple[str, ...], PlainSerializer(list)]  # JSON has lists


@dataclass(frozen=True)
class Doubt:
    """A published bar that fails now, and did not when it was published.

    ``date`` and ``published_at`` are ISO 8601; ``published_by`` is a run's id; ``severity`` the
    worst of what it fails, ``expectations`` their names and ``reasons`` their descriptions;
    ``bar`` has open, high, low, close and volume as they are in the source now.
    """

    symbol: str
    date: str
    published_by: str
    published_at: str
    severity: str
    expectations: Texts
    reasons: Texts
    bar: Mapping[str, float | None]


@dataclass(frozen=True)
class Removal:
    """Published bars of a symbol that the source does not have any more.

    ``bars`` are gone of ``published`` in the range, from ``first_date`` to ``last_date``; ``dates``
    names some of them (all ISO 8601). ``accepted`` by a person; ``held``: too many to go without.
    """

    symbol: str
    bars: int
    published: int
    first_date: str
    last_date: str
    dates: Texts = ()
    accepted: bool = False
    held: bool = False


@dataclass(frozen=True)
class AtOdds:
    """Published bars of a symbol that lack accepted repairs, or have some that ended since.

    ``lacking`` of ``bars`` lack one; they lie from ``first_date`` to ``last_date`` (ISO 8601).
    ``held``: they lie beside the run's range, so its bars cannot be published beside them.
    """

    symbol: str
    bars: int
    lacking: int
    first_date: str
    last_date: str
    held: bool = False

    @property
    def sentence(self) -> str:
        """What is wrong with them, and which days a run has to cover."""
        return (
            f"{self.symbol}: {self.bars:,} bar{'s' * (self.bars != 1)} published before "
            f"{self._fault}: run {self.first_date[:10]} to {self.last_date[:10]}, in one run"
        )

    @property
    def _fault(self) -> str:
        one = self.bars == 1
        if self.lacking == self.bars:
            return f"{'lacks a repair' if one else 'lack repairs'} accepted since"
        if not self.lacking:
            return f"{'has a repair' if one else 'have repairs'} that ended since"
        return "are not as repairs now say"
