"""Bars of some years, an archive for them, and reading both as a run does."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from dags.archive.files import fetcher
from dags.run.datasets import source_of
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.read import read_dataset
from sql.connection import ConnectionSettings
from sql.extract import Extraction, extract_bars
from tests.databases import named_in
from tests.workflow import Database


def archive_settings(database: ConnectionSettings, root: str | Path) -> Settings:
    """The test's database, and an archive of its own."""
    found = {
        **named_in(database),
        "ARCHIVE_ROOT": str(root),
    }
    return Settings.of(found)


def some_years(database: Database) -> Dataset:
    """Ten bars a year of three symbols from 2010 to 2015, in `stock_data`."""
    database.execute(
        "insert into stock_data (symbol, date, open, high, low, close, volume) "
        "select symbol, make_date(year, 3, day), 10.10, 12, 9, 10 + day / 3.0, 1000 * day "
        "from unnest(array['AAA', 'BBB', 'CCC']) as symbol, generate_series(2010, 2015) as year, "
        "generate_series(1, 10) as day"
    )
    return read_dataset("stock_data")


def read(
    engine: Engine, dataset: Dataset, settings: Settings, *symbols: str, **asked: Any
) -> tuple[pa.Table, Extraction]:
    sink = io.BytesIO()
    found = extract_bars(
        engine,
        sink,
        source=source_of(dataset),
        symbols=symbols,
        start=asked.get("start"),
        end=asked.get("end"),
        newest=asked.get("newest"),
        may_be_empty=True,
        archive=asked.get("archive", fetcher(settings)),
    )
    return pq.read_table(sink), found
