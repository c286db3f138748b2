"""What a proposal is, and how it is kept with a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

PRICES: Final = ("open", "high", "low", "close")
NUMBERS: Final = (*PRICES, "volume")
Rule = Literal["unit", "sign", "high and low exchanged", "spike", "unadjusted split", "duplicate"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)
Bar = tuple[float | None, ...]  # open, high, low, close, volume


@dataclass(frozen=True)
class Proposal:
    """One bar and what it should be.

    ``row`` is its position in the run's extract; ``old`` and ``new`` are open, high, low, close and
    volume, ``new`` is None where the bar is a duplicate that is to go. Proposals of one ``block``
    (counted from 0 in a run) are right or wrong together, and share the ``evidence``.
    """

    row: int
    symbol: str
    date: datetime
    rule: Rule
    evidence: str
    old: Bar
    new: Bar | None
    block: int = 0

    def to_json(self) -> dict[str, Any]:
        """The proposal as it is kept; numbers that JSON has not become text."""
        return {
            "row": self.row,
            "symbol": self.symbol,
            "date": self.date.isoformat(),
            "rule": self.rule,
            "evidence": self.evidence,
            "old": [_plain(value) for value in self.old],
            "new": None if self.new is None else [_plain(value) for value in self.new],
            "block": self.block,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Proposal":
        """A proposal as `to_json` wrote it."""
        return cls(
            row=said["row"],
            symbol=said["symbol"],
            date=datetime.fromisoformat(said["date"]),
            rule=said["rule"],
            evidence=said["evidence"],
            old=_bar(said["old"]),
            new=None if said["new"] is None else _bar(said["new"]),
            block=said["block"],
        )


def blocks(proposals: Sequence[Proposal]) -> list[list[Proposal]]:
    """The proposals by block, in order."""
    found: dict[int, list[Proposal]] = {}
    for one in proposals:
        found.setdefault(one.block, []).append(one)
    return list(found.values())


def _plain(value: float | None) -> float | str | None:
    if value is None or value - value == 0:
        return value
    return str(value)


def _bar(values: Sequence[float | str | None]) -> Bar:
    return tuple(None if value is None else float(value) for value in values)
