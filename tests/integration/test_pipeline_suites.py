"""Runs that another suite judges than the dataset's own."""

import json
from pathlib import Path

import pytest

from gx import project
from tests.workflow import Database, Workflow

SAID = "Judged by stock_data instead of mine."


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default dataset, to which the suite `mine` belongs."""
    for name in ("SUITES", "CHECKPOINTS", "DATASETS"):
        (tmp_path / name).mkdir()
    for name in ("SUITES", "CHECKPOINTS"):
        (tmp_path / name / "mine.json").write_text("{}")  # it is not to be read
    said = (project.DATASETS / "stock_data.yml").read_text()
    mine = said.replace("suite: stock_data", "suite: mine")
    (tmp_path / "DATASETS" / "stock_data.yml").write_text(mine)
    for name in ("SUITES", "CHECKPOINTS", "DATASETS"):
        monkeypatch.setattr(project, name, tmp_path / name)


@pytest.mark.parametrize("partitions", [False, True])
def test_a_run_by_another_suite_says_so_wherever_it_is_told(
    workflow: Workflow,
    sample: Database,
    other: None,
    partitions: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    if partitions:
        monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    ended = workflow.run(symbols=["TSLA", "NVDA"], end_date="2025-11-04", suite="stock_data")

    assert ended.state == "success"
    summary = json.loads((ended.staging / "summary.json").read_text())
    assert (summary["suite"], summary["instead_of"]) == ("stock_data", "mine")
    assert SAID in summary["verdict"]
    assert SAID in (ended.staging / "report.html").read_text()
    record = json.loads((ended.staging / "steps" / "validate.json").read_text())
    assert (record["suite"], record["instead_of"]) == ("stock_data", "mine")
    tracked = ended.mlflow()
    assert tracked.params["suite"] == "stock_data"
    assert tracked.tags["suite_instead_of"] == "mine"
    assert SAID in tracked.tags["verdict"]
    ((what, run_id),) = sample.rows("select what, run_id from stock_data_audit")
    assert what == "46 bars, judged by stock_data instead of mine"
    assert run_id == ended.run_id


def test_the_datasets_own_suite_named_in_the_form_is_nothing_to_tell(
    workflow: Workflow, sample: Database
):
    ended = workflow.run(symbols=["TSLA"], end_date="2025-11-04", suite="stock_data")

    assert "Judged by" not in ended.mlflow().tags["verdict"]
    assert "suite_instead_of" not in ended.mlflow().tags
    assert sample.one("select count(*) from stock_data_audit") == 0
