"""Expectations that look across symbols, judged by what each part says of itself."""

import pandas as pd
from great_expectations.expectations.expectation import Expectation

from gx.gate.counted import found_by_counts
from gx.gate.outcomes import NO_ROWS, Found
from gx.market.route import MarketEntry, PartBars, Route
from gx.market.whole import Part, all_rows, needed
from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels.bars import Bars, SortedFrame
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said, SpokenPart
from gx.plugins.expectations.metrics import bars_named
from gx.suite.fitting import fit


class AcrossSymbols(Route):
    """The expectation owns both halves."""

    name = "market"

    def of_part(self, expectation: Expectation, part: PartBars) -> Said:
        """What the expectation says of the part; a crash, where it cannot read the bars."""
        assert isinstance(expectation, MarketWideExpectation)
        try:
            return expectation.of_part(_bars(expectation, part.table), judged=part.judged_rows)
        except ExpectationInputError as error:
            crash = {
                "raised_exception": True,
                "exception_message": str(error),
                "exception_traceback": "",
            }
            return Said({"exception_info": crash})

    def of_market(self, expectation: Expectation, entry: MarketEntry) -> Found:
        """What the expectation finds in all parts."""
        market = entry.market
        (fitted,) = fit([expectation], pd.DataFrame(), market.parameters)
        assert isinstance(fitted, MarketWideExpectation)
        found = fitted.of_market([_spoken(fitted, part, entry) for part in market.parts])
        failing, doubted = market.split(found.rows)
        result = {
            "element_count": market.judged_rows,
            "missing_count": 0,
            "unexpected_count": len(failing),
            "details": {"not_judged_symbols": found.not_judged_symbols, **found.details},
        }
        doubted = doubted if fitted.doubting else NO_ROWS
        return found_by_counts(expectation, result, failing, doubted, fails=found.fails)


def _spoken(expectation: MarketWideExpectation, part: Part, entry: MarketEntry) -> SpokenPart:
    return SpokenPart(
        document=part.document["entries"][entry.number],
        array=lambda name: needed(part, entry.array_name(name)),
        rows=part.document["rows"] + part.document["lookback_rows"],
        bar_size=part.document["bar_size"],
        bars=lambda: _bars(expectation, SortedFrame(all_rows(part, expectation.column_list))),
    )


def _bars(expectation: MarketWideExpectation, table: SortedFrame) -> Bars:
    return bars_named(table, expectation.needs_columns, expectation.column_list)
