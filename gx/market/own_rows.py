"""Expectations that a part settles for its own rows, and those about the columns of all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from great_expectations.expectations.expectation import Expectation

from gx.gate.counted import found_by_counts, result_of
from gx.gate.outcomes import NO_ROWS, Found, lookback_rows
from gx.market.route import UNSAID, MarketEntry, PartBars, Route
from gx.market.whole import Part
from gx.plugins.expectations.base import LOOKBACK_FAILING
from gx.plugins.expectations.market_wide import Said

LISTED = 50
EVERY_ROW = "unexpected_index_list"
COUNTS = ("element_count", "missing_count", "unexpected_count")


class ByOwnRows(Route):
    """Each part judges its own rows; counts and details add up."""

    name = "part"
    part_validates = True

    def of_part(self, expectation: Expectation, part: PartBars) -> Said:
        """The result; its failing rows and those of the lookback are arrays."""
        found = part.result
        if found is None:
            return UNSAID
        said: dict[str, Any] = found.to_json_dict()
        (said["result"].get("details") or {}).pop(LOOKBACK_FAILING, None)
        rows = np.array(sorted(found.result.get(EVERY_ROW) or ()), dtype=np.int64)
        failing = {"rows": rows, "lookback": lookback_rows(found)}
        return Said(
            {
                "success": said["success"],
                "result": {k: v for k, v in said["result"].items() if k != EVERY_ROW},
                "exception_info": said["exception_info"],
            },
            {name: array for name, array in failing.items() if len(array)},
        )

    def of_market(self, expectation: Expectation, entry: MarketEntry) -> Found | None:
        """Judge by the sums."""
        documents, market = entry.documents, entry.market
        if any("result" not in document for document in documents):
            return None
        result = _summed([document["result"] for document in documents])
        details = _details(documents, entry.parts)
        return found_by_counts(
            expectation,
            result | ({"details": details} if details else {}),
            market.rows(entry.array_name("rows")),
            market.lookback_rows(entry.array_name("lookback")),
        )


class BySchema(ByOwnRows):
    """What holds of the columns of one part holds of all."""

    name = "schema"

    def of_market(self, expectation: Expectation, entry: MarketEntry) -> Found | None:
        """Take the first part's word."""
        first = entry.documents[0]
        if any("result" not in document for document in entry.documents):
            return None
        said = result_of(expectation, first["success"], first["result"])
        return Found(said, NO_ROWS, NO_ROWS, looked_at=entry.market.judged_rows)


def _summed(results: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    return {
        name: sum(result[name] for result in results)
        for name in COUNTS
        if all(name in result for result in results)
    }


def _details(documents: Sequence[Mapping[str, Any]], parts: Sequence[Part]) -> dict[str, object]:
    """Add up the parts' details: counts are summed, lists put one behind the other."""
    merged: dict[str, Any] = {}
    behind: dict[str, list[object]] = {}
    for document, part in zip(documents, parts, strict=True):
        for name, value in (document["result"].get("details") or {}).items():
            if not isinstance(value, list):
                merged[name] = merged.get(name, 0) + value
                continue
            # One frame would number the symbols of which there is only lookback last.
            own_symbols = part.document["sizes"]
            merged.setdefault(name, []).extend(v for v in value if v["symbol"] in own_symbols)
            behind.setdefault(name, []).extend(v for v in value if v["symbol"] not in own_symbols)
    for name, listed in behind.items():
        merged[name] = [*merged[name], *listed][:LISTED]
    return merged
