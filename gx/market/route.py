"""What every way of judging an expectation in parts has: a part's half and the market's half."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

from gx.gate.outcomes import Found
from gx.market.whole import Array, Market, Part
from gx.plugins.expectations.kernels.bars import SortedFrame
from gx.plugins.expectations.market_wide import Said
from gx.suite.exceptions.variants import Piece

UNSAID = Said({})
# Of a piece of which a part has no symbol.
UNASKED = Said({"unasked": True})


@dataclass(frozen=True)
class PartBars:
    """A part's bars with their lookback behind them, of which the first ``judged_rows`` are judged.

    ``result`` is what Great Expectations says of an expectation on the judged ones; None where it
    said nothing, or was not asked.
    """

    table: SortedFrame
    judged_rows: int
    result: ExpectationValidationResult | None


@dataclass(frozen=True)
class MarketEntry:
    """What all parts of a market say of one piece: an entry of the suite, or a row of its table.

    ``number`` counts the pieces of a suite (``gx.suite.exceptions.variants.pieces_of``).
    """

    number: int
    market: Market
    piece: Piece

    @property
    def parts(self) -> list[Part]:
        """Those that have bars of the piece's symbols."""
        return [part for part in self.market.parts if not _is_unasked(self._of(part))]

    @property
    def documents(self) -> list[Mapping[str, Any]]:
        """What each of these says, in their order."""
        return [self._of(part) for part in self.parts]

    def _of(self, part: Part) -> Mapping[str, Any]:
        found: Mapping[str, Any] = part.document["entries"][self.number]
        return found

    def array_name(self, name: str) -> str:
        """What a part calls an array of this entry."""
        return array_name(self.number, name)


class Route(ABC):
    """A way of judging an expectation part by part, called ``name`` in what the parts say.

    ``part_validates``: Great Expectations validates it on every part alone.
    """

    name: ClassVar[str]
    part_validates: ClassVar[bool] = False

    def of_part(self, expectation: Expectation, part: PartBars) -> Said:
        """What a part says of itself; with ``exception_info`` where the check crashed."""
        return UNSAID

    @abstractmethod
    def of_market(self, expectation: Expectation, entry: MarketEntry) -> Found | None:
        """What is found in all parts, of which none crashed; None when nothing was checked."""


def _is_unasked(document: Mapping[str, Any]) -> bool:
    return bool(document.get("unasked"))


def array_name(number: int, name: str) -> str:
    """What a part calls an array of the entry with this number (from 0)."""
    return f"{number}.{name}"


def said_arrays(number: int, said: Said) -> dict[str, Array]:
    """The arrays of an entry under their names in the part."""
    return {array_name(number, name): array for name, array in said.arrays.items()}
