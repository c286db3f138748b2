"""The expectations that a symbol is written in one way."""

from typing import ClassVar

from great_expectations.compatibility import pydantic

from gx.plugins.expectations.base import BarExpectation, Detector
from gx.plugins.expectations.kernels import symbols
from gx.plugins.expectations.session_expectations import COLUMNS_HELP, KEY_COLUMNS


class ExpectSymbolsToBeUnambiguous(BarExpectation):
    """Expect every symbol to be a name, and to be written in one way.

    Bars fail whose symbol is empty, longer than 32 characters, has spaces around it or characters
    that nobody sees (control, zero width), or differs from another symbol of the batch only by
    letter case, by such characters or by Unicode's compatible forms (NFKC). Of several spellings
    the one with at least twice the bars of any other is taken for the right one and passes; without
    such a one all fail. The spellings and their bars are named in the result's details. Bars
    without a symbol are left to the expectation that no value is missing.

    Source: this project; Unicode Standard Annex 15 (NFKC), Unicode's full case folding.
    """

    column_list: list[str] = pydantic.Field(
        list(KEY_COLUMNS), description=COLUMNS_HELP + ", ".join(KEY_COLUMNS)
    )

    needs_columns: ClassVar[tuple[str, ...]] = KEY_COLUMNS
    detector: ClassVar[Detector] = symbols.ambiguous_symbols
    sentence: ClassVar[str] = (
        "Every symbol must be a name without spaces around it or invisible characters, and be "
        "written in one way."
    )


class ExpectSymbolsToBeSpacedAlike(BarExpectation):
    """Expect no two symbols to differ by the spaces within them alone.

    `BRK B` beside `BRKB`, or the same option padded in two ways: two instruments may be meant, or
    one. The spelling with at least twice the bars of any other passes; without such a one all fail.
    The spellings and their bars are named in the result's details. What
    `expect_symbols_to_be_unambiguous` finds is left to it.

    Source: this project.
    """

    column_list: list[str] = pydantic.Field(
        list(KEY_COLUMNS), description=COLUMNS_HELP + ", ".join(KEY_COLUMNS)
    )

    needs_columns: ClassVar[tuple[str, ...]] = KEY_COLUMNS
    detector: ClassVar[Detector] = symbols.spaced_symbols
    sentence: ClassVar[str] = "No two symbols may differ by the spaces within them alone."
