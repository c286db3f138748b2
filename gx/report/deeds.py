"""What a report says of people: what somebody decided, and which bars are not the source's."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from gx.report import sentences

Number = float | str | None  # NaN and infinity, which JSON has not, are text


@dataclass(frozen=True, kw_only=True)
class DecisionUse:
    """What became of ``symbols`` that the gate would hold, where policy `ask` asked about them.

    ``who`` is None when nobody answered in time. ``at`` is ISO 8601. ``waivers`` are the ids of
    those that it made; ``unkept`` says why they count for this run alone.
    """

    choice: Literal["hold", "publish", "fail"]
    symbols: list[str]
    who: str | None
    why: str
    at: str
    waivers: list[str] = field(default_factory=list)
    unkept: str = ""

    @property
    def sentence(self) -> str:
        """Who decided what, why and when."""
        named = ", ".join(self.symbols[: sentences.NAMED])
        more = ", …" if len(self.symbols) > sentences.NAMED else ""
        said = sentences.decided(self.choice, self.who, self.why, self.unkept)
        return f"{self.at[:16].replace('T', ' ')} UTC, about {named}{more}: {said}"


@dataclass(frozen=True, kw_only=True)
class RepairedBar:
    """A bar: open, high, low, close and volume; ``new`` is None where a copy is left out."""

    date: str
    old: list[Number]
    new: list[Number] | None


@dataclass(frozen=True, kw_only=True)
class RepairUse:
    """Bars of a symbol that were repaired, or could be, by one rule and for one reason.

    ``count`` are meant, from ``first_date`` to ``last_date`` (ISO 8601); ``bars`` are all of them,
    or the first. Of what is accepted: by whom, why, and the ``ids`` in `stock_data_repairs`; of
    what is void also the ``change`` of the source that ended all of them.
    """

    symbol: str
    rule: str
    evidence: str
    first_date: str
    last_date: str
    count: int
    bars: list[RepairedBar]
    accepted_by: str | None = None
    reason: str | None = None
    ids: list[int] = field(default_factory=list)
    change: str = ""


@dataclass(frozen=True, kw_only=True)
class RepairsUse:
    """What was ``applied`` to the bars that were judged, is ``void``, and is ``proposed`` now."""

    applied: list[RepairUse] = field(default_factory=list)
    void: list[RepairUse] = field(default_factory=list)
    proposed: list[RepairUse] = field(default_factory=list)

    @property
    def accepted(self) -> list[RepairUse]:
        """Those that somebody, or the setting, accepted before."""
        return [*self.applied, *self.void]

    def at_most(self, most: int) -> Self:
        """The first of each."""
        return replace(
            self,
            applied=self.applied[:most],
            void=self.void[:most],
            proposed=self.proposed[:most],
        )

    def in_short(self) -> Self:
        """The same, of each with its first bar alone."""
        return replace(
            self,
            applied=_first_bars(self.applied),
            void=_first_bars(self.void),
            proposed=_first_bars(self.proposed),
        )


def _first_bars(uses: Sequence[RepairUse]) -> list[RepairUse]:
    return [replace(one, bars=one.bars[:1]) for one in uses]
