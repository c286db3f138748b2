"""The expectations that a symbol is written in one way."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.kernels import symbols
from gx.plugins.expectations.kernels.bars import Bars, MarketJudgement
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said, SpokenPart
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.session_expectations import COLUMNS_HELP, KEY_COLUMNS
from gx.plugins.expectations.tells import Teller


class SpellingExpectation(MarketWideExpectation):
    """An expectation about how symbols are written, for which it counts the rows of each."""

    column_list: list[str] = pydantic.Field(
        list(KEY_COLUMNS), description=COLUMNS_HELP + ", ".join(KEY_COLUMNS)
    )

    needs_columns: ClassVar[tuple[str, ...]] = KEY_COLUMNS

    @abstractmethod
    def judge(self, parts: Sequence[symbols.Spellings]) -> symbols.AmbiguousSymbols:
        """Find the symbols at fault among those of all parts."""

    def of_part(self, bars: Bars, *, judged: int) -> Said:
        """The rows of each symbol."""
        return Said({"not_judged": 0, "symbols": symbols.count_symbols(bars)})

    def of_market(self, parts: Sequence[SpokenPart]) -> MarketJudgement:
        """Only parts that hold a symbol at fault are read again."""
        found = self.judge([part.document["symbols"] for part in parts])
        rows = [
            np.zeros(0, dtype=np.int64)
            if found.wrong.isdisjoint(part.document["symbols"])
            else np.flatnonzero(found.of(part.bars()).flags)
            for part in parts
        ]
        return MarketJudgement(rows, found.details)


class ExpectSymbolsToBeUnambiguous(SpellingExpectation):
    """Expect every symbol to be a name, and to be written in one way.

    Bars fail whose symbol is empty, longer than 32 characters, has spaces around it or characters
    that nobody sees (control, zero width), or differs from another symbol of the batch only by
    letter case, by such characters or by Unicode's compatible forms (NFKC). Of several spellings
    the one with at least twice the bars of any other is taken for the right one and passes; without
    such a one all fail. The spellings and their bars are named in the result's details. Bars
    without a symbol are left to the expectation that no value is missing.

    Source: this project; Unicode Standard Annex 15 (NFKC), Unicode's full case folding.
    """

    detector: ClassVar[Detector] = symbols.ambiguous_symbols
    teller: ClassVar[Teller | None] = tells.name
    sentence: ClassVar[str] = (
        "Every symbol must be a name without spaces around it or invisible characters, and be "
        "written in one way."
    )

    def judge(self, parts: Sequence[symbols.Spellings]) -> symbols.AmbiguousSymbols:
        """Symbols that are no names, and spellings of one that differ by more than spaces."""
        return symbols.judge_symbols(parts)


class ExpectSymbolsToBeSpacedAlike(SpellingExpectation):
    """Expect no two symbols to differ by the spaces within them alone.

    `BRK B` beside `BRKB`, or the same option padded in two ways: two instruments may be meant, or
    one. The spelling with at least twice the bars of any other passes; without such a one all fail.
    The spellings and their bars are named in the result's details. What
    `expect_symbols_to_be_unambiguous` finds is left to it.

    Source: this project.
    """

    detector: ClassVar[Detector] = symbols.spaced_symbols
    teller: ClassVar[Teller | None] = tells.name
    sentence: ClassVar[str] = "No two symbols may differ by the spaces within them alone."

    def judge(self, parts: Sequence[symbols.Spellings]) -> symbols.AmbiguousSymbols:
        """Spellings of one symbol that differ by the spaces within alone."""
        return symbols.judge_spaces(parts)
