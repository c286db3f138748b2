"""`gate archive`, as somebody types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dags.local import archive, commands
from dags.local.cli import main
from sql.connection import ConnectionSettings
from tests.archived import some_years
from tests.databases import let_commands_use, named_in
from tests.workflow import Database

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(
    tmp_path: Path,
    database: Database,
    bars_database: ConnectionSettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Type `gate archive` over a database with the bars of six years."""
    environment = {
        **named_in(bars_database),
        "ARCHIVE_ROOT": str(tmp_path / "archive"),
    }

    let_commands_use(environment, monkeypatch, archive, commands)
    monkeypatch.setenv("COLUMNS", "200")
    some_years(database)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["archive", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_what_would_be_and_what_was_archived_is_said(typed: Typed, tmp_path: Path):
    status, said, _ = typed("--before", "2013-01-01", "--dry-run")
    assert status == 0
    assert said.startswith("would move 90 bars of 3 symbols from 2010 to 2012, about ")
    assert f"into 3 files at file://{tmp_path}/archive" in said

    status, said, progress = typed("--before", "2013-01-01")
    assert status == 0
    assert said.startswith("moved 90 bars of 3 symbols from 2010 to 2012 into 3 files of ")
    assert progress.splitlines()[0].startswith("1 of 3 files, 30 bars: stock_data/year=2010/AAA..")
    assert typed("--before", "2013-01-01")[1] == (
        "stock_data has no bars before 2013-01-01: nothing to archive\n"
    )

    status, said, _ = typed("--list")
    lines = said.splitlines()
    assert status == 0 and len(lines) == 5
    assert lines[1].split()[1:5] == ["30", "3", "2010-03-01", "2010-03-10"]
    assert lines[-1].startswith("90 bars in 3 files of ")
    assert [one["rows"] for one in json.loads(typed("--list", "--json")[1])] == [30, 30, 30]


def test_the_suite_is_drafted_from_archived_bars_too(typed: Typed):
    typed("--before", "2013-01-01")
    with commands.exported(Path(), "stock_data") as file:
        import pyarrow.parquet as pq

        assert pq.read_table(file).num_rows == 180


def test_a_restore_says_what_came_back_and_what_had_come_before(typed: Typed, database: Database):
    assert typed("--list")[1] == "nothing is archived\n"
    typed("--before", "2013-01-01")
    database.execute(
        "insert into stock_data (symbol, date, open, high, low, close, volume) "
        "values ('AAA', '2011-03-04', 2, 2, 2, 2, 2)"
    )
    status, said, _ = typed("--restore", "--year", "2011")
    assert status == 0
    assert said.startswith("put back 29 bars from 1 file in")
    assert "1 more are in the table already, as they came later: those stay" in said
    assert typed("--restore", "--symbol", "BBB", "--json")[0] == 0
    (kept,) = database.rows("select what from stock_data_audit order by at desc limit 1")
    assert kept == ("archived bars of BBB, from 2 files",)
    assert typed("--restore", "--year", "1999")[1] == "stock_data has no such archived bars\n"
    assert database.one("select count(*) from stock_data where symbol = 'BBB'") == 60


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "say one of --before YYYY-MM-DD, --restore and --list"),
        (("--list", "--restore"), "say one of"),
        (("--before", "soon"), "'soon' is no date; write it as YYYY-MM-DD"),
        (("--before", ""), "--before wants a date"),
        (("--before", "2013-01-01", "--year", "2011"), "add --restore"),
        (("--restore", "--dry-run"), "add --before YYYY-MM-DD"),
        (("--restore", "--symbol", "TSLA"), "no archived bars of TSLA"),
        (("--before", "2013-01-01", "--dataset", "none"), "there is no dataset"),
        (("--before", "2013-01-01", "--to", "/proc/none"), "cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_a_line(typed: Typed, arguments: tuple[str, ...], says: str):
    status, said, error = typed(*arguments)
    assert (status, said) == (2, "")
    assert says in error and "Traceback" not in error
