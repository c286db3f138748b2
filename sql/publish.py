"""Publishing the bars that the gate let through.

Every function takes a connection, so that one transaction of the caller holds all of them:
    with engine.begin() as connection:
        publish_bars(connection, …)
        quarantine_bars(connection, …)
        release(connection, …)
        edge_bars(connection, …), correct_returns(connection, …)
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
)

from sql.bar_tables import as_table, text_array, without_nan
from sql.copy_in import copy_in
from sql.errors import PublishError
from sql.locks import PUBLISH, lock
from sql.source import quoted
from sql.statements import statement
from sql.terms import BAR, DERIVED
from sql.trained.digest import digest_of

ENRICHED = (*BAR, *DERIVED)
_WRITES = re.compile(
    r"(?:\s|--[^\n]*\n|with gone as \()*(?:insert into|update|delete from)\s+(\w+)"
)


@dataclass(frozen=True)
class Publication:
    """What a run changed in `stock_data_enriched`.

    `rows` were written, of them `new` and `changed` (other figures than before); `removed` were
    there in the run's range and are not any more. `superseded` bars were left alone, because a
    newer extract of them is published, by the runs `newer`.
    """

    rows: int
    new: int
    changed: int
    removed: int
    superseded: int = 0
    newer: tuple[str, ...] = ()


@contextmanager
def refusing() -> Iterator[None]:
    """Tell in one line what the database does not take of what is published.

    Raises PublishError, without the statement: that is pages long, and says nothing to a person.
    A lost connection stays what it is: another try may find it back.
    """
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise PublishError(
            f"the database does not take these bars ({_said(error)}); nothing was published. Mend "
            "them in the source, or let a critical expectation hold them back."
        ) from None
    except (InternalError, ProgrammingError, NotSupportedError) as error:
        raise PublishError(
            f"the database refused to write{_where(error)} ({_said(error)}); nothing was published "
            "and nothing was set aside. Mend what refuses it there, and run again."
        ) from None


def _said(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _where(error: DBAPIError) -> str:
    """The table of the statement that failed, if it names one."""
    found = _WRITES.match(error.statement or "")
    return f" into {found[1]}" if found else ""


def publish_bars(
    connection: Connection,
    bars: pa.Table | pd.DataFrame,
    *,
    run_id: str,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    extracted_at: datetime,
    removable: Mapping[str, int] | None = None,
    carried: Sequence[str] = (),
    indicators: Sequence[str] = (),
    verdict: str | None = None,
    extract_digest: str | None = None,
) -> Publication:
    """Make `stock_data_enriched` equal to `bars` for `symbols` from `start` to `end`.

    `bars` has symbol, date (day), open, high, low, close, volume, daily_return, price_range,
    price_range_pct (float64; NaN is written as NULL) and, if known, remarks (lists of the
    expectations that a bar misses) and repaired (the rule, None for most).
    `symbols` are those that passed the gate, also those without a
    bar: what was published of them in the range goes away, of each symbol as many bars at most as
    are `removable` (None: any). Other symbols stay as they are. `extracted_at` is the database's
    clock when the bars were read: what was read later stays. Publishers wait for each other.
    `carried` columns of the bars are written beside them, and those of `indicators` (float64; NaN
    is written as NULL), in which a bar may be `changed`, too. Each bar gets a digest; the
    publication keeps the `verdict` and the `extract_digest` of what was judged.

    Raises:
        PublishError: a bar has no symbol or date, lies outside `symbols` or the range, or occurs
            twice; or more bars would go away than the gate knows of.
    """
    more = "".join(f", {quoted(name)}" for name in (*carried, *indicators))
    connection.exec_driver_sql(statement("queries/stage_enriched").replace("{more}", more))
    table = _with_notes(bars, _numbers(bars, carried, indicators))
    _refuse_nameless(table)
    copy_in(connection, "staged_enriched", table)
    connection.exec_driver_sql("analyze staged_enriched")
    bound = {
        "run_id": run_id,
        "symbols": list(symbols),
        "start": start,
        "end": end,
        "extracted_at": extracted_at,
    }
    _refuse_contradictions(connection, table, bound)
    # Only now: what takes longest is this transaction's own.
    lock(connection, PUBLISH)
    newer, superseded = _drop_superseded(connection, bound)
    # run_id and published_at always change: a row names the last run that let it through.
    counted = connection.exec_driver_sql(_clear(indicators), bound).all()
    if removable is not None:
        _refuse_unknown_removals({one.symbol: one.removed for one in counted}, removable)
    insert = statement("queries/insert_enriched").replace("{more}", more)
    insert = insert.replace("{digest}", digest_of("%(run_id)s::text"))
    rows = connection.exec_driver_sql(insert, bound).rowcount
    recorded = bound | {"rows": rows, "verdict": verdict, "extract_digest": extract_digest}
    connection.exec_driver_sql(statement("queries/insert_publication"), recorded)
    connection.exec_driver_sql("drop table staged_enriched")
    return Publication(
        rows=rows,
        new=sum(one.new for one in counted),
        changed=sum(one.changed for one in counted),
        removed=sum(one.removed for one in counted),
        superseded=superseded,
        newer=newer,
    )


def _numbers(
    bars: pa.Table | pd.DataFrame, carried: Sequence[str], indicators: Sequence[str]
) -> pa.Table:
    table = as_table(bars, ENRICHED, (*carried, *indicators))
    return without_nan(table, indicators)


def _clear(indicators: Sequence[str]) -> str:
    """The statement that makes room for the bars, and compares these columns with theirs."""
    text = statement("queries/clear_enriched")
    for of in ("", "gone.", "staged."):
        more = "".join(f", {of}{quoted(name)}" for name in indicators)
        text = text.replace(f"{{{of}more}}", more)
    return text


def edge_bars(
    connection: Connection,
    *,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    everywhere: bool = False,
) -> pd.DataFrame:
    """Each symbol's first published bar of the range and first one behind it.

    Columns symbol, date, close, daily_return, previous_close (the published close before it, NaN
    where there is none). `everywhere`: every published bar of the symbols instead.
    """
    name = "every_bar_with_previous" if everywhere else "edge_bars"
    bound = {"symbols": list(symbols), "start": start, "end": end}
    found = connection.exec_driver_sql(statement(f"queries/{name}"), bound)
    frame = pd.DataFrame(found.all(), columns=list(found.keys()))
    numbers = ["close", "daily_return", "previous_close"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def correct_returns(connection: Connection, returns: pd.DataFrame) -> int:
    """Write the column daily_return (NaN: NULL) of some bars, by symbol and date; how many."""
    if returns.empty:
        return 0
    known = returns["daily_return"].astype(object).where(returns["daily_return"].notna(), None)
    bound: dict[str, object] = {
        "of_symbols": returns["symbol"].tolist(),
        "dates": returns["date"].tolist(),
        "returns": known.tolist(),
    }
    return connection.exec_driver_sql(statement("queries/correct_returns"), bound).rowcount


def _with_notes(bars: pa.Table | pd.DataFrame, table: pa.Table) -> pa.Table:
    """With what is known of single bars: remarks, and the rule by which one was repaired."""
    for name in ("remarks", "repaired"):
        if isinstance(bars, pd.DataFrame):
            notes = bars[name].tolist() if name in bars else None
        else:
            notes = bars[name].to_pylist() if name in bars.column_names else None
        if notes is not None:
            written = (text_array(one) if isinstance(one, list) else one for one in notes)
            table = table.append_column(name, pa.array(written, pa.string()))
    return table


def _drop_superseded(
    connection: Connection, bound: Mapping[str, object]
) -> tuple[tuple[str, ...], int]:
    """Leave out what a newer extract has published; the runs that did, and how many bars."""
    newer = connection.exec_driver_sql(statement("queries/newer_publications"), bound).scalars()
    runs = tuple(dict.fromkeys(newer))
    if not runs:
        return (), 0
    dropped = connection.exec_driver_sql(statement("queries/drop_superseded"), bound).rowcount
    return runs, dropped


def _refuse_unknown_removals(removed: Mapping[str, int], removable: Mapping[str, int]) -> None:
    """Each symbol by itself: what may go away of one is no leave for another."""
    for symbol, bars in removed.items():
        known = removable.get(symbol, 0)
        if bars > known:
            raise PublishError(
                f"{bars} published bars of {symbol} would go away, but the gate knows of {known}: "
                "another run has published since these bars were read. Nothing was published; "
                "clear the extract and everything after it."
            )


def _refuse_nameless(table: pa.Table) -> None:
    nameless = max(table["symbol"].null_count, table["date"].null_count)
    if nameless:
        raise PublishError(
            f"{nameless} bars to publish have no symbol or no date, and the suite lets them pass. "
            "Mend them, or add expect_column_values_to_not_be_null on symbol and date (critical)."
        )


def _refuse_contradictions(
    connection: Connection, table: pa.Table, bound: Mapping[str, object]
) -> None:
    # Arrow counts the keys in a third of the time that the server needs to sort them.
    if table.group_by(["symbol", "date"]).aggregate([]).num_rows < table.num_rows:
        twice = connection.exec_driver_sql(statement("queries/find_staged_twice")).one()
        raise PublishError(f"The bar {twice.symbol} {twice.date} is to be published twice.")
    strange = connection.exec_driver_sql(statement("queries/find_staged_outside"), bound).first()
    if strange:
        raise PublishError(
            f"The bar {strange.symbol} {strange.date} lies outside the symbols and dates of run "
            f"{bound['run_id']!r}."
        )
