"""The expectation that prices are as the splits and dividends that a dataset declares say."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.kernels import agreement
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.market_moves import MarketMoves
from gx.plugins.expectations.kernels.splits import MARKET_STEP
from gx.plugins.expectations.level_expectations import (
    MINIMUM_HELP,
    WINDOW_HELP,
    LevelExpectation,
)
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.tells import Teller
from gx.plugins.expectations.witnessed import WitnessedExpectation


class ExpectPricesToAgreeWithDeclaredActions(LevelExpectation, WitnessedExpectation):
    """Expect prices to be as the splits and dividends say that the dataset declares.

    At the first bar on or after a split's day raw prices (`prices: raw` of the dataset) step by
    1/ratio, adjusted ones do not. The bar fails where raw prices do not step, by another ratio, or
    up to `within` bars away; where adjusted ones do; and where either steps by the ratio itself,
    upwards for a split: then the earlier prices were divided twice. So does a step at a split ratio
    on an ordinary day, as that of a split that was not adjusted for, which no split is declared of,
    nor a dividend of that size, and which half of the market did not make.

    The open over the last close must tell the same as the closes of `stay` bars on either side; a
    split is judged that measures six of the symbol's usual moves, or 1.8 times of few bars. What is
    declared for a day without a bar is looked for at the next one. What cannot be used (a negative
    ratio, two ratios for one day, a dividend above the price) is told in the result, and fails
    nothing. Where a dataset declares nothing this judges nothing, and says so.

    Args:
        stay: bars before and after that tell the level (5).
        within: bars around the day in which the step is looked for (3).
        window: bars on either side that tell what is ordinary (30).
        minimum: fewest moves in the window to tell small splits by (10).

    Source: this project.
    """

    stay: int = pydantic.Field(
        5,
        ge=1,
        description="How many closes before and after a declared split tell whether its step "
        "lasts; higher reports fewer steps that come back soon.",
    )
    within: int = pydantic.Field(
        3,
        ge=0,
        le=20,
        description="How many bars before or after its day a declared split is looked for where "
        "the prices do not step on the day itself; higher reports more, with their distance.",
    )
    window: int = pydantic.Field(30, ge=5, description=WINDOW_HELP)
    minimum: int = pydantic.Field(10, ge=3, description=MINIMUM_HELP)

    success_keys = ("mostly", "stay", "within", "window", "minimum")
    daily_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = agreement.disagreements
    teller: ClassVar[Teller | None] = tells.opening
    sentence: ClassVar[str] = (
        "Prices step where the dataset declares a split and are raw, once, and nowhere else at a "
        "split ratio."
    )

    @property
    def market_factor(self) -> float:
        """That by whose root a market steps."""
        return MARKET_STEP

    def judged_beside(self, bars: Bars, market: MarketMoves) -> Judgement:
        """Judge bars on sessions of which it is known how the market moved."""
        given = {name: getattr(self, name) for name in self.parameters()}
        return agreement.disagreements(bars, **given, market=market)

    def summed(self, details: Sequence[Mapping[str, Any]]) -> Mapping[str, object]:
        """What all parts found and remarked, as one frame would have told it."""
        summed: dict[str, Any] = {}
        for one in details:
            for name, value in one.items():
                together = name in summed and not isinstance(value, str)
                summed[name] = summed[name] + value if together else value
        return {
            name: agreement.first_of(value) if isinstance(value, list) else value
            for name, value in summed.items()
        }
