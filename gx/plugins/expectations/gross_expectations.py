"""The expectation that no price is grossly wrong, from the first bar on and on the day it comes."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.kernels import gross, market_moves
from gx.plugins.expectations.kernels.bars import Bars, Ints, MarketJudgement
from gx.plugins.expectations.level_expectations import SplitAwareExpectation
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said, SpokenPart
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.price_expectations import COLUMNS_HELP, PRICE_COLUMNS
from gx.plugins.expectations.tells import Teller


class ExpectNoGrossPriceErrors(SplitAwareExpectation, MarketWideExpectation):
    """Expect no price beyond a factor of the symbol's last closes.

    A bar fails when one of its four prices is more than `factor` times the previous close and more
    than that times the median of the last five closes, or less than that part of both; there is no
    upper limit, and no history of moves is needed. So a wrong bar of yesterday does not make
    today's right one fail, and a share that doubles day after day passes. Nothing is compared with
    closes that fail, until five of them in a row are without a step: that is a new level, of which
    the first bar fails. A symbol's first bars are compared with those that follow: of the first ten
    closes the more are right. A single bar is compared with its own close. Unusable prices are
    skipped.

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
    teller: ClassVar[Teller | None] = tells.step
    sentence: ClassVar[str] = (
        "No price may be more than $factor times, or less than 1/$factor of, both the previous "
        "close and the median of the last five, unless a declared split or the market explains it."
    )

    def of_part(self, bars: Bars, *, judged: int) -> Said:
        """How the bars moved, and which are gross (`rows`) if the market did not move."""
        moves = market_moves.find_moves(bars, factor=self.factor, splits=self.splits)
        said = {name: getattr(moves, name) for name in market_moves.ARRAYS}
        rows = self._gross(bars, market_moves.CALM)
        return Said({"not_judged": 0}, said | {"rows": rows})

    def of_market(self, parts: Sequence[SpokenPart]) -> MarketJudgement:
        """Judge by what the whole market moved.

        A wider limit finds nothing where the usual one found nothing, so only parts with suspects
        are read again, and none where the market did not move.
        """
        moves = [market_moves.Moves(*map(part.array, market_moves.ARRAYS)) for part in parts]
        market = market_moves.judge_moves(moves)
        suspects = [part.array("rows") for part in parts]
        rows = [
            self._gross(part.bars(), market) if market and len(suspected) else suspected
            for part, suspected in zip(parts, suspects, strict=True)
        ]
        return MarketJudgement(rows, market.details)

    def _gross(self, bars: Bars, market: market_moves.MarketMoves) -> Ints:
        found = gross.gross_errors(bars, factor=self.factor, splits=self.splits, market=market)
        return np.flatnonzero(found.flags)
