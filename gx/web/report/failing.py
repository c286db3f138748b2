"""Failing bars as a table: filtered, sorted, one page at a time."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from starlette.datastructures import QueryParams

from gx.report.labels import date_label
from gx.terms import BAR_COLUMNS
from gx.web.runs.page import page_number

PER_PAGE = 50
SORTABLE = BAR_COLUMNS


@dataclass(frozen=True)
class View:
    """What a reader asks for: which rows, by what column (empty: worst first), which way."""

    symbol: str = ""
    expectation: str = ""
    sort: str = ""
    descending: bool = False

    @classmethod
    def of(cls, query: QueryParams) -> "View":
        """What the query of an address asks for; an unknown column is none."""
        sort = query.get("sort", "")
        return cls(
            query.get("symbol", ""),
            query.get("expectation", ""),
            sort if sort in SORTABLE else "",
            query.get("order") == "desc",
        )


@dataclass(frozen=True)
class Page:
    """One page of failing bars; ``found`` is how many fit."""

    rows: list[dict[str, object]]
    found: int
    number: int
    pages: int


def read_page(failing: pa.Table, view: View, query: QueryParams) -> Page:
    """The page that the query asks for; only its rows become Python objects."""
    fitting = positions(failing, view)
    number, pages = page_number(query, len(fitting), PER_PAGE)
    shown = failing.take(fitting.slice((number - 1) * PER_PAGE, PER_PAGE))
    return Page(shown.to_pylist(), len(fitting), number, pages)


def positions(failing: pa.Table, view: View) -> pa.Array:
    """Where the rows are that a view shows, in its order (int64); equal ones stay worst first."""
    at = pa.array(np.arange(failing.num_rows))
    if view.symbol:
        at = at.filter(pc.equal(failing["symbol"], view.symbol).combine_chunks())
    if view.expectation:
        at = at.filter(pc.is_in(at, _failed(failing["expectations"], view.expectation)))
    return in_order(failing[view.sort].take(at), at, view) if view.sort else at


def in_order(values: pa.ChunkedArray, at: pa.Array, view: View) -> pa.Array:
    """The places ``at`` in the order of the values there; of equal ones the first stays first."""
    way = "descending" if view.descending else "ascending"
    keys = pa.table({"value": values, "at": at})
    return at.take(pc.sort_indices(keys, sort_keys=[("value", way), ("at", "ascending")]))


def plain(row: dict[str, object]) -> dict[str, object]:
    """A row as JSON can hold it: dates as text, and None for what is no number."""
    return {
        name: date_label(value)
        if name == "date"
        else None
        if isinstance(value, float) and not abs(value) < float("inf")
        else value
        for name, value in row.items()
    }


def _failed(names: pa.ChunkedArray, wanted: str) -> pa.Array:
    combined = names.combine_chunks()
    if not len(combined):  # without a row to tell, the file may not know that these are lists
        return pa.array([], pa.int64())
    at = pc.list_parent_indices(combined).filter(pc.equal(pc.list_flatten(combined), wanted))
    return pc.cast(pc.unique(at), pa.int64())
