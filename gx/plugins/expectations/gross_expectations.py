"""The expectation that no price is grossly wrong, from the first bar on and on the day it comes."""

from typing import ClassVar

from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.kernels import gross
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.declared_splits import Splits
from gx.plugins.expectations.kernels.market_moves import MarketMoves
from gx.plugins.expectations.level_expectations import SplitAwareExpectation
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.price_expectations import COLUMNS_HELP, PRICE_COLUMNS
from gx.plugins.expectations.tells import Teller
from gx.plugins.expectations.witnessed import WitnessedExpectation


class ExpectNoGrossPriceErrors(SplitAwareExpectation, WitnessedExpectation):
    """Expect no price beyond a factor of the symbol's last closes.

    A bar fails when one of its four prices is more than `factor` times the previous close and more
    than that times the median of the last five closes, or less than that part of both; there is no
    upper limit, and no history of moves is needed. So a wrong bar of yesterday does not make
    today's right one fail, and a share that doubles day after day passes. Nothing is compared with
    closes that fail, until five of them in a row are without a step: that is a new level, of which
    the first bar fails, and not the first one back at the level before. A symbol's first bars are
    compared with those that follow: of the first ten closes the more are right, unless more than a
    quarter of all closes is at the other level. A single bar is compared with its own close.
    Unusable prices are skipped.

    Two things explain a move. A declared split: the bars before it are counted in new shares,
    unless they are already. And the market: on a session on which half of the symbols, and at least
    five, moved the same way by sqrt(factor) or more, the limit in that direction is sqrt(factor)
    wider; the sessions are named in the result's details.

    Args:
        factor: how many times, or what part of, the last closes a price may be, as a ratio (4).
        splits: declared splits, by symbol: the first day in new shares, and new shares per old.

    Source: this project. On the untouched bars of `make detect`, 2000 to 2013, the largest move is
    the fall of AAPL to 0.47 on 2000-09-29, which a factor of 2.5 lets pass.
    """

    column_list: list[str] = pydantic.Field(
        list(PRICE_COLUMNS), description=COLUMNS_HELP + ", ".join(PRICE_COLUMNS)
    )
    factor: float = pydantic.Field(
        4.0,
        gt=1,
        description="How many times the last closes a price may be, or what part of them (4: "
        "from a quarter to four times); higher reports fewer.",
    )

    success_keys = ("mostly", "factor", "splits")
    by_symbol: ClassVar[tuple[str, ...]] = ("factor", "splits")
    needs_columns: ClassVar[tuple[str, ...]] = PRICE_COLUMNS
    detector: ClassVar[Detector] = gross.gross_errors
    teller: ClassVar[Teller | None] = tells.level
    sentence: ClassVar[str] = (
        "No price may be more than $factor times, or less than 1/$factor of, both the previous "
        "close and the median of the last five, unless a declared split or the market explains it."
    )

    @property
    def market_factor(self) -> float:
        """The factor by which prices are judged."""
        return self.factor

    @property
    def declared(self) -> Splits:
        """The splits that are declared."""
        return self.splits

    def judged_beside(self, bars: Bars, market: MarketMoves) -> Judgement:
        """Judge bars on sessions of which it is known how the market moved."""
        return gross.gross_errors(bars, factor=self.factor, splits=self.splits, market=market)
