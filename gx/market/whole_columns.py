"""Expectations that nobody judges before the columns that they name are read from all parts."""

from collections.abc import Sequence

import numpy as np
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

from gx.engine.batches import ROWS_ONLY, FrameBatch, suite_of
from gx.gate.apart import Share
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
        market, piece = entry.market, entry.piece
        names = _columns_of(expectation, market.parts[0], [] if piece.alone else ["symbol"])
        columns = market.columns(names, lookback=isinstance(expectation, BarExpectation))
        fitted = fit([expectation], columns, market.parameters)
        share = None
        if not piece.alone and not piece.market_wide:
            share = Share.of(columns, piece.table, piece.row, market.parts[0].document["bar_size"])
        judged = columns if share is None else share.frame
        result = FrameBatch(judged).validate(suite_of("columns", fitted), result_format=ROWS_ONLY)
        if not result.results:
            return None
        (found,) = result.results
        rows = NO_ROWS if found.success else np.array(_every_row(found), dtype=np.int64)
        told = found_in(columns, found, rows) if share is None else share.found(found, piece)
        found.result.pop(EVERY_ROW, None)
        return told


def _every_row(found: ExpectationValidationResult) -> list[int]:
    return sorted(found.result.get(EVERY_ROW, ()))


def _columns_of(expectation: Expectation, part: Part, more: Sequence[str]) -> list[str] | None:
    """The columns that an expectation names; None, all of them, where it may name others."""
    if expectation.configuration.kwargs.get("row_condition"):
        return None
    named = [getattr(expectation, key, None) for key in ("column", "column_A", "column_B")]
    named += [*(getattr(expectation, "column_list", None) or []), *more]
    if is_custom(type(expectation)):
        needed = getattr(expectation, "needs_columns", None)
        if needed is None:
            return None
        named += needed
    return [name for name in part.document["columns"] if name in named]
