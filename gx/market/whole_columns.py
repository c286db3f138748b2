"""Expectations that nobody judges before the columns that they name are read from all parts."""

import numpy as np
from great_expectations.expectations.expectation import Expectation

from gx.engine.batches import ROWS_ONLY, FrameBatch, suite_of
from gx.gate.outcomes import NO_ROWS, Found, found_in
from gx.market.own_rows import EVERY_ROW
from gx.market.route import MarketEntry, Route
from gx.market.whole import Part
from gx.plugins.expectations import BarExpectation
from gx.suite.custom.load import is_custom
from gx.suite.fitting import fit


class ByWholeColumns(Route):
    """The parts say nothing; their columns are put together."""

    name = "columns"

    def of_market(self, expectation: Expectation, entry: MarketEntry) -> Found | None:
        """Let Great Expectations judge the columns of the whole market."""
        market = entry.market
        columns = market.columns(
            _columns_of(expectation, market.parts[0]),
            lookback=isinstance(expectation, BarExpectation),
        )
        result = FrameBatch(columns).validate(
            suite_of("columns", fit([expectation], columns, market.parameters)),
            result_format=ROWS_ONLY,
        )
        if not result.results:
            return None
        (found,) = result.results
        rows = np.array(sorted(found.result.pop(EVERY_ROW, ())), dtype=np.int64)
        return found_in(columns, found, NO_ROWS if found.success else rows)


def _columns_of(expectation: Expectation, part: Part) -> list[str] | None:
    """The columns that an expectation names; None, all of them, where it may name others."""
    if expectation.configuration.kwargs.get("row_condition"):
        return None
    named = [getattr(expectation, key, None) for key in ("column", "column_A", "column_B")]
    named += getattr(expectation, "column_list", None) or []
    if is_custom(type(expectation)):
        needed = getattr(expectation, "needs_columns", None)
        if needed is None:
            return None
        named += needed
    return [name for name in part.document["columns"] if name in named]
