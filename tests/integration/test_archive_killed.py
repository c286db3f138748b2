"""Wherever archiving or restoring is killed: no bar is lost or doubled, the next time goes on."""

import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dags.archive import work
from dags.archive.files import ArchiveFiles
from dags.archive.work import archive, archived_files, restore
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from sql.connection import ConnectionSettings
from tests.archived import archive_settings, read, some_years
from tests.workflow import Database

CUT = date(2015, 1, 1)
ROWS = "select bars::text from stock_data as bars order by id"
# The third of the files is the one at which it dies.
THIRD = 3


@pytest.fixture
def settings(bars_database: ConnectionSettings, tmp_path: Path) -> Settings:
    """The test's database, and an archive of its own."""
    return archive_settings(bars_database, tmp_path / "archive")


@pytest.fixture
def years(database: Database) -> Dataset:
    """Bars of six years."""
    return some_years(database)


def die_at_third(does: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and at its third time the end of the process, as by a power cut."""
    done = []

    def dying(*given: Any, **named: Any) -> Any:
        found = does(*given, **named)
        done.append(1)
        if len(done) == THIRD:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return dying


def die_before_commit(said: str) -> None:
    """Die once the third such statement has run, in the middle of its transaction."""
    dying = die_at_third(lambda: None)

    def look(*given: Any) -> None:
        if said in given[2]:
            dying()

    event.listen(Engine, "after_cursor_execute", look)


def killed(phase: str, act: Callable[[], object]) -> None:
    """Act in a process of its own, which does not come to its end."""
    child = os.fork()
    if not child:
        try:
            if phase == "written":
                ArchiveFiles.write = die_at_third(ArchiveFiles.write)  # type: ignore[method-assign]
            elif phase == "read back":
                ArchiveFiles.read = die_at_third(ArchiveFiles.read)  # type: ignore[method-assign]
            elif phase == "deleted":
                die_before_commit("delete from")
            elif phase == "listed":
                die_before_commit(
                    "source, place, file, digest, bytes, rows, symbols, first_moment, last_"
                )
            elif phase == "inserted":
                die_before_commit("overriding system value")
            else:
                for name in ("take_out", "put_back"):
                    setattr(work, name, die_at_third(getattr(work, name)))
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it came to its end"


@pytest.mark.parametrize("phase", ["written", "read back", "deleted", "listed", "committed"])
def test_killed_while_it_archives(
    years: Dataset, database: Database, engine: Engine, settings: Settings, phase: str
):
    before, symbols = database.rows(ROWS), ("AAA", "BBB", "CCC")
    _, whole = read(engine, years, settings, *symbols)
    engine.dispose()

    killed(phase, lambda: archive(years, CUT, settings, by="ann"))

    done = 3 if phase == "committed" else 2
    assert len(archived_files(years, settings)) == done
    assert database.one("select count(*) from stock_data") == 180 - 30 * done
    assert read(engine, years, settings, *symbols)[1].digest == whole.digest

    assert archive(years, CUT, settings, by="ann").bars == 150 - 30 * done
    assert database.one("select count(*) from stock_data") == 30
    assert read(engine, years, settings, *symbols)[1].digest == whole.digest
    assert restore(years, settings, by="ann").bars == 150
    assert database.rows(ROWS) == before


@pytest.mark.parametrize("phase", ["inserted", "committed"])
def test_killed_while_it_restores(
    years: Dataset, database: Database, engine: Engine, settings: Settings, phase: str
):
    before, symbols = database.rows(ROWS), ("AAA", "BBB", "CCC")
    _, whole = read(engine, years, settings, *symbols)
    archive(years, CUT, settings, by="ann")
    engine.dispose()

    killed(phase, lambda: restore(years, settings, by="ann"))

    done = 3 if phase == "committed" else 2
    assert database.one("select count(*) from stock_data") == 30 + 30 * done
    assert read(engine, years, settings, *symbols)[1].digest == whole.digest
    assert restore(years, settings, by="ann").bars == 150 - 30 * done
    assert database.rows(ROWS) == before
