"""Check files of bars without any service."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from gx.errors import BarFileError
from gx.files.read import COLUMNS, header, is_daily, read_bars
from gx.suite.calendars import Calendars
from gx.symbols import RULE, symbol_fault
from gx.terms import DAILY_ONLY, WITHIN_THE_DAY_ONLY

if TYPE_CHECKING:
    from gx.suite.read import Suite

NEEDS_CLOCK = "needs --as-of"
NEEDS_COLUMN = "the file has no column {}"
# A file's name is only guessed to be a symbol: of what may be one it is what looks like one.
_SYMBOL_LIKE = re.compile(r"[A-Za-z0-9.^=/\-]{1,15}")


def read_files(
    files: Sequence[Path], symbol: str | None = None, calendars: Calendars | None = None
) -> pa.Table:
    """The bars of all files as one table, to be judged together.

    A file without a symbol column takes ``symbol``, or else its own name, as its symbol. Daily bars
    with a time of day have the date that their calendar gives (``calendars``).
    Raises BarFileError for a file that cannot be read completely, or that mixes daily bars with
    bars within the day.
    """
    tables = [_read(path, symbol, calendars) for path in files]
    if len({is_daily(table) for table in tables}) > 1:
        raise BarFileError("daily bars and bars within the day cannot be judged together")
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowInvalid:
        raise BarFileError("some of these files have time zones and some have none") from None


def require_columns(suite: "Suite", bars: pa.Table, file: Path) -> None:
    """Raise BarFileError when a column of a bar that the suite asks about is not in the file.

    One line tells it: otherwise every expectation would say of itself that it crashed.
    """
    needed = {"date", *(name for one in suite.expectations for name in _columns_of(one))}
    _refuse_without([n for n in COLUMNS if n in needed and n not in bars.column_names], file)


def _columns_of(expectation: object) -> Iterator[str]:
    """The columns that an expectation reads; one about a table's columns itself reads none."""
    for field in ("column", "column_A", "column_B"):
        if isinstance(name := getattr(expectation, field, None), str):
            yield name
    listed = getattr(expectation, "column_list", None)
    if isinstance(listed, list) and not type(expectation).__name__.startswith("ExpectTable"):
        yield from (name for name in listed if isinstance(name, str))


def _refuse_without(columns: Sequence[str], file: Path) -> None:
    if columns:
        raise BarFileError(
            f"{file}: no {', '.join(columns)} column; the file has: {', '.join(header(file))}"
        )


def unfit(bars: pa.Table, *, clock: bool = True) -> dict[str, str]:
    """The market expectations that make no sense for these bars, and why, by type.

    Without a ``clock`` nobody has said from which moment a file is judged: how old it is says
    nothing.
    """
    from gx.plugins.expectations import MARKET_EXPECTATIONS
    from gx.plugins.expectations.session_expectations import ExpectBarsToBeFresh

    reasons = {} if clock else {ExpectBarsToBeFresh.expectation_type: NEEDS_CLOCK}
    for expectation in MARKET_EXPECTATIONS:
        if expectation.daily_only and not is_daily(bars):
            reasons[expectation.expectation_type] = DAILY_ONLY
        elif expectation.within_the_day_only and is_daily(bars):
            reasons[expectation.expectation_type] = WITHIN_THE_DAY_ONLY
        elif "created_at" in expectation.needs_columns and "created_at" not in bars.column_names:
            reasons[expectation.expectation_type] = NEEDS_COLUMN.format("created_at")
    return reasons


def _read(path: Path, symbol: str | None, calendars: Calendars | None) -> pa.Table:
    table = read_bars(path, partial=True, calendars=calendars)
    _refuse_without([] if "date" in table.column_names else ["date"], path)
    if "symbol" in table.column_names:
        if symbol is not None:
            raise BarFileError(f"{path}: has a symbol column already; leave --symbol out")
        return table
    if symbol is not None and (fault := symbol_fault(symbol)):
        raise BarFileError(f"the symbol {symbol!r} {fault}; a symbol is {RULE}")
    name = symbol or path.stem.upper()
    if symbol is None and not _SYMBOL_LIKE.fullmatch(name):
        raise BarFileError(
            f"{path}: has no symbol column, and its name is no symbol; name it with --symbol"
        )
    return table.add_column(0, "symbol", pa.array([name] * len(table), pa.string()))
