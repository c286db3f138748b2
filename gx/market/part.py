"""Judge a part of the market: what it settles alone, and what the other parts must join in on.

`judge_part` looks at some symbols; `gx.market.merge` puts the parts together. A part's findings are
small: counts, the positions of its failing rows, and for the expectations that look across symbols
what the other parts need to know of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from numpy.typing import NDArray

from gx.engine.batches import ROWS_ONLY, entry_key, memory_batch, result_key, suite_of
from gx.engine.looked_at import OF_THE_SCHEMA
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.expected import beyond_their_end, parameters
from gx.gate.outcomes import lookback_rows
from gx.market.across import say_gross
from gx.plugins.expectations import (
    BarExpectation,
    ExpectNoDuplicatedSeries,
    ExpectNoGrossPriceErrors,
    ExpectSymbolsToBeSpacedAlike,
    ExpectSymbolsToBeUnambiguous,
)
from gx.plugins.expectations.base import LOOKBACK_FAILING
from gx.plugins.expectations.errors import ExpectationInputError
from gx.plugins.expectations.kernels.attendance import ARRAYS, attendance
from gx.plugins.expectations.kernels.bars import (
    Bars,
    BarSize,
    SortedFrame,
    symbols_with_fewer,
)
from gx.plugins.expectations.kernels.symbols import count_symbols
from gx.plugins.expectations.kernels.twins import find_windows
from gx.plugins.expectations.lookback import sort_bars, with_lookback
from gx.plugins.expectations.session_expectations import AttendanceExpectation
from gx.report.model import date_label
from gx.suite.fitting import fit
from gx.suite.read import Suite

Arrays = dict[str, NDArray[Any]]
ROWS = "unexpected_index_list"

# Built-in expectations that judge a row by what is in it alone.
ROW_BY_ROW = {
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_to_be_in_set",
    "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_dateutil_parseable",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_json_parseable",
    "expect_column_values_to_be_null",
    "expect_column_values_to_match_json_schema",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_match_regex_list",
    "expect_column_values_to_match_strftime_format",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_not_match_regex",
    "expect_column_values_to_not_match_regex_list",
    "expect_multicolumn_sum_to_equal",
    "expect_multicolumn_values_to_be_equal",
    "expect_multicolumn_values_to_be_unique",
    "expect_select_column_values_to_be_unique_within_record",
}
# Market expectations that look across symbols.
ACROSS_SYMBOLS = (
    ExpectNoDuplicatedSeries,
    ExpectNoGrossPriceErrors,
    AttendanceExpectation,
    ExpectSymbolsToBeSpacedAlike,
    ExpectSymbolsToBeUnambiguous,
)
KEYED_BY_SYMBOL = "expect_compound_columns_to_be_unique"


class Route(StrEnum):
    """Who can judge an expectation.

    PART: each part its own rows; SCHEMA: any part for all; MARKET: all parts, from what each
    says of itself; COLUMNS: nobody before the columns that it names are read from all parts.
    """

    PART = "part"
    SCHEMA = "schema"
    MARKET = "market"
    COLUMNS = "columns"


@dataclass(frozen=True)
class Findings:
    """What a part says of itself: a JSON document, and arrays by name (see ``judge_part``)."""

    document: dict[str, Any]
    arrays: Arrays = field(repr=False)


def judge_part(
    bars: pd.DataFrame,
    suite: Suite,
    *,
    as_of: str,
    asked: Asked = NOTHING_ASKED,
    lookback: pd.DataFrame | None = None,
    bar_size: BarSize | None = None,
) -> Findings:
    """Judge the bars of some symbols; no other part may hold bars of them.

    ``bars``, ``lookback``, ``as_of`` and ``asked`` are as in ``gx.gate.checkpoint.run``;
    ``bar_size`` is what the whole market's bars are, once that is known.

    The document has suite_sha256, columns, rows, lookback_rows, sizes (bars by symbol), first_date,
    last_date, bar_size, date_labels, beyond_their_end (see ``gx.gate.expected``), and per entry of
    the suite its route and what was found. The arrays are `steps` and `step_counts` (how far bars
    are apart, in microseconds), `newest` (see SortedBars), and per entry what its route needs,
    under its number: `3.rows` are positions of failing rows in the part, `3.lookback` those in the
    part's lookback.
    """
    frame = with_lookback(bars, lookback, bar_size)
    entries: list[dict[str, Any]] = [
        {"route": route_of(expectation, list(frame.columns))} for expectation in suite.expectations
    ]
    arrays: Arrays = {}
    fitted = fit(suite.expectations, frame, parameters(suite, as_of, asked))
    _judge_alone(fitted, frame, entries, arrays)
    found = sort_bars(frame)
    table, arrays["newest"] = found.table, found.newest
    for number, (entry, expectation) in enumerate(zip(entries, suite.expectations, strict=True)):
        if entry["route"] == Route.MARKET:
            _say_to_market(expectation, table, number, entry, arrays, judged=len(bars))
    arrays["steps"], arrays["step_counts"] = np.unique(table.steps, return_counts=True)
    known = bars["date"].dropna()
    document = {
        "suite_sha256": suite.sha256,
        "columns": list(frame.columns),
        "rows": len(bars),
        "lookback_rows": len(table) - len(bars),
        "sizes": {str(s): int(n) for s, n in bars["symbol"].value_counts().items()},
        "first_date": date_label(known.min()),
        "last_date": date_label(known.max()),
        "bar_size": table.bar_size,
        "date_labels": table.date_labels,
        "beyond_their_end": beyond_their_end(suite, bars),
        "entries": entries,
    }
    return Findings(document, arrays)


def bars_for(expectation: BarExpectation, table: SortedFrame) -> Bars:
    """The bars, with the columns that the expectation names in place of the usual ones."""
    named = dict(zip(expectation.needs_columns, expectation.column_list, strict=True))
    return Bars(table, **{k: v for k, v in named.items() if k not in ("symbol", "date")})


def route_of(expectation: Expectation, columns: Sequence[str]) -> Route:
    """Who can judge this expectation on bars with these columns."""
    type_, kwargs = expectation.configuration.type, expectation.configuration.kwargs
    if isinstance(expectation, ACROSS_SYMBOLS):
        usual = expectation.column_list[:2] == ["symbol", "date"] and not kwargs.get(
            "row_condition"
        )
        known = set(expectation.column_list) <= set(columns)
        return Route.MARKET if usual and known else Route.COLUMNS
    if isinstance(expectation, BarExpectation):
        return Route.PART if expectation.column_list[0] == "symbol" else Route.COLUMNS
    if type_ in ROW_BY_ROW or _says_row_by_row(expectation):
        return Route.PART
    if type_ in OF_THE_SCHEMA:
        return Route.SCHEMA
    if type_ == KEYED_BY_SYMBOL and "symbol" in kwargs["column_list"]:
        return Route.PART
    return Route.COLUMNS


def _says_row_by_row(expectation: Expectation) -> bool:
    """Does an expectation of somebody's own say that it judges a row by what is in it alone?"""
    maps = ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation
    return isinstance(expectation, maps) and bool(getattr(expectation, "row_by_row", False))


def _judge_alone(
    fitted: Sequence[Expectation],
    frame: pd.DataFrame,
    entries: Sequence[dict[str, Any]],
    arrays: Arrays,
) -> None:
    """Let Great Expectations judge what this part can settle, in one validation."""
    alone = {
        number: fitted[number]
        for number, entry in enumerate(entries)
        if entry["route"] in (Route.PART, Route.SCHEMA)
    }
    result = memory_batch(frame).validate(suite_of("part", alone.values()), result_format=ROWS_ONLY)
    assert isinstance(result, ExpectationSuiteValidationResult)
    by_key = {result_key(found): found for found in result.results}
    for number, expectation in alone.items():
        found = by_key.get(entry_key(expectation))
        if found is None:
            continue
        said: dict[str, Any] = found.to_json_dict()
        (said["result"].get("details") or {}).pop(LOOKBACK_FAILING, None)
        entries[number] |= {
            "success": said["success"],
            "result": {k: v for k, v in said["result"].items() if k != ROWS},
            "exception_info": said["exception_info"],
        }
        rows = np.array(sorted(found.result.get(ROWS) or ()), dtype=np.int64)
        for name, failing in (("rows", rows), ("lookback", lookback_rows(found))):
            if len(failing):
                arrays[f"{number}.{name}"] = failing


def _say_to_market(
    expectation: Expectation,
    table: SortedFrame,
    number: int,
    entry: dict[str, Any],
    arrays: Arrays,
    *,
    judged: int,
) -> None:
    """Keep what the other parts must know to judge an expectation that looks across symbols."""
    assert isinstance(expectation, BarExpectation)
    bars = bars_for(expectation, table)
    try:
        if isinstance(expectation, ExpectNoDuplicatedSeries):
            entry["not_judged"] = symbols_with_fewer(bars, expectation.sessions)
            windows = find_windows(
                bars, sessions=expectation.sessions, changes=expectation.changes, judged=judged
            )
            entry |= {"symbols": list(windows.symbols), "judged_symbols": windows.judged}
            for name in ("sums", "ends", "code", "order"):
                arrays[f"{number}.{name}"] = getattr(windows, name)
        elif isinstance(expectation, AttendanceExpectation):
            said = attendance(bars, expectation.calendar, expectation.calendars)
            entry["not_judged"] = table.symbol_count
            entry["calendars"] = [[part.calendar, part.symbols] for part in said]
            for place, calls in enumerate(said):
                for name in ARRAYS:
                    arrays[f"{number}.{place}.{name}"] = getattr(calls, name)
        elif isinstance(expectation, ExpectNoGrossPriceErrors):
            entry["not_judged"] = 0
            for name, array in say_gross(expectation, bars).items():
                arrays[f"{number}.{name}"] = array
        elif isinstance(expectation, ExpectSymbolsToBeUnambiguous | ExpectSymbolsToBeSpacedAlike):
            entry |= {"not_judged": 0, "symbols": count_symbols(bars)}
    except ExpectationInputError as error:
        entry["exception_info"] = {
            "raised_exception": True,
            "exception_message": str(error),
            "exception_traceback": "",
        }
