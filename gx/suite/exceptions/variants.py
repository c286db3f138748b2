"""What an entry with exceptions comes to: its own expectation, and one more for each row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

from gx.plugins.expectations.market_wide import MarketWideExpectation
from gx.suite.exceptions.table import OWN, SymbolException, Table
from gx.terms import EXCEPTIONS

# What a row may not change: an entry is one expectation, of the same bars and columns.
WHICH_BARS = (
    *("column", "column_A", "column_B", "column_list", "column_set", "column_index", "ordered"),
    *("row_condition", "condition_parser", "ignore_row_if"),
)
OF_ALL = ("symbols", "first_date", "last_date", "as_of", "ended", "calendars")


@dataclass(frozen=True)
class Piece:
    """An expectation for the symbols that a row of its entry's table rules.

    ``entry`` is the entry's place in the suite (from 0), ``own`` the entry's own expectation;
    ``row`` is ``OWN`` for the others.
    """

    entry: int
    row: int
    expectation: Expectation
    table: Table
    own: Expectation

    @property
    def alone(self) -> bool:
        """Is it all of its entry?"""
        return not self.table.rows

    @property
    def market_wide(self) -> bool:
        """Is it judged on all bars whosever it is, and then taken for its symbols?"""
        return not self.alone and isinstance(self.expectation, MarketWideExpectation)


def table_of(expectation: Expectation) -> Table:
    """The table of an expectation that was read."""
    meta = expectation.meta
    return Table.of(meta) if meta and meta.get(EXCEPTIONS) else Table()


def pieces_of(expectations: Sequence[Expectation]) -> tuple[Piece, ...]:
    """Every expectation of a suite in turn, each with one more for every row that is judged."""
    found: list[Piece] = []
    for number, expectation in enumerate(expectations):
        table = table_of(expectation)
        found.append(Piece(number, OWN, expectation, table, expectation))
        found += [
            Piece(number, row, variant(expectation, one), table, expectation)
            for row, one in enumerate(table.rows, 1)
            if not one.off
        ]
    return tuple(found)


def variant(expectation: Expectation, row: SymbolException) -> Expectation:
    """The expectation as it is for a row's symbols.

    Raises what building an expectation raises.
    """
    kwargs = dict(row.kwargs)
    if "calendar" in kwargs and "calendars" in type(expectation).__fields__:
        kwargs["calendars"] = {}
    return changed(expectation, kwargs, row.severity)


def with_calendars_named(piece: Piece, symbols: Iterable[str]) -> Expectation:
    """A market-wide expectation that knows the calendars which the rows of its table give.

    It looks at all symbols at once, so each calendar is named for those of ``symbols`` that its row
    rules, and all others keep theirs.
    """
    rows = [n for n, row in enumerate(piece.table.rows, 1) if "calendar" in row.kwargs]
    if not rows:
        return piece.expectation
    named = {
        symbol: piece.table.rows[row - 1].kwargs["calendar"]
        for symbol in symbols
        if (row := piece.table.ruling(symbol)) in rows
    }
    own: Any = piece.own
    kwargs = {"calendar": own.calendar, "calendars": {**own.calendars, **named}}
    return changed(piece.expectation, kwargs)


def changed(
    expectation: Expectation, kwargs: Mapping[str, object], severity: str | None = None
) -> Expectation:
    """The expectation with these kwargs, without id and table; of this severity, if one is given.

    A kwarg of None is as if it were not given. Raises what building an expectation raises.
    """
    configuration = expectation.configuration
    given = {**configuration.kwargs, **kwargs}
    configuration.kwargs = {key: value for key, value in given.items() if value is not None}
    configuration.id = None  # type: ignore[assignment]
    configuration.meta = _without_table(expectation.meta)
    if severity is not None:
        configuration.severity = FailureSeverity(severity)
    return configuration.to_domain_obj()


def changeable(implementation: type[Expectation]) -> Mapping[str, Any]:
    """The kwargs that a row may change, by name."""
    if issubclass(implementation, MarketWideExpectation):
        names: Iterable[str] = implementation.by_symbol
    else:
        names = set(implementation.__fields__).difference(_OF_EVERY, WHICH_BARS, OF_ALL)
    return {n: one for n, one in implementation.__fields__.items() if n in names}


# What every expectation has, and no row gives as a kwarg.
_OF_EVERY = frozenset(
    {
        *("id", "meta", "notes", "description", "severity", "rendered_content", "windows"),
        *("batch_id", "result_format", "catch_exceptions"),
    }
)


def _without_table(meta: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (meta or {}).items() if key != EXCEPTIONS}
