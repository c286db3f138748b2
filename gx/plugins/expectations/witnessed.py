"""Expectations for which a move that half of the market made explains one of a symbol."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gx.plugins.expectations.kernels import market_moves
from gx.plugins.expectations.kernels.bars import Bars, Judgement, MarketJudgement
from gx.plugins.expectations.kernels.declared_splits import Splits
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said, SpokenPart


class WitnessedExpectation(MarketWideExpectation):
    """An expectation that finds fewer bars, never more, on sessions on which the market moved."""

    @property
    @abstractmethod
    def market_factor(self) -> float:
        """By the root of which, up or down, half of the symbols must have moved."""

    @abstractmethod
    def judged_beside(self, bars: Bars, market: market_moves.MarketMoves) -> Judgement:
        """Judge bars on sessions of which it is known how the market moved."""

    @property
    def declared(self) -> Splits:
        """The splits that are declared."""
        return {}

    def of_part(self, bars: Bars, *, judged: int) -> Said:
        """How the bars moved, and which would fail (`rows`) if the market had not."""
        moves = market_moves.find_moves(bars, factor=self.market_factor, splits=self.declared)
        said = {name: getattr(moves, name) for name in market_moves.ARRAYS}
        found = self.judged_beside(bars, market_moves.CALM)
        document = {"not_judged": found.not_judged_symbols, "details": dict(found.details)}
        return Said(document, said | {"rows": np.flatnonzero(found.flags)})

    def summed(self, details: Sequence[Mapping[str, Any]]) -> Mapping[str, object]:
        """What all parts say beside their rows."""
        return {}

    def of_market(self, parts: Sequence[SpokenPart]) -> MarketJudgement:
        """Judge by what the whole market moved.

        Where it moved nothing is found that was not found without, so only parts with suspects are
        read again, and none where it did not move.
        """
        moves = [market_moves.Moves(*map(part.array, market_moves.ARRAYS)) for part in parts]
        market = market_moves.judge_moves(moves)
        rows, details = [], []
        for part in parts:
            suspected, said = part.array("rows"), part.document.get("details", {})
            if market and len(suspected):
                found = self.judged_beside(part.bars(), market)
                suspected, said = np.flatnonzero(found.flags), found.details
            rows.append(suspected)
            details.append(said)
        not_judged = sum(part.document["not_judged"] for part in parts)
        told = {**market.details, **self.summed(details)}
        return MarketJudgement(rows, told, not_judged_symbols=not_judged)
