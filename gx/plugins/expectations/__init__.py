"""Expectations that know markets. Importing this package registers all of them."""

from gx.plugins.expectations.activity_expectations import (
    ExpectNoDuplicatedSeries,
    ExpectNoStalePrices,
    ExpectNoVolumeUnitChanges,
    ExpectSymbolsToTrade,
    ExpectVolumeToAgreeWithPrice,
)
from gx.plugins.expectations.base import BarExpectation
from gx.plugins.expectations.declared_expectations import ExpectPricesToAgreeWithDeclaredActions
from gx.plugins.expectations.gross_expectations import ExpectNoGrossPriceErrors
from gx.plugins.expectations.level_expectations import (
    ExpectNoReturnOutliers,
    ExpectNoReversingSpikes,
    ExpectNoUnadjustedSplits,
    ExpectNoUnitErrors,
    ExpectOpeningGapsToBeOrdinary,
)
from gx.plugins.expectations.price_expectations import (
    ExpectBarPricesToBeFiniteAndPositive,
    ExpectBarsToBeOhlcConsistent,
)
from gx.plugins.expectations.session_expectations import (
    ExpectBarsOnTradingSessions,
    ExpectBarsToBeFresh,
    ExpectLastBarToBeComplete,
    ExpectNoFutureBars,
    ExpectNoMarketWideHoles,
    ExpectNoMissingBarsWithinSessions,
    ExpectNoMissingSessions,
)
from gx.plugins.expectations.symbol_expectations import (
    ExpectSymbolsToBeSpacedAlike,
    ExpectSymbolsToBeUnambiguous,
)

MARKET_EXPECTATIONS: tuple[type[BarExpectation], ...] = (
    ExpectBarsToBeOhlcConsistent,
    ExpectBarPricesToBeFiniteAndPositive,
    ExpectNoFutureBars,
    ExpectBarsOnTradingSessions,
    ExpectNoMissingSessions,
    ExpectLastBarToBeComplete,
    ExpectBarsToBeFresh,
    ExpectNoUnitErrors,
    ExpectNoUnadjustedSplits,
    ExpectNoReversingSpikes,
    ExpectNoReturnOutliers,
    ExpectNoStalePrices,
    ExpectVolumeToAgreeWithPrice,
    ExpectNoVolumeUnitChanges,
    ExpectSymbolsToTrade,
    ExpectOpeningGapsToBeOrdinary,
    ExpectNoDuplicatedSeries,
    ExpectNoMarketWideHoles,
    ExpectNoGrossPriceErrors,
    ExpectSymbolsToBeUnambiguous,
    ExpectSymbolsToBeSpacedAlike,
    ExpectNoMissingBarsWithinSessions,
    ExpectPricesToAgreeWithDeclaredActions,
)

__all__ = ["MARKET_EXPECTATIONS", "BarExpectation", *(cls.__name__ for cls in MARKET_EXPECTATIONS)]  # noqa: PLE0604
