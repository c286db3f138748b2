"""Judge a part of the market: what it can tell alone, and what the other parts must know of it.

`judge_part` looks at some symbols; `gx.market.merge` puts the parts together. A part's findings are
small: counts, the positions of its failing rows, and for the expectations that look across symbols
what the other parts need to know of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation import Expectation

from gx.engine.batches import ROWS_ONLY, FrameBatch, entry_key, result_key, suite_of
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.expected import beyond_their_end, parameters
from gx.market.route import PartBars, said_arrays
from gx.market.routes import route_of
from gx.market.whole import Array, PartDocument
from gx.plugins.expectations.kernels.bars import BarSize
from gx.plugins.expectations.lookback import sort_bars, with_lookback
from gx.report.model import date_label
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
    routes = [route_of(expectation, list(frame.columns)) for expectation in suite.expectations]
    fitted = fit(suite.expectations, frame, parameters(suite, as_of, asked))
    results = _validated(
        frame, [one for one, route in zip(fitted, routes, strict=True) if route.part_validates]
    )
    found = sort_bars(frame)
    table, entries = found.table, []
    arrays: dict[str, Array] = {"newest": found.newest}
    for number, (expectation, route) in enumerate(zip(suite.expectations, routes, strict=True)):
        result = results.get(entry_key(fitted[number])) if route.part_validates else None
        said = route.of_part(expectation, PartBars(table, len(bars), result))
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


def _validated(
    frame: pd.DataFrame, expectations: Iterable[Expectation]
) -> dict[str, ExpectationValidationResult]:
    """What Great Expectations finds of those that need no other part, in one validation."""
    suite = suite_of("part", expectations)
    result = FrameBatch(frame).validate(suite, result_format=ROWS_ONLY)
    return {result_key(found): found for found in result.results}
