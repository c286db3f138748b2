"""Judge a part of the market: what it can tell alone, and what the other parts must know of it.

`judge_part` looks at some symbols; `gx.market.merge` puts the parts together. A part's findings are
small: counts, the positions of its failing rows, and for the expectations that look across symbols
what the other parts need to know of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationValidationResult,
)

from gx.engine.batches import ROWS_ONLY, FrameBatch, entry_key, result_key, suite_of
from gx.gate.apart import Share, judged_as, shares
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.expected import beyond_their_end, parameters
from gx.market.own_rows import EVERY_ROW
from gx.market.route import UNASKED, PartBars, said_arrays
from gx.market.routes import route_of
from gx.market.whole import Array, PartDocument
from gx.plugins.expectations.base import LOOKBACK_FAILING
from gx.plugins.expectations.kernels.bars import BarSize
from gx.plugins.expectations.lookback import sort_bars, with_lookback
from gx.report.labels import date_label
from gx.suite.exceptions.variants import Piece, pieces_of
from gx.suite.fitting import fit
from gx.suite.read import Suite


@dataclass(frozen=True)
class PartFindings:
    """What a part says of itself: a JSON document, and arrays by name (see ``judge_part``)."""

    document: PartDocument
    arrays: dict[str, Array] = field(repr=False)


def judge_part(
    bars: pd.DataFrame,
    suite: Suite,
    *,
    as_of: str,
    asked: Asked = NOTHING_ASKED,
    lookback: pd.DataFrame | None = None,
    bar_size: BarSize | None = None,
) -> PartFindings:
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
    pieces = pieces_of(suite.expectations)
    routes = [route_of(piece.expectation, list(frame.columns)) for piece in pieces]
    found = sort_bars(frame)
    given = parameters(suite, as_of, asked)
    table, entries = found.table, []
    own = {number: pieces[number] for number, one in enumerate(routes) if one.part_validates}
    results = _results(frame, own, given, table.bar_size)
    asked_symbols = {*table.symbols, *asked.symbols}
    arrays: dict[str, Array] = {"newest": found.newest}
    for number, (piece, route) in enumerate(zip(pieces, routes, strict=True)):
        expectation = piece.expectation if piece.alone else judged_as(piece, asked_symbols)
        unasked = route.part_validates and number not in results
        judged = PartBars(table, len(bars), results.get(number))
        said = UNASKED if unasked else route.of_part(expectation, judged)
        entries.append({"route": route.name, **said.document})
        arrays |= said_arrays(number, said)
    arrays["steps"], arrays["step_counts"] = np.unique(table.steps, return_counts=True)
    known = bars["date"].dropna()
    document: PartDocument = {
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
    return PartFindings(document, arrays)


def _results(
    frame: pd.DataFrame,
    pieces: Mapping[int, Piece],
    given: Mapping[str, Any],
    bar_size: BarSize,
) -> dict[int, ExpectationValidationResult | None]:
    """What Great Expectations finds of those that need no other part, by their numbers.

    None of one without a result; those that have no bar here are left out.
    """
    plain = {number: piece.expectation for number, piece in pieces.items() if piece.alone}
    fitted = fit(plain.values(), frame, given)
    result = FrameBatch(frame).validate(suite_of("part", fitted), result_format=ROWS_ONLY)
    by_key = {result_key(found): found for found in result.results}
    found = {n: by_key.get(entry_key(one)) for n, one in zip(plain, fitted, strict=True)}
    numbers = {id(piece): number for number, piece in pieces.items()}
    several = [piece for piece in pieces.values() if not piece.alone]
    for share, mine in shares(frame, several, bar_size):
        for piece, own in share.validated(mine, frame, given):
            found[numbers[id(piece)]] = None if own is None else _placed(own, share, piece)
    return found


def _placed(
    result: ExpectationValidationResult, share: Share, piece: Piece
) -> ExpectationValidationResult:
    """The result, with the rows of the part in place of those of its share."""
    placed = share.found(result, piece)
    said: dict[str, Any] = {**result.result, "details": {**(result.result.get("details") or {})}}
    if EVERY_ROW in said:
        said[EVERY_ROW] = [int(row) for row in share.rows[sorted(said[EVERY_ROW] or ())]]
    said["details"].pop(LOOKBACK_FAILING, None)
    if len(placed.lookback_rows):
        said["details"][LOOKBACK_FAILING] = placed.lookback_rows.tolist()
    if not said["details"]:
        del said["details"]
    return ExpectationValidationResult(
        success=result.success,
        expectation_config=result.expectation_config,
        result=said,
        exception_info=result.exception_info,
        meta={},
    )
