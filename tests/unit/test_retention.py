from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dags.prune.removal import Item, Kind, readable, remove
from dags.prune.retention import Trace, old_runs
from dags.prune.runs import main

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LIMIT = NOW - timedelta(days=90)


def trace(run: str, days: float, *, used: float | None = None, **known: Any) -> Trace:
    """A trace of a run that began ``days`` ago, and was last used then or ``used`` days ago."""
    began, last = (NOW - timedelta(days=d) for d in (days, days if used is None else used))
    return Trace(run, began, last, **known)


def staged(run: str, days: float, suite: str = "bars", dag: str = "dag") -> Trace:
    return trace(run, days, dag=dag, suite=suite)


def test_a_run_goes_when_all_its_traces_are_old():
    traces = [staged("a", 200), trace("a", 200), trace("orphan", 150)]

    assert old_runs([*traces, staged("y", 100), staged("z", 1)], LIMIT) == {"a", "orphan"}


def test_a_run_that_was_tried_again_lately_keeps_everything():
    traces = [staged("a", 200), trace("a", 200), trace("a", 200, used=5), staged("x", 100)]
    traces = [*traces, staged("z", 1)]

    assert old_runs([*traces, staged("y", 2)], LIMIT) == set()
    assert old_runs([traces[0], staged("x", 100), staged("z", 1)], LIMIT) == {"a"}


def test_a_run_that_is_under_way_stays_however_long_it_takes():
    running = Trace("a", NOW - timedelta(days=200), NOW - timedelta(days=200), running=True)

    assert old_runs([running, trace("b", 199)], LIMIT) == {"b"}


def test_the_run_before_each_kept_one_stays():
    traces = [staged(f"run{days}", days) for days in (400, 300, 200, 100, 50, 10)]

    assert old_runs(traces, LIMIT) == {"run400", "run300", "run200"}


def test_a_kept_run_is_compared_with_the_latest_of_its_own_suite():
    traces = [staged("bars1", 300), staged("bars2", 200), staged("intraday", 100, "intraday")]
    traces += [staged("no verdict", 95, suite=""), staged("bars3", 10)]

    # The one without a verdict is the run before in the DAG; `intraday` the newest of its suite.
    assert old_runs(traces, LIMIT) == {"bars1"}


def test_what_is_needed_does_not_need_others_in_turn():
    traces = [staged("a", 300), staged("b", 200), staged("c", 10)]
    gone = old_runs(traces, LIMIT)

    assert gone == {"a"}
    assert old_runs([t for t in traces if t.run not in gone], LIMIT) == set()


def test_the_newest_of_each_dag_and_suite_stays_when_all_are_old():
    traces = [staged("a", 300), staged("b", 200), staged("c", 250, "other"), staged("d", 280)]
    traces += [staged("x", 400, dag="second"), staged("y", 390, dag="second")]

    assert old_runs(traces, LIMIT) == {"a", "d", "x"}


@pytest.mark.parametrize("text", ["0", "-1", "ninety", "", "1.5", "36501", "²"])
def test_a_number_of_days_that_cannot_be_meant_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        main([f"--keep-days={text}"])

    assert ended.value.code == 2
    assert f"{text!r} is no number of days from 1 to 36500" in capsys.readouterr().err


def test_one_that_cannot_be_removed_does_not_hold_up_the_others(tmp_path: Path):
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    file.write_text("12345")

    def item(path: Path) -> Item:
        return Item(trace(path.name, 100), lambda: path.stat().st_size, path.unlink)

    items = [item(folder), item(file)]

    tally = remove(Kind("things", items), dry_run=False)

    assert not file.exists() and folder.exists()
    assert tally.line(dry_run=False).split() == ["things", "1", "of", "2", "removed,", "5", "bytes"]
    assert "folder" in tally.complaints()[0]
    assert tally.complaints()[-1].startswith("1 of 2 things stayed")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (2_345_678, "2.3 MB")]
)
def test_sizes_are_readable(size: int, text: str):
    assert readable(size) == text
