"""Old bars in files: moved without losing or altering one, restored, and read as if still there."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, event

from dags.archive import work
from dags.archive.files import ArchiveFiles, fetcher
from dags.archive.work import archive, archived_files, restore
from dags.errors import RequestError
from dags.run.datasets import source_of
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.read import read_dataset
from sql.connection import ConnectionSettings, make_engine
from sql.errors import ArchiveError
from sql.extract import known_symbols
from tests.archived import archive_settings, read, some_years
from tests.workflow import Database

CUT = date(2015, 1, 1)
# Everything that a column of a bar may hold, and a table without a key has twice.
ODD = """
create schema feed;
create table feed.bars (
    symbol text, date timestamp with time zone, open numeric, high double precision, low real,
    close numeric, volume numeric, created_at timestamp with time zone default now(), venue text,
    lots bigint[], note jsonb, twice numeric generated always as (close * 2) stored
);
insert into feed.bars (symbol, date, open, high, low, close, volume, venue, lots, note) values
('A', '2013-12-31 20:59:00.123456-05', 1.10, 0.1, 0.3, 12345678901234567890.12345678901234567890,
 null, '', '{1,2}', '{"a": 1.0}'),
('A', '2014-03-03 15:30:00+00', 'NaN', 'NaN', 'inf', 'inf', '-inf', null, null, null),
('A', '2014-03-03 15:30:00+00', 'NaN', 'NaN', 'inf', 'inf', '-inf', null, null, null),
('BRK.B %/"''é', '2014-05-05 00:00:00+00', 1, -0.0, 3.4e38, 1.50, 7, E'two\\nlines, "quoted"', '{}',
 'null'),
('NA', '2014-05-05 00:00:00+00', 1, 2, 3, 4, 5, 'NULL', null, '"\\\\N"'),
('Z', '2015-01-01 00:00:00+00', 1, 2, 3, 4, 5, 'stays', null, null),
(null, '2014-01-01', 1, 2, 3, 4, 5, 'nameless', null, null),
('Z', null, 1, 2, 3, 4, 5, 'no date', null, null),
('Z', '-infinity', 1, 2, 3, 4, 5, 'before all', null, null),
('Z', '0044-03-15 00:00:00 BC', 1, 2, 3, 4, 5, 'no calendar', null, null);
"""
FEED = """
source: {schema: feed, table: bars, carry: [venue]}
bar: 1 min
suite: stock_data
symbols: "*"
publish: fed
"""
EVERY = "select bars::text from feed.bars as bars order by 1"
STAY = ["before all", "nameless", "no calendar", "no date", "stays"]


@pytest.fixture
def settings(bars_database: ConnectionSettings, tmp_path: Path) -> Settings:
    """The test's database, and an archive of its own."""
    return archive_settings(bars_database, tmp_path / "archive")


@pytest.fixture
def odd(database: Database, datasets: Path) -> Dataset:
    """A dataset whose table holds all that is odd."""
    database.execute(ODD, "create schema fed")
    (datasets / "feed.yml").write_text(FEED)
    return read_dataset("feed")


@pytest.fixture
def years(database: Database) -> Dataset:
    """Ten bars a year of three symbols from 2010 to 2015, in `stock_data`."""
    return some_years(database)


def counted(settings: Settings) -> tuple[list[str], Callable[..., bytes]]:
    """A reader that tells which files it read."""
    names: list[str] = []
    fetch = fetcher(settings)

    def counting(file: Any) -> bytes:
        names.append(file.file)
        return fetch(file)

    return names, counting


def test_every_value_comes_back_as_it_was(odd: Dataset, database: Database, settings: Settings):
    before = database.rows(EVERY)

    done = archive(odd, CUT, settings, by="ann")

    assert (done.bars, done.symbols, done.years, done.files) == (5, 3, (2014,), 1)
    assert sorted(venue for (venue,) in database.rows("select venue from feed.bars")) == STAY
    (file,) = archived_files(odd, settings)
    assert (file.rows, file.symbols) == (5, ("A", "BRK.B %/\"'é", "NA"))

    back = restore(odd, settings, by="bo")

    assert (back.bars, back.newer, back.files) == (5, 0, 1)
    assert database.rows(EVERY) == before
    assert archived_files(odd, settings) == []


def test_the_same_bars_are_read_before_and_after(odd: Dataset, engine: Engine, settings: Settings):
    symbols = ("A", "BRK.B %/\"'é", "NA", "Z")
    table, found = read(engine, odd, settings, *symbols)
    assert found.archived is False

    archive(odd, CUT, settings, by="ann")
    again, after = read(engine, odd, settings, *symbols)

    pd.testing.assert_frame_equal(again.to_pandas(), table.to_pandas(), check_exact=True)
    assert (after.digest, after.archived) == (found.digest, True)
    assert known_symbols(engine, source_of(odd)) == list(symbols)


NUMBERS_OF = "open numeric, high numeric, low numeric, close numeric, volume numeric"
BARS_OF = "1, 2, 0.5, 1.5, n from generate_series(1, 20) as n"


@pytest.mark.parametrize(
    ("table", "rows", "source"),
    [
        (
            f"(symbol char(5), date date, {NUMBERS_OF}) partition by range (date); "
            "create table feed.old partition of feed.bars for values from (minvalue) "
            "to ('2014-01-11'); create table feed.new partition of feed.bars default",
            f"select 'A', date '2014-01-01' + n, {BARS_OF}, generate_series(1, 2)",
            "",
        ),
        (
            f"(ticker text, day integer, {NUMBERS_OF}, unique (ticker, day))",
            f"select 'A', 20140100 + n, {BARS_OF}",
            ", columns: {symbol: ticker, date: day}, unit: yyyymmdd",
        ),
        (
            f'("at%" bigint, {NUMBERS_OF})',
            f"select 1388534400000 + 60000 * n, {BARS_OF}",
            ', symbol: "A", columns: {date: "at%"}, unit: ms, zone: America/New_York',
        ),
        (
            f"(symbol text, date timestamp, {NUMBERS_OF})",
            f"select 'A', timestamp '2014-12-31 20:00' + n * interval '1 hour', {BARS_OF}",
            ", zone: America/New_York",
        ),
        (
            f"(symbol text, date text, {NUMBERS_OF})",
            f"select 'A', (date '2014-12-20' + n)::text, {BARS_OF}",
            "",
        ),
    ],
    ids=["partitions", "yyyymmdd", "milliseconds", "moments", "texts"],
)
def test_tables_of_every_kind(
    database: Database,
    datasets: Path,
    engine: Engine,
    settings: Settings,
    table: str,
    rows: str,
    source: str,
):
    database.execute(
        "create schema fed", "create schema feed", f"create table feed.bars {table}",
        f"insert into feed.bars {rows}",
    )  # fmt: skip
    bar = "1 hour" if "interval" in rows else "1 min" if "60000" in rows else "1 day"
    (datasets / "feed.yml").write_text(
        f"source: {{schema: feed, table: bars{source}}}\nbar: {bar}\nsuite: stock_data\n"
        "symbols: '*'\npublish: fed\ncalendar: XNYS\n"
    )
    feed, everything = read_dataset("feed"), database.rows(EVERY)
    before, found = read(engine, feed, settings, "A")
    of_range = {"start": date(2014, 1, 5), "end": date(2014, 12, 31)}
    part, _ = read(engine, feed, settings, "A", **of_range)

    moved = archive(feed, CUT, settings, by="ann")

    assert 0 < moved.bars <= found.rows
    assert database.one("select count(*) from feed.bars") == found.rows - moved.bars
    after, again = read(engine, feed, settings, "A")
    assert (again.digest, again.archived) == (found.digest, True)
    assert after.equals(before)
    assert read(engine, feed, settings, "A", **of_range)[0].equals(part)
    assert known_symbols(engine, source_of(feed)) == ["A"]
    assert restore(feed, settings, by="ann").bars == moved.bars
    assert database.rows(EVERY) == everything


def test_a_file_is_of_one_year_and_of_symbols_that_follow_each_other(
    years: Dataset, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(work, "MOST_ROWS", 20)
    done = archive(years, CUT, settings, by="ann")

    assert (done.bars, done.files, done.years) == (150, 10, (2010, 2011, 2012, 2013, 2014))
    root = Path(settings.archive_root)
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.parquet"))
    assert len(names) == 10
    assert names[0].startswith("stock_data/year=2010/AAA..BBB-")
    assert names[1].startswith("stock_data/year=2010/CCC-")
    assert done.bytes == sum(path.stat().st_size for path in root.rglob("*.parquet"))
    assert database.one("select count(*) from stock_data where date < '2015-01-01'") == 0
    assert database.one("select count(*) from stock_data") == 30
    (entry,) = database.rows("select action, who, what from stock_data_audit")
    assert entry[:2] == ("archive", "ann")
    assert "150 bars of 3 symbols before 2015-01-01" in entry[2]


def test_a_symbol_of_many_bars_is_divided_within_the_year(
    years: Dataset,
    database: Database,
    engine: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(work, "MOST_ROWS", 4)
    _, before = read(engine, years, settings, "AAA", "BBB", "CCC")
    looked = archive(years, date(2011, 3, 6), settings, by="ann", dry_run=True)

    done = archive(years, date(2011, 3, 6), settings, by="ann")

    assert (looked.bars, looked.files) == (done.bars, done.files) == (45, 15)
    files = archived_files(years, settings)
    assert [one.rows for one in files] == [4, 4, 2] * 3 + [4, 1] * 3
    assert [one.last_moment.day for one in files[:3]] == [4, 8, 10]
    assert database.one("select count(*) from stock_data") == 135
    assert read(engine, years, settings, "AAA", "BBB", "CCC")[1].digest == before.digest
    assert restore(years, settings, by="ann").bars == 45


def test_only_files_that_a_range_reaches_are_read(
    years: Dataset, engine: Engine, settings: Settings
):
    archive(years, CUT, settings, by="ann")
    names, counting = counted(settings)

    def files(**asked: Any) -> list[str]:
        names.clear()
        read(engine, years, settings, "BBB", archive=counting, **asked)
        return [name.split("/")[1] for name in names]

    assert files(start=CUT) == []
    assert files(start=date(2013, 1, 1), end=date(2013, 12, 31)) == ["year=2013"]
    assert files(end=date(2011, 1, 1)) == ["year=2010"]
    # Ten bars are there since 2015; eleven need a year more.
    assert files(newest=10) == []
    assert files(newest=11) == ["year=2014"]
    assert files(newest=25) == ["year=2014", "year=2013"]
    assert files(newest=10, end=date(2012, 3, 5)) == ["year=2012", "year=2011"]


def test_the_last_bars_are_the_same_from_files_and_from_the_table(
    years: Dataset, engine: Engine, settings: Settings
):
    asked = {"newest": 13, "end": date(2013, 6, 1)}
    before, _ = read(engine, years, settings, "AAA", "CCC", **asked)
    archive(years, CUT, settings, by="ann")
    after, _ = read(engine, years, settings, "AAA", "CCC", **asked)
    assert before.num_rows == 26
    assert after.equals(before)


def test_without_an_archive_there_is_one_look_more(
    years: Dataset, engine: Engine, settings: Settings
):
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    read(engine, years, settings, "AAA")
    assert sum("archived_bars" in one for one in said) == 1


def test_a_late_bar_goes_into_another_file(years: Dataset, database: Database, settings: Settings):
    archive(years, CUT, settings, by="ann")
    insert = (
        "insert into stock_data (symbol, date, open, high, low, close, volume) "
        "values ('AAA', '2014-07-01', 1, 1, 1, 1, 1)"
    )
    database.execute(insert)

    done = archive(years, CUT, settings, by="ann")

    assert (done.bars, done.files) == (1, 1)
    assert [one.rows for one in archived_files(years, settings)][-1] == 1
    assert restore(years, settings, by="ann").bars == 151
    assert database.one("select count(*) from stock_data") == 181


def test_a_bar_that_came_again_takes_the_place_of_its_archived_form(
    years: Dataset, database: Database, engine: Engine, settings: Settings
):
    of_day = {"start": date(2014, 3, 5), "end": date(2014, 3, 5)}
    archive(years, CUT, settings, by="ann")
    insert = "insert into stock_data (symbol, date, open, high, low, close, volume) values "
    database.execute(f"{insert} ('AAA', '2014-03-05', 2, 2, 2, 2, 2)")
    assert read(engine, years, settings, "AAA", **of_day)[0]["close"].to_pylist() == [2.0]

    archive(years, CUT, settings, by="ann")
    assert read(engine, years, settings, "AAA", **of_day)[0]["close"].to_pylist() == [2.0]
    database.execute(f"{insert} ('AAA', '2014-03-05', 3, 3, 3, 3, 3)")
    assert read(engine, years, settings, "AAA", **of_day)[0]["close"].to_pylist() == [3.0]

    back = restore(years, settings, by="ann")
    assert (back.bars, back.newer) == (149, 2)
    assert database.rows(
        "select close from stock_data where symbol = 'AAA' and date = '2014-03-05'"
    ) == [(3,)]
    assert database.one("select count(*) from stock_data") == 180


def test_one_year_and_one_symbol_are_restored_alone(
    years: Dataset, database: Database, engine: Engine, settings: Settings
):
    whole, _ = read(engine, years, settings, "AAA", "BBB", "CCC")
    archive(years, CUT, settings, by="ann")

    assert restore(years, settings, by="ann", year=2012).bars == 30
    assert restore(years, settings, by="ann", symbols=["BBB"]).bars == 40
    count = "select count(*) from stock_data where date < '2015-01-01'"
    assert database.one(count) == 70
    assert read(engine, years, settings, "AAA", "BBB", "CCC")[0].equals(whole)
    with pytest.raises(RequestError, match="no archived bars of BBB"):
        restore(years, settings, by="ann", symbols=["BBB"])

    assert restore(years, settings, by="ann").bars == 80
    assert database.one(count) == 150
    assert archived_files(years, settings) == []


def test_what_would_be_archived_is_said_and_nothing_is_done(
    years: Dataset, database: Database, settings: Settings
):
    done = archive(years, date(2011, 1, 1), settings, by="ann", dry_run=True)
    assert (done.bars, done.symbols, done.files, done.bytes) == (30, 3, 1, 0)
    assert done.table_bytes > 30 * 40
    assert database.one("select count(*) from stock_data") == 180
    assert database.one("select to_regclass('archived_bars') is null")
    assert not Path(settings.archive_root).exists()


@pytest.mark.parametrize("what", ["altered", "removed", "cut"])
def test_bars_are_never_read_without_those_of_a_file_that_is_not_as_it_was(
    years: Dataset, engine: Engine, settings: Settings, what: str
):
    archive(years, CUT, settings, by="ann")
    (path,) = Path(settings.archive_root).glob("stock_data/year=2013/*")
    if what == "removed":
        path.unlink()
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        rows = pq.read_table(path)
        pq.write_table(rows.set_column(5, "close", rows["open"]), path)
    with pytest.raises(ArchiveError, match=r"AAA\.\.CCC-.*backup"):
        read(engine, years, settings, "BBB", start=date(2013, 3, 1))
    with pytest.raises(ArchiveError, match="backup"):
        restore(years, settings, by="ann", year=2013)
    assert read(engine, years, settings, "BBB", start=date(2014, 1, 1))[1].rows == 20


def test_who_does_not_know_the_archive_is_not_given_half_the_bars(
    years: Dataset, engine: Engine, settings: Settings
):
    archive(years, CUT, settings, by="ann")
    with pytest.raises(ArchiveError, match="gate archive --restore"):
        read(engine, years, settings, "BBB", archive=None)
    assert read(engine, years, settings, "BBB", archive=None, start=CUT)[1].rows == 10


class Meddling(ArchiveFiles):
    """A store during whose writing something happens to the table."""

    happens: Callable[[], None] = staticmethod(lambda: None)

    def write(self, name: str, raw: bytes) -> None:
        super().write(name, raw)
        type(self).happens()


@pytest.fixture
def meddling(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something happen each time that a file was written."""

    def install(happens: Callable[[], None]) -> None:
        monkeypatch.setattr(Meddling, "happens", staticmethod(happens))
        monkeypatch.setattr(work, "ArchiveFiles", Meddling)

    return install


def test_a_bar_that_is_changed_meanwhile_is_archived_as_it_is_then(
    years: Dataset,
    database: Database,
    settings: Settings,
    meddling: Callable[[Callable[[], None]], None],
):
    changes = iter([1, 2])

    def change() -> None:
        if next(changes, None):
            database.execute(
                "update stock_data set close = close + 1 where symbol = 'AAA' "
                "and date < '2011-01-01'"
            )

    total = database.one("select sum(close) from stock_data")
    meddling(change)
    done = archive(years, CUT, settings, by="ann")
    assert done.bars == 150
    restore(years, settings, by="ann")
    assert database.one("select sum(close) from stock_data") == total + 20


def test_a_writer_that_has_not_committed_is_waited_for_and_wins(
    years: Dataset, database: Database, engine: Engine, settings: Settings
):
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and wait_event_type = 'Lock' and query like '%delete from%'"
    )
    total = database.one("select sum(close) from stock_data")
    with ThreadPoolExecutor(1) as beside, engine.connect() as writer:
        writer.exec_driver_sql(
            "update stock_data set close = close + 1 where symbol = 'BBB' and date = '2010-03-05'"
        )
        archiving = beside.submit(archive, years, CUT, settings, by="ann")
        deadline = time.monotonic() + 60
        while not database.one(waiting):
            assert not archiving.done(), "it did not wait for the writer"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        writer.commit()
        assert archiving.result().bars == 150

    assert restore(years, settings, by="ann").bars == 150
    assert database.one("select sum(close) from stock_data") == total + 1


def test_bars_that_change_all_the_time_stay_where_they_are(
    years: Dataset,
    database: Database,
    settings: Settings,
    meddling: Callable[[Callable[[], None]], None],
):
    meddling(lambda: database.execute("update stock_data set close = close + 1"))
    with pytest.raises(ArchiveError, match="change while they are archived"):
        archive(years, CUT, settings, by="ann")
    assert database.one("select count(*) from stock_data") == 180
    assert archived_files(years, settings) == []


def test_a_bar_that_comes_meanwhile_stays(
    years: Dataset,
    database: Database,
    settings: Settings,
    meddling: Callable[[Callable[[], None]], None],
):
    insert = (
        "insert into stock_data (symbol, date, open, high, low, close, volume) "
        "values ('AAA', '2010-07-01', 1, 1, 1, 1, 1) on conflict do nothing"
    )
    meddling(lambda: database.execute(insert))
    assert archive(years, CUT, settings, by="ann").bars == 150
    assert database.one("select count(*) from stock_data where date < '2015-01-01'") == 1


def test_a_file_that_does_not_come_back_as_written_deletes_nothing(
    years: Dataset, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    class Losing(ArchiveFiles):
        def read(self, name: str) -> bytes:
            return super().read(name).replace(b"PAR1", b"PAR2")

    monkeypatch.setattr(work, "ArchiveFiles", Losing)
    with pytest.raises(ArchiveError, match="no Parquet file"):
        archive(years, CUT, settings, by="ann")
    assert database.one("select count(*) from stock_data") == 180


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("create view feed.bars as select * from stock_data", r"feed\.bars is a view"),
        (
            "create table feed.bars as select * from stock_data; "
            "create table feed.more (extra text) inherits (feed.bars)",
            r"feed\.more inherits from feed\.bars",
        ),
        (
            "create table feed.bars (like stock_data including all); "
            "create table feed.notes (bar integer references feed.bars on delete cascade)",
            r"rows of feed\.notes, too",
        ),
    ],
)
def test_what_cannot_be_archived_is_refused_before_anything(
    years: Dataset, database: Database, datasets: Path, settings: Settings, made: str, says: str
):
    database.execute("create schema feed", made)
    (datasets / "feed.yml").write_text(
        FEED.replace(", carry: [venue]", "").replace("1 min", "1 day")
    )
    with pytest.raises(ArchiveError, match=says):
        archive(read_dataset("feed"), CUT, settings, by="ann")
    assert not Path(settings.archive_root).exists()


def test_a_query_is_refused_and_so_is_a_table_that_another_dataset_would_not_find_again(
    years: Dataset, database: Database, datasets: Path, engine: Engine, settings: Settings
):
    database.execute("create schema fed")
    (datasets / "feed.yml").write_text(
        "source: {query: select * from stock_data}\nsuite: stock_data\nsymbols: '*'\npublish: fed\n"
    )
    with pytest.raises(ArchiveError, match="is a query"):
        archive(read_dataset("feed"), CUT, settings, by="ann")
    told = r"the dataset feed reads public\.stock_data, too, {}, and would not find"
    with pytest.raises(ArchiveError, match=told.format("through a query or a view")):
        archive(years, CUT, settings, by="ann")
    other = "source: {table: stock_data, columns: {symbol: name}}\nsuite: stock_data\n"
    database.execute("alter table stock_data add name text default 'X'")
    (datasets / "feed.yml").write_text(other + "symbols: '*'\npublish: fed\n")
    with pytest.raises(ArchiveError, match=told.format("by other columns of symbols and dates")):
        archive(years, CUT, settings, by="ann")
    assert database.one("select count(*) from stock_data") == 180

    # Who reads it in the same way reads its archive, too.
    (datasets / "feed.yml").write_text(other.replace("name", "symbol") + "publish: fed\n")
    archive(years, CUT, settings, by="ann")
    assert read(engine, read_dataset("feed"), settings, "AAA")[1].rows == 60


def test_who_may_not_delete_is_told_so_first(
    years: Dataset, database: Database, settings: Settings, bars_database: ConnectionSettings
):
    database.execute(
        "drop role if exists reads_only",
        "create role reads_only login",
        "grant select on stock_data to reads_only",
    )
    reader = settings.model_copy(update={"postgres_user": "reads_only"})
    try:
        with pytest.raises(ArchiveError, match=r"reads_only may not delete in public\.stock_"):
            archive(years, CUT, reader, by="ann")
        assert not Path(settings.archive_root).exists()

        # What somebody else archives he can read like the rest.
        archive(years, CUT, settings, by="ann")
        engine = make_engine(replace(bars_database, user="reads_only"))
        assert read(engine, years, settings, "AAA")[1].rows == 60
        engine.dispose()
    finally:
        database.execute("drop owned by reads_only", "drop role reads_only")


def test_a_table_that_would_keep_or_change_its_rows_is_left_as_it_is(
    years: Dataset, database: Database, settings: Settings
):
    function = (
        "create function keep() returns trigger language plpgsql as "
        "'begin if old.date = ''2012-03-03'' then return null; end if; return old; end'"
    )
    database.execute(
        function,
        "create trigger keep before delete on stock_data for each row execute function keep()",
    )
    with pytest.raises(ArchiveError, match=r"in 2012 .* its triggers keep them"):
        archive(years, CUT, settings, by="ann")
    assert database.one("select count(*) from stock_data where date < '2015-01-01'") == 90
    database.execute("drop trigger keep on stock_data")
    assert archive(years, CUT, settings, by="ann").bars == 90

    touch = (
        "create function touch() returns trigger language plpgsql as "
        "'begin new.created_at := ''2000-01-01''; return new; end'"
    )
    database.execute(
        touch,
        "create trigger touch before insert on stock_data for each row execute function touch()",
    )
    with pytest.raises(ArchiveError, match="does not keep bars as they are given"):
        restore(years, settings, by="ann")
    assert len(archived_files(years, settings)) == 5


def test_a_column_that_came_later_has_its_default_and_one_that_went_is_asked_for(
    years: Dataset, database: Database, engine: Engine, settings: Settings
):
    archive(years, CUT, settings, by="ann")
    database.execute("alter table stock_data add venue text not null default 'XNYS'")
    assert read(engine, years, settings, "AAA")[1].rows == 60
    restore(years, settings, by="ann", year=2010)
    assert database.one("select count(*) from stock_data where venue = 'XNYS'") == 60

    database.execute("alter table stock_data rename close to last")
    database.execute("alter table stock_data add close numeric")
    database.execute("alter table stock_data drop last")
    assert read(engine, years, settings, "AAA")[1].rows == 60
    database.execute("alter table stock_data drop created_at")
    with pytest.raises(ArchiveError, match="no column created_at any more"):
        restore(years, settings, by="ann")


def test_a_day_to_come_is_refused(years: Dataset, settings: Settings):
    with pytest.raises(RequestError, match="is not over yet"):
        archive(years, date(2999, 1, 1), settings, by="ann")
