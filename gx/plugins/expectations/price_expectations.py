"""Expectations about a bar's own prices."""

from typing import ClassVar

from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.base import BarExpectation
from gx.plugins.expectations.kernels import prices
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.tells import Teller

PRICE_COLUMNS = ("symbol", "date", "open", "high", "low", "close")
COLUMNS_HELP = "Names of the columns, in this order: "


class ExpectBarsToBeOhlcConsistent(BarExpectation):
    """Expect low <= open, close <= high in every bar.

    A bar with a missing, NaN or infinite price fails: nothing shows that it is consistent. One
    billionth of the price is always allowed, for the rounding of adjusted prices.

    Args:
        tolerance: how far a price may be outside, in the price's currency (0).

    Source: the definition of a bar; one expectation instead of five pairs of columns.
    """

    column_list: list[str] = pydantic.Field(
        list(PRICE_COLUMNS), description=COLUMNS_HELP + ", ".join(PRICE_COLUMNS)
    )
    tolerance: float = pydantic.Field(
        0.0,
        ge=0,
        description="How far open or close may lie outside of the bar's low and high, in the "
        "price's currency; higher reports fewer.",
    )

    success_keys = ("mostly", "tolerance")
    needs_columns: ClassVar[tuple[str, ...]] = PRICE_COLUMNS
    detector: ClassVar[Detector] = prices.inconsistent_ohlc
    teller: ClassVar[Teller | None] = tells.inside
    sentence: ClassVar[str] = (
        "Open and close must lie between low and high, within a tolerance of $tolerance."
    )


class ExpectBarPricesToBeFiniteAndPositive(BarExpectation):
    """Expect open, high, low and close to be finite numbers above zero.

    Missing, NaN, infinite, zero and negative prices fail.

    Source: the definition of a price; instruments that do trade below zero need another suite.
    """

    column_list: list[str] = pydantic.Field(
        list(PRICE_COLUMNS), description=COLUMNS_HELP + ", ".join(PRICE_COLUMNS)
    )

    needs_columns: ClassVar[tuple[str, ...]] = PRICE_COLUMNS
    detector: ClassVar[Detector] = prices.not_finite_positive
    teller: ClassVar[Teller | None] = tells.no_price
    sentence: ClassVar[str] = "Open, high, low and close must be finite numbers above zero."
