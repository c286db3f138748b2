"""Attacks on the first promise through the files that steps leave for the next one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.test_no_row_is_lost_connections import run_in
from tests.staged import STEPS, put_back
from tests.workflow import Database, Workflow

# What the steps behind each one read. The others are for people: the run does not need them.
READ_AFTER = {
    "extract": ("bars.parquet", "context.parquet", "steps/extract.json"),
    "validate": (
        *("bars.parquet", "failing.parquet", "report.json"),
        *("steps/extract.json", "steps/validate.json"),
    ),
    "transform": (
        *("bars.parquet", "enriched.parquet", "failing.parquet", "report.json"),
        *("steps/extract.json", "steps/validate.json", "steps/transform.json"),
    ),
}


def removed(path: Path) -> None:
    path.unlink()


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_a_failed_step(path: Path) -> None:
    """As when its task was marked as a success by hand."""
    path.write_text(json.dumps({**json.loads(path.read_text()), "status": "failed"}))


def another(path: Path) -> None:
    """Whole and sound, and not what was judged."""
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "doubtful": []}, indent=2))


def test_a_spoiled_file_is_named_at_once_and_nothing_is_published(
    staged: Any, sample: Database, tmp_path: Path
):
    from dags import steps
    from dags.errors import AlteredError
    from dags.run.defaults import RETRIES

    for after, names in READ_AFTER.items():
        for name in names:
            spoils: list[Callable[[Path], None]] = [removed, halved, emptied]
            spoils += [of_a_failed_step] if name.startswith("steps/") else []
            spoils += [another] if name == "report.json" else []
            for spoil in spoils:
                spoil(put_back(tmp_path, after) / name)
                with pytest.raises(AlteredError) as refused:
                    for step in STEPS[STEPS.index(after) + 1 :]:
                        getattr(steps, step)(staged)
                said = str(refused.value)
                assert Path(name).stem in said, (after, name, spoil)
                assert "lear " in said
                assert "\n" not in said
                assert RETRIES.evaluate(refused.value, 1, 2).action.name == "FAIL"
                assert sample.one("select count(*) from stock_data_enriched") == 0
                assert sample.one("select count(*) from stock_data_quarantine") == 0


@pytest.mark.parametrize("name", ["findings.json", "findings.npz"])
@pytest.mark.parametrize("spoil", [removed, halved])
def test_spoiled_findings_of_a_partition_are_named(
    workflow: Workflow,
    sample: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    spoil: Callable[[Path], None],
):
    from dags import steps
    from dags.errors import AlteredError
    from dags.work import partition as partition_steps

    monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    run = run_in(tmp_path / "run")
    for part in steps.extract(run):
        partition_steps.check(run, part["number"])
    spoil(tmp_path / "run" / "partitions" / "0001" / name)
    with pytest.raises(AlteredError, match=name):
        steps.validate(run)


def test_a_spoiled_folder_of_the_run_before_stops_nobody(
    workflow: Workflow, sample: Database, tmp_path: Path
):
    """The report compares with it, and only for that."""
    from dags import steps

    def judge(folder: str) -> str:
        run = run_in(tmp_path / folder)
        steps.extract(run)
        return str(steps.validate(run)["verdict"])

    verdict = judge("first")
    summary = {"suite": "stock_data", "run_id": "first"}
    (tmp_path / "first" / "summary.json").write_text(json.dumps(summary))
    sample.execute("update stock_data set close = close + 0.01 where symbol = 'NVDA'")
    for name in ("bars.parquet", "suite.json", "report.json", "summary.json"):
        halved(tmp_path / "first" / name)
        assert judge("second") == verdict


def test_the_moment_of_reading_says_which_bars_are_to_come(
    workflow: Workflow, sample: Database, tmp_path: Path
):
    """Not the clock of the machine that judges: it may be wrong, and a retry comes later."""
    from dags import steps

    run = run_in(tmp_path / "run")
    steps.extract(run)
    record = run.staging.record("extract")
    noon = datetime(2025, 11, 3, 12, tzinfo=UTC)
    record.found = record.found.model_copy(update={"read_at": noon})
    run.staging.write_record("extract", record)

    steps.validate(run)

    judged = json.loads((tmp_path / "run" / "report.json").read_text())["expectations"]
    to_come = next(one for one in judged if one["type"] == "expect_no_future_bars")
    assert to_come["unexpected_count"] == 4  # of two symbols, on the 3rd and the 4th
