"""The symbols that the trigger form offers."""

from pathlib import Path

from dags.run.known_symbols import OFFERED, remember, remembered


def test_the_defaults_come_first_then_what_the_table_held(tmp_path: Path):
    remember(tmp_path / "new", ["AAPL", "NVDA", "TSLA"])

    assert remembered(tmp_path / "new", ["TSLA", "IBM"]) == ["TSLA", "IBM", "AAPL", "NVDA"]


def test_before_the_first_run_there_are_only_the_defaults(tmp_path: Path):
    assert remembered(tmp_path / "none", ["TSLA"]) == ["TSLA"]
    (tmp_path / "known_symbols.json").write_text("half a fi")
    assert remembered(tmp_path, ["TSLA"]) == ["TSLA"]


def test_a_symbol_that_no_run_could_name_is_not_offered(tmp_path: Path):
    remember(tmp_path, [" AAPL", "aapl", "", "A\x00", "BRK B"])

    assert remembered(tmp_path, []) == ["aapl", "BRK B"]


def test_the_form_stays_usable_with_very_many_symbols(tmp_path: Path):
    remember(tmp_path, [f"S{number}" for number in range(OFFERED + 5)])

    assert len(remembered(tmp_path, [])) == OFFERED
