"""An archive in a real S3 store, and what happens when it fails."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dags.archive.work import archive, archived_files, restore
from dags.errors import RequestError, StagingError, StagingLostError
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from sql.connection import ConnectionSettings
from tests.archived import archive_settings, read, some_years
from tests.s3_server import BUCKET, S3Server, forget_connections, s3_server, used_here
from tests.workflow import Database

CUT = date(2015, 1, 1)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    """A store of this file's own."""
    place = Path(tempfile.mkdtemp(prefix="s3-archive-"))
    with s3_server(place) as running:
        yield running
    shutil.rmtree(place)


@pytest.fixture
def s3(
    server: S3Server, airflow_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3Server]:
    """The store, with its keys in this process's environment."""
    with used_here(server, monkeypatch) as running:
        yield running


@pytest.fixture
def years(database: Database) -> Dataset:
    """Bars of six years."""
    return some_years(database)


@pytest.fixture
def settings(bars_database: ConnectionSettings, tmp_path: Path) -> Settings:
    """The test's database, and an archive in the store."""
    return archive_settings(bars_database, f"s3://{BUCKET}/{tmp_path.name}")


def test_bars_go_into_the_store_and_come_back(
    years: Dataset, database: Database, engine: Engine, settings: Settings, s3: S3Server
):
    _, before = read(engine, years, settings, "AAA", "BBB", "CCC")

    done = archive(years, CUT, settings, by="ann")

    assert done.place == settings.archive_root
    assert len(list(s3.bucket.rglob("stock_data/year=2014/AAA..CCC-*.parquet"))) == 1
    assert database.one("select count(*) from stock_data") == 30
    assert read(engine, years, settings, "AAA", "BBB", "CCC")[1].digest == before.digest
    assert restore(years, settings, by="ann").bars == 150
    assert database.one("select count(*) from stock_data") == 180


def test_another_place_is_remembered_with_the_file(
    years: Dataset,
    engine: Engine,
    bars_database: ConnectionSettings,
    s3: S3Server,
    tmp_path: Path,
):
    here = archive_settings(bars_database, tmp_path / "archive")
    _, before = read(engine, years, here, "BBB")
    there = f"s3://{BUCKET}/elsewhere"
    archive(years, date(2012, 1, 1), here, by="ann", to=there)
    archive(years, CUT, here, by="ann")

    assert [one.place for one in archived_files(years, here)] == [there, there, None, None, None]
    assert read(engine, years, here, "BBB")[1].digest == before.digest
    assert restore(years, here, by="ann").bars == 150


def test_a_store_that_is_gone_loses_no_bar_and_stops_who_needs_it(
    years: Dataset, database: Database, engine: Engine, settings: Settings, s3: S3Server
):
    archive(years, date(2012, 1, 1), settings, by="ann")
    s3.kill()
    forget_connections()

    with pytest.raises(StagingLostError, match=r"the store of the archive s3://.* cannot be used"):
        archive(years, CUT, settings, by="ann")
    assert database.one("select count(*) from stock_data") == 120
    with pytest.raises(StagingLostError, match="a retry goes on"):
        read(engine, years, settings, "AAA")
    assert read(engine, years, settings, "AAA", start=date(2012, 1, 1))[1].rows == 40

    s3.start()
    forget_connections()
    assert archive(years, CUT, settings, by="ann").bars == 90
    assert read(engine, years, settings, "AAA")[1].rows == 60


def test_a_bucket_or_a_store_that_is_not_there_is_told(
    years: Dataset, database: Database, settings: Settings, s3: S3Server
):
    with pytest.raises(StagingError, match=r"the bucket 'gaet' of the archive .* ARCHIVE_ROOT"):
        archive(years, CUT, settings, by="ann", to="s3://gaet/archive")
    with pytest.raises(RequestError, match="nothing can be archived at 'nowhere://archive'"):
        archive(years, CUT, settings, by="ann", to="nowhere://archive")
    assert database.one("select count(*) from stock_data") == 180
