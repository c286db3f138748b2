"""The steps of the pipeline on bars of a day and of five minutes, for `tests.bench.measure`.

Every function returns the work to measure. `bar` is one of KINDS; `place` the folder of the files.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from sql.connection import ConnectionSettings, make_engine
from sql.source import Source
from tests.bench.bars import LAST_DAY, exchange_sessions, generate_bars, symbol_names

KINDS = ("1 day", "5 mins")
# 25 sessions of 78 bars.
BARS_EACH = 1950
Work = Callable[[], Any]


def load(where: Sequence[str], place: str, symbols: int, bar: str) -> Work:
    """Fill a table with bars of this kind, and the files of the later steps."""
    from gx.dataset.sessions import session_dates
    from gx.suite.calendars import Calendars
    from sql.copy_in import copy_in
    from sql.preflight import make_ready
    from transforms.bars import enrich

    def work() -> None:
        frame, engine = _bars(symbols, bar), _engine(where)
        kind = "date" if bar == "1 day" else "timestamptz"
        numbers = ", ".join(f"{name} double precision" for name in frame.columns[2:])
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"create table {_table(bar)} "
                f"(symbol text, date {kind}, {numbers}, primary key (symbol, date))"
            )
            copy_in(connection, _table(bar), _arrow(frame, bar))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"vacuum (analyze) {_table(bar)}")
        own = _engine(where, _schema(bar))
        make_ready(own, engine, _source(bar), schema=_schema(bar))
        enriched = enrich(frame)
        if bar != "1 day":
            enriched["session"] = session_dates(enriched, Calendars())
        enriched.to_parquet(Path(place) / f"enriched {bar}.parquet", index=False)

    return work


def extract(
    where: Sequence[str], place: str, symbols: int, bar: str, round_: int
) -> Work:  # one signature
    """The pipeline's own extraction."""
    from sql.extract import extract_bars

    engine, names = _engine(where), symbol_names(symbols)

    def work() -> None:
        with (Path(place) / f"{bar}.parquet").open("wb") as sink:
            extract_bars(engine, sink, source=_source(bar), symbols=names, start=None, end=None)

    return work


def gate(
    where: Sequence[str], place: str, symbols: int, bar: str, round_: int
) -> Work:  # one signature
    """What of the committed suite makes sense for bars of both kinds."""
    from gx.gate import checkpoint
    from gx.suite.named import suite_path
    from gx.suite.read import read_suite
    from gx.suite.unfit import unfit

    bars = pq.read_table(Path(place) / f"{bar}.parquet").to_pandas(date_as_object=False)
    skipped = unfit(daily=True) | unfit(daily=False)
    suite = read_suite(suite_path("stock_data"))

    def work() -> None:
        report = checkpoint.run_in_memory(bars, suite, skipped=skipped, as_of=LAST_DAY)
        assert not report.blocking, report.sentence

    return work


def transform(
    where: Sequence[str], place: str, symbols: int, bar: str, round_: int
) -> Work:  # one signature
    """Enrich; of bars within the day, also the date of each bar's session."""
    from gx.dataset.sessions import session_dates
    from gx.suite.calendars import Calendars
    from transforms.bars import enrich

    bars = pq.read_table(Path(place) / f"{bar}.parquet").to_pandas(date_as_object=False)
    if bar != "1 day":
        session_dates(bars, Calendars())  # the calendar is loaded once a process

    def work() -> None:
        enriched = enrich(bars.drop(columns="created_at"))
        if bar != "1 day":
            session_dates(enriched, Calendars())

    return work


def publish(where: Sequence[str], place: str, symbols: int, bar: str, round_: int) -> Work:
    """Publish in one transaction."""
    from sql.publish import publish_bars

    engine, names = _engine(where, _schema(bar)), symbol_names(symbols)
    table = pq.read_table(Path(place) / f"enriched {bar}.parquet")

    def work() -> None:
        with engine.begin() as connection:
            publish_bars(
                connection,
                table,
                run_id=f"run {round_}",
                symbols=names,
                start=None,
                end=None,
                extracted_at=datetime.now(UTC),
                carried=() if bar == "1 day" else ("session",),
            )

    return work


def _bars(symbols: int, bar: str) -> pd.DataFrame:
    if bar == "1 day":
        return generate_bars(symbols, BARS_EACH)
    sessions = exchange_sessions(BARS_EACH // 78)
    opens = [pd.Timestamp(f"{day.date()} 09:30", tz="America/New_York") for day in sessions]
    steps = pd.timedelta_range("0min", periods=78, freq="5min")
    moments = pd.DatetimeIndex([one + step for one in opens for step in steps]).tz_convert("UTC")
    frame = generate_bars(symbols, len(moments), days=moments.tz_localize(None))
    return frame.assign(date=frame["date"].dt.as_unit("us").dt.tz_localize("UTC"))


def _arrow(frame: pd.DataFrame, bar: str) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    dates = pa.date32() if bar == "1 day" else pa.timestamp("us", "UTC")
    return table.set_column(1, "date", table["date"].cast(dates))


def _table(bar: str) -> str:
    return "bars_" + bar.replace(" ", "_")


def _schema(bar: str) -> str:
    return "of_" + bar.replace(" ", "_")


def _source(bar: str) -> Source:
    return Source(name=bar, table=_table(bar), daily=bar == "1 day")


def _engine(where: Sequence[str], schema: str | None = None) -> Engine:
    host, database, user = where
    return make_engine(replace(ConnectionSettings(host, 5432, database, user), schema=schema))
