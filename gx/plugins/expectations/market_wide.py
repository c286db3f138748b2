"""Expectations that look across symbols, so that no part of a market can be judged alone.

Such an expectation owns both halves of its judgement: what a part says of itself, which is small
(`of_part`), and how all parts are judged by what they said (`of_market`).
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from numpy.typing import NDArray

from gx.plugins.expectations.base import BarExpectation
from gx.plugins.expectations.kernels.bars import Bars, BarSize, MarketJudgement


@dataclass(frozen=True)
class Said:
    """What a part says of itself: what JSON can hold, and arrays by name."""

    document: Mapping[str, object]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class SpokenPart:
    """A part that has said what it had to, by which it is judged.

    ``rows`` counts its bars with their lookback, ``bar_size`` is that of the market's. ``bars``
    reads its own again, for an expectation that must look at those of a few parts once more.
    """

    document: Mapping[str, Any]
    array: Callable[[str], NDArray[Any]]
    rows: int
    bar_size: BarSize
    bars: Callable[[], Bars]


class MarketWideExpectation(BarExpectation):
    """An expectation that all parts of a market are judged by together.

    Of one frame the detector says the same as the halves of its parts, in a test. `by_symbol` names
    the kwargs that may differ from symbol to symbol, whatever the rest of the market is judged by.
    """

    by_symbol: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def of_part(self, bars: Bars, *, judged: int) -> Said:
        """What the other parts must know of these bars, of which the first ``judged`` are judged.

        Its document counts, as ``not_judged``, the symbols with too few bars. Raises
        ExpectationInputError.
        """

    @abstractmethod
    def of_market(self, parts: Sequence[SpokenPart]) -> MarketJudgement:
        """Judge all parts; no symbol is in two of them. Parameters are filled in.

        Raises ExpectationInputError.
        """
