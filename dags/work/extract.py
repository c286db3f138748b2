"""Streaming bars out of PostgreSQL into a folder: of a whole run, or of one partition."""

import io
import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from dags.run.context import Run
from dags.staging.layout import BARS, CONTEXT
from dags.staging.records import Extracted
from dags.staging.run_folder import Staging
from sql.extract import SCHEMA, extract_bars
from sql.published import Gone, bars_gone, newest_read

log = logging.getLogger(__name__)

# Whether a price is gross is told by a symbol's last ten closes.
FEWEST_BEFORE = 10


def extract_into(run: Run, engine: Engine, own: Engine, *, may_be_empty: bool = False) -> Extracted:
    """Stage the bars of the request and those just before it.

    ``engine`` reaches the source, ``own`` what was published of it.
    """
    request, published = run.request, newest_read(own)
    with run.staging.sealing(BARS) as sink:
        found = extract_bars(
            engine,
            sink,
            source=run.source,
            symbols=request.symbols,
            start=request.start,
            end=request.end,
            nameless=request.every,
            may_be_empty=may_be_empty,
        )
    at = _in_order(found.at, published)
    return Extracted(
        rows=found.rows,
        rows_by_symbol=found.rows_by_symbol,
        missing_symbols=found.missing,
        rounded=found.rounded,
        rounded_example=found.rounded_example,
        first_date=found.first_date and found.first_date.isoformat(),
        last_date=found.last_date and found.last_date.isoformat(),
        digest=found.digest,
        sql=found.sql,
        read_at=found.at,
        extracted_at=at,
        context_rows=_extract_context(run, engine),
        gone=tuple(_gone(run, own, at)),
    )


def _in_order(at: datetime, published: datetime | None) -> datetime:
    """The moment of a read, later than that of whatever was published before it began.

    A clock that was set back would have it older, and what it has read superseded for as long.
    """
    if published is None or at > published:
        return at
    log.warning(
        "the database's clock says %s, but what is published was read at %s: the clock was wrong "
        "then, or is now; these bars count as read after those",
        at.isoformat(timespec="seconds"),
        published.isoformat(timespec="seconds"),
    )
    return published + timedelta(microseconds=1)


def staged_bars(staging: Staging) -> pa.Table:
    """The bars as they were extracted; raises AlteredError for others."""
    return staging.read_table(BARS, staging.finished("extract").seals.get(BARS))


def staged_lookback(staging: Staging) -> pd.DataFrame | None:
    """The dated bars before the range, as extracted; None when there are none."""
    seal = staging.finished("extract").seals.get(CONTEXT)
    if seal is None:
        return None
    table = staging.read_table(CONTEXT, seal)
    dated: pd.DataFrame = table.filter(pc.is_valid(table["date"])).to_pandas(date_as_object=False)
    return dated


def _extract_context(run: Run, engine: Engine) -> int:
    """Stage the bars just before the range: a single day alone says nothing of what is ordinary.

    Returns how many there are. Of a symbol with few in those days its last ones are read, however
    old: after a halt of months its price is still to be compared with something.
    """
    start, symbols = run.request.start, run.request.symbols
    if start is None:
        return 0
    begin = start - timedelta(days=run.settings.context_days)
    with run.staging.sealing(CONTEXT) as sink:
        found = extract_bars(
            engine,
            sink,
            source=run.source,
            symbols=symbols,
            start=begin,
            end=start - timedelta(days=1),
            may_be_empty=True,
        )
    few = [one for one in symbols if found.rows_by_symbol.get(one, 0) < FEWEST_BEFORE]
    older = _older_bars(run, few, engine, begin) if few else SCHEMA.empty_table()
    if older.num_rows:
        recent = run.staging.read_table(CONTEXT)
        with run.staging.sealing(CONTEXT) as sink:
            pq.write_table(pa.concat_tables([older, recent]), sink)
    rows: int = found.rows + older.num_rows
    if not rows:
        run.staging.remove(CONTEXT)
    return rows


def _older_bars(run: Run, symbols: Sequence[str], engine: Engine, before: date) -> pa.Table:
    """The last dated bars of each symbol before a date."""
    sink = io.BytesIO()
    extract_bars(
        engine,
        sink,
        source=run.source,
        symbols=symbols,
        start=None,
        end=before - timedelta(days=1),
        may_be_empty=True,
        newest=FEWEST_BEFORE,
    )
    table = pq.read_table(pa.BufferReader(sink.getvalue()))
    return table.filter(pc.is_valid(table["date"]))


def _gone(run: Run, own: Engine, at: datetime) -> list[Gone]:
    """What was published in the range and the source does not have any more."""
    request = run.request
    # Elsewhere it cannot be asked from here: then what was just read stands for it.
    read = None if run.source.is_own else run.staging.read_table(BARS, columns=["symbol", "date"])
    return bars_gone(
        own,
        symbols=request.symbols,
        start=request.start,
        end=request.end,
        extracted_at=at,
        bars=read,
    )
