"""Streaming bars out of PostgreSQL into a folder: of a whole run, or of one partition."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from dags.archive.files import fetcher
from dags.run.context import Run
from dags.run.due import later_than
from dags.staging.layout import BARS, CONTEXT
from dags.staging.records import Extracted
from dags.staging.run_folder import Staging
from dags.work.actions import stage_declared
from dags.work.repairs import accepted_repairs, keep, without_changed
from sql.extract import Extraction, extract_bars
from sql.published import Gone, bars_gone, newest_read
from sql.repaired import Repairs

log = logging.getLogger(__name__)

# Whether a price is gross is told by a symbol's last ten closes.
FEWEST_BEFORE = 10


@dataclass(frozen=True)
class Context:
    """The bars just before the range, as a file of Parquet holds them."""

    rows: int = 0
    parquet: bytes = b""


def extract_into(run: Run, engine: Engine, own: Engine, *, may_be_empty: bool = False) -> Extracted:
    """Stage the bars of the request and those just before it.

    ``engine`` reaches the source, ``own`` what was published of it.
    """
    published = newest_read(own)
    repairs = without_changed(run, engine, accepted_repairs(run, own))
    while True:
        read = _read_bars(run, engine, repairs.within, may_be_empty=may_be_empty)
        context = _read_context(run, engine, repairs.before)
        changes = repairs.changes(_context_begins(run))
        if not repairs.is_half_applied(changes):
            break
        # What is right or wrong together is applied as a whole or not at all: read them anew.
        repairs = repairs.without(changes)
    if read.archived:
        log.info("some of the bars in the range were archived; they are read as the others are")
    moment = later_than(published, read.at)
    gone = _gone(run, own, moment, archived=read.archived)
    if context.rows:
        with run.staging.sealing(CONTEXT) as sink:
            sink.write(context.parquet)
    stage_declared(run, engine, has_context=bool(context.rows))
    if published is not None and moment != read.at:
        _warn_of_clock(read.at, published)
    found = _extracted(read, moment, context.rows, gone)
    return found.model_copy(update=keep(run, own, repairs, changes))


def _read_bars(run: Run, engine: Engine, repairs: Repairs, *, may_be_empty: bool) -> Extraction:
    request, (start, end) = run.request, run.moments
    # The bars go on to the folder while they are read: they may be more than memory holds.
    with run.staging.sealing(BARS) as sink:
        return extract_bars(
            engine,
            sink,
            source=run.source,
            symbols=request.symbols,
            start=start,
            end=end,
            nameless=request.every,
            may_be_empty=may_be_empty,
            repairs=repairs,
            archive=fetcher(run.settings),
        )


def _warn_of_clock(at: datetime, published: datetime) -> None:
    log.warning(
        "the database's clock says %s, but what is published was read at %s: the clock was wrong "
        "then, or is now; these bars count as read after those",
        at.isoformat(timespec="seconds"),
        published.isoformat(timespec="seconds"),
    )


def _extracted(
    read: Extraction, moment: datetime, context_rows: int, gone: list[Gone]
) -> Extracted:
    return Extracted(
        rows=read.rows,
        rows_by_symbol=read.rows_by_symbol,
        missing_symbols=read.missing,
        rounded=read.rounded,
        rounded_example=read.rounded_example,
        first_date=read.first_date and read.first_date.isoformat(),
        last_date=read.last_date and read.last_date.isoformat(),
        digest=read.digest,
        sql=read.sql,
        read_at=read.at,
        extracted_at=moment,
        context_rows=context_rows,
        gone=tuple(gone),
    )


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


def _read_context(run: Run, engine: Engine, repairs: Repairs) -> Context:
    """Read the bars just before the range: a single day alone says nothing of what is ordinary.

    Of a symbol with few in those days its last ones are read, however old: after a halt of months
    its price is still to be compared with something.
    """
    (start, _), symbols = run.moments, run.request.symbols
    begin = _context_begins(run)
    if start is None or begin is None:
        return Context()
    sink = io.BytesIO()
    recent = extract_bars(
        engine,
        sink,
        source=run.source,
        symbols=symbols,
        start=begin,
        end=_just_before(start),
        may_be_empty=True,
        repairs=repairs,
        archive=fetcher(run.settings),
    )
    few = [one for one in symbols if recent.rows_by_symbol.get(one, 0) < FEWEST_BEFORE]
    older = _older_bars(run, few, engine, (begin, repairs)) if few else None
    if older is None or not older.num_rows:
        return Context(recent.rows, sink.getvalue())
    return Context(recent.rows + older.num_rows, _with_older(older, sink.getvalue()))


def _context_begins(run: Run) -> date | None:
    """From when all bars before the range are read; None where the range has no start."""
    start, _ = run.moments
    return None if start is None else start - timedelta(days=run.settings.context_days)


def _just_before(moment: date) -> date:
    """The day before, or the instant before a moment."""
    step = timedelta(microseconds=1) if isinstance(moment, datetime) else timedelta(days=1)
    return moment - step


def _with_older(older: pa.Table, recent: bytes) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables([older, pq.read_table(pa.BufferReader(recent))]), sink)
    return sink.getvalue()


def _older_bars(
    run: Run, symbols: Sequence[str], engine: Engine, before: tuple[date, Repairs]
) -> pa.Table:
    """The last dated bars of each symbol before a date, with repairs applied."""
    day, repairs = before
    sink = io.BytesIO()
    extract_bars(
        engine,
        sink,
        source=run.source,
        symbols=symbols,
        start=None,
        end=_just_before(day),
        may_be_empty=True,
        newest=FEWEST_BEFORE,
        repairs=repairs,
        archive=fetcher(run.settings),
    )
    table = pq.read_table(pa.BufferReader(sink.getvalue()))
    return table.filter(pc.is_valid(table["date"]))


def _gone(run: Run, own: Engine, at: datetime, *, archived: bool) -> list[Gone]:
    """What was published in the range and the source does not have any more."""
    start, end = run.moments
    # Elsewhere, and in the archive, it cannot be asked: then what was just read stands for it.
    here = run.source.is_own and not archived
    read = None if here else run.staging.read_table(BARS, columns=["symbol", "date"])
    return bars_gone(
        own,
        symbols=run.request.symbols,
        start=start,
        end=end,
        extracted_at=at,
        bars=read,
    )
