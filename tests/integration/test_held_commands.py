"""`gate quarantine` and `gate audit` on a database that holds bars of several kinds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dags.local import commands, held
from dags.local.cli import main
from dags.local.symbols import symbols_of_suite
from gx import project, waiver_commands
from gx.editing.waivers import WaiverStore, suite_names
from sql.connection import ConnectionSettings
from tests.databases import let_commands_use, named_in
from tests.sql_bars import bars, day, publish, quarantine

Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(
    tmp_path: Path,
    engine: Engine,
    bars_database: ConnectionSettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    """Type a command of `gate` over a database in which B and a bar without a date are held."""
    environment = {
        **named_in(bars_database),
    }

    let_commands_use(environment, monkeypatch, commands, held)
    monkeypatch.setattr(project, "HISTORY", tmp_path / "history")
    monkeypatch.setattr(project, "WAIVERS", tmp_path / "waivers")
    quarantine(engine)
    publish(engine, bars(("B", day(2)), close=7.0), ["B"], "before", start=day(2), end=day(2))

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(arguments))
        return status, capsys.readouterr().out

    return run


def test_what_is_held_is_told_by_symbol_and_bar_by_bar(typed: Typed):
    status, said = typed("quarantine", "--json")
    (symbol,) = json.loads(said)
    assert status == 0
    assert (symbol["symbol"], symbol["bars"], symbol["undated"]) == ("B", 3, 1)
    assert symbol["first"] == "2025-01-02" and 'close > 0, "always"' in symbol["reasons"]
    status, said = typed("quarantine", "--symbol", "B", "--json")
    listed = json.loads(said)
    assert [one["date"] for one in listed] == [None, "2025-01-02", "2025-01-02"]
    assert listed[0]["high"] == "inf" and listed[0]["close"] == "nan"  # JSON has neither
    assert listed[1]["published"] == [10.0, 11.0, 9.0, 7.0, 5.0]
    status, said = typed("quarantine", "--symbol", "B")
    assert "no date" in said and "other values" in said and "NULL" in said
    assert typed("quarantine", "--symbol", "none")[1] == "Nothing of none is held.\n"


def test_a_discard_and_a_waiver_are_in_the_audit(typed: Typed, tmp_path: Path):
    assert typed("audit")[1] == "Nobody has done anything.\n"
    status, _ = typed("discard", "--symbol", "B", "--reason", "delisted", "--end", "2025-01-02")
    assert status == 0
    assert typed("discard", "--symbol", "B", "--reason", "delisted")[0] == 0
    assert typed("quarantine")[1] == "Nothing is held.\n"
    store = WaiverStore(tmp_path / "waivers", tmp_path / "history", project.SUITES)
    name = suite_names(project.SUITES / "stock_data.json")[0]
    wanted = {"expectation": name, "first_date": day(1)}
    store.accept("stock_data", [wanted], author="ann", reason="news")

    status, said = typed("audit", "--json")
    listed = json.loads(said)
    assert status == 0
    assert [(one["action"], one["why"]) for one in listed] == [
        ("waive", "news"),
        ("discard", "delisted"),
        ("discard", "delisted"),
    ]
    assert listed[1]["what"] == "B: 1 held bar"
    assert listed[2]["what"] == "B: 2 held bars to 2025-01-02"
    assert listed[1]["dataset"] == listed[0]["suite"] == "stock_data"
    assert "delisted" in typed("audit", "--dataset", "stock_data")[1]
    assert typed("audit", "--since", "2999-01-01")[1] == "Nobody has done anything.\n"
    assert typed("audit", "--since", "yesterday")[0] == 2
    assert typed("audit", "--dataset", "none")[0] == 2


def test_a_waiver_names_a_symbol_that_there_is(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiver_commands, "HISTORY", tmp_path / "history")
    monkeypatch.setattr(waiver_commands, "WAIVERS", tmp_path / "waivers")
    monkeypatch.setattr("dags.local.cli._symbols_of_suite", lambda *_: {"BRK B", "AAPL"})
    add = ("waiver", "add", "no_return_outliers", "--from", "2025-10-05", "--reason", "news")
    assert typed(*add, "--symbol", "brk b")[0] == 2
    assert not (tmp_path / "waivers").exists()
    assert typed(*add, "--symbol", "brk b", "--unknown-symbol")[0] == 0
    assert typed(*add, "--symbol", "BRK B")[0] == 0


def test_the_symbols_of_a_suite_are_those_of_its_datasets(
    tmp_path: Path,
    bars_database: ConnectionSettings,
    sample: None,
    monkeypatch: pytest.MonkeyPatch,
):
    for name, value in named_in(bars_database).items():
        monkeypatch.setenv(name, value)
    assert symbols_of_suite(tmp_path, "stock_data") == {"NVDA", "TSLA"}
    assert symbols_of_suite(tmp_path, "nothing") == set()
    monkeypatch.delenv("POSTGRES_HOST")
    assert symbols_of_suite(tmp_path, "stock_data") == set()
