"""Attacks on the first promise by whoever can write to staging, and to nothing else.

They alter a file *and* the seal in the record beside it, or put back what another run, partition,
step or attempt has left. Nothing of that has the key.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gx.report.document import read_document
from tests.attacks.test_no_row_is_lost_connections import BAD, run_in
from tests.staged import STEPS, put_back
from tests.workflow import Database, Workflow

FOR_PEOPLE = {"judged.html", "data_docs.html", "suite.json", "results.json"}
FORGED: Mapping[str, Mapping[str, Any]] = {
    "extract": {
        "gone": [{"symbol": "NVDA", "bars": 9}],
        "rows": 45,
        "extracted_at": "2099-01-01T00:00:00+00:00",
    },
    "validate": {"held": [], "rows": 45, "first_rows": [0]},
    "transform": {"rows": 45, "columns": ["close"]},
}


def forge(folder: Path, name: str) -> None:
    """Alter a file, and whatever seals it."""
    path = folder / name
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        at = table.column_names.index("close")
        worthless = pa.array([-999.0] * table.num_rows, table.schema.field(at).type)
        pq.write_table(table.set_column(at, "close", worthless), path)
    elif path.suffix == ".npz":
        path.write_bytes(path.read_bytes()[::-1])
    else:
        path.write_text(path.read_text() + " ")
    reseal(path)


def reseal(path: Path) -> None:
    from dags.staging.seals import seal_of

    for record in (path.parent / "steps").glob("*.json"):
        document = json.loads(record.read_text())
        if path.name in document["seals"]:
            document["seals"][path.name] = seal_of(path.read_bytes())
            record.write_text(json.dumps(document))


def rewrite(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def go_on(run: Any, after: str) -> None:
    """The steps that follow, and what the last ones read for MLflow."""
    from dags import steps
    from dags.reporting.tracked.artifacts import write_artifacts
    from dags.staging.records import Validated

    for step in STEPS[STEPS.index(after) + 1 :]:
        getattr(steps, step)(run)
    records = run.staging.records()
    judged = records.found(Validated)
    report = read_document(run.staging.read_json("report.json")) if judged else None
    write_artifacts(Path(run.staging.root.path) / "for_mlflow", run, records, report)


def nothing_is_published(sample: Database) -> bool:
    tables = ("stock_data_enriched", "stock_data_quarantine")
    return not any(sample.one(f"select count(*) from {table}") for table in tables)


def test_no_file_can_be_altered_together_with_its_seal(
    staged: Any, sample: Database, tmp_path: Path
):
    from dags.errors import AlteredError

    for after in STEPS[:-1]:
        for name in files_of(tmp_path / f"after_{after}"):
            folder = put_back(tmp_path, after)
            if name.startswith("steps/"):
                continue  # below
            forge(folder, name)
            with pytest.raises(AlteredError) as refused:
                go_on(staged, after)
            assert "lear extract_stock_data" in str(refused.value), (after, name)
            assert "\n" not in str(refused.value)
            assert nothing_is_published(sample), (after, name)


def test_no_file_for_people_goes_to_mlflow_altered(staged: Any, sample: Database, tmp_path: Path):
    """Its seal as it was: publishing does not need it, tracking does."""
    from dags.errors import AlteredError

    for name in FOR_PEOPLE:
        path = put_back(tmp_path, "transform") / name
        path.write_text(path.read_text() + " ")
        with pytest.raises(AlteredError, match=f"{name} is not what was written there"):
            go_on(staged, "transform")
        sample.empty("stock_data_enriched")


def test_no_record_can_be_altered(staged: Any, sample: Database, tmp_path: Path):
    from dags import steps
    from dags.errors import AlteredError
    from dags.staging.seals import Signer

    guessed = Signer((b"a guess",), ("dag", "cut"))
    for after in STEPS[:-1]:
        for step in STEPS[: STEPS.index(after) + 1]:
            for field, value in FORGED[step].items():
                for signed in (None, "", guessed):
                    path = put_back(tmp_path, after) / "steps" / f"{step}.json"
                    rewrite(path, **{field: value})
                    if signed is not None:
                        record = json.loads(path.read_text())
                        del record["signature"]
                        made = signed and signed.sign(step, record)
                        rewrite(path, signature=made)
                    with pytest.raises(AlteredError, match=f"{step}.json is not what this run has"):
                        go_on(staged, after)
                    assert nothing_is_published(sample)
                    with pytest.raises(AlteredError):
                        steps.confirm(staged, "success")


def test_a_closed_gate_cannot_be_opened_from_staging(
    workflow: Workflow, sample: Database, tmp_path: Path
):
    """Whoever marks validate_data as a success besides."""
    from dags import steps
    from dags.errors import AlteredError, GateClosed

    sample.execute(BAD)
    run = run_in(tmp_path / "run")
    run = replace(run, request=replace(run.request, policy="fail"))
    steps.extract(run)
    with pytest.raises(GateClosed):
        steps.validate(run)
    rewrite(tmp_path / "run" / "steps" / "validate.json", open=True, status="success")
    for step in (steps.transform, steps.publish):
        with pytest.raises(AlteredError, match=r"validate\.json is not what this run has written"):
            step(run)
    assert nothing_is_published(sample)


def test_a_record_that_is_gone_or_of_another_step_run_or_attempt_counts_for_nothing(
    staged: Any, sample: Database, tmp_path: Path
):
    from dags import steps
    from dags.errors import AlteredError

    kept = tmp_path / "after_transform" / "steps"
    another = run_in(tmp_path / "another", "another")
    shutil.copytree(tmp_path / "after_transform", tmp_path / "attempt")
    again = run_in(tmp_path / "attempt")
    for step in STEPS[:-1]:
        getattr(steps, step)(another)
        getattr(steps, step)(again)
    for step in STEPS[:-1]:
        for source in (
            tmp_path / "another" / "steps" / f"{step}.json",
            tmp_path / "attempt" / "steps" / f"{step}.json",
            *(kept / f"{another_step}.json" for another_step in {*STEPS[:-1]} - {step}),
            None,
        ):
            target = put_back(tmp_path, "transform") / "steps" / f"{step}.json"
            target.unlink() if source is None else shutil.copy(source, target)
            with pytest.raises(AlteredError, match="lear extract_stock_data"):
                go_on(staged, "transform")
            assert nothing_is_published(sample)


def test_a_forged_publication_does_not_end_a_run_green(
    staged: Any, sample: Database, tmp_path: Path
):
    from dags import steps
    from dags.errors import AlteredError, NotPublished

    folder = put_back(tmp_path, "transform")
    for status in ("success", "skipped"):
        forged: dict[str, Any] = {
            "status": status,
            "attempt": "1",
            "on": {},
            "seals": {},
            "error": "",
        }
        (folder / "steps" / "publish.json").write_text(json.dumps(forged))
        with pytest.raises(AlteredError, match=r"publish\.json is not what this run has written"):
            steps.confirm(staged, "success")
    (folder / "steps" / "publish.json").unlink()
    steps.publish(staged)
    kept = (folder / "steps" / "publish.json").read_text()
    steps.validate(staged)
    (folder / "steps" / "publish.json").write_text(kept)
    with pytest.raises(NotPublished, match="is not there"):
        steps.confirm(staged, "success")


def test_of_an_altered_run_only_that_is_tracked(staged: Any, sample: Database, tmp_path: Path):
    from mlflow import MlflowClient

    from dags.errors import AlteredError
    from dags.reporting.tracked import mlflow_run as record

    rewrite(tmp_path / "run" / "steps" / "extract.json", rows=1_000_000)
    with pytest.raises(AlteredError):
        record.log(staged)
    client = MlflowClient(tracking_uri=staged.settings.mlflow_tracking_uri)
    experiment = client.get_experiment_by_name(staged.settings.mlflow_experiment_name)
    altered = "tags.error like 'AlteredError%'"
    (tracked,) = client.search_runs([experiment.experiment_id], filter_string=altered)
    assert tracked.info.status == "FAILED"
    assert "extract.json is not what this run has written" in tracked.data.tags["error"]
    assert "total_rows" not in tracked.data.metrics


def test_what_an_older_version_left_is_refused_with_what_to_do(
    staged: Any, sample: Database, tmp_path: Path
):
    from dags import steps
    from dags.errors import AlteredError

    path = put_back(tmp_path, "extract") / "steps" / "extract.json"
    record = json.loads(path.read_text())
    path.write_text(
        json.dumps({"status": "success", "rows": record["rows"], "bars_seal": "0" * 64})
    )
    with pytest.raises(AlteredError, match=r"an older version wrote it.*Clear extract_stock_data"):
        steps.validate(staged)
    steps.extract(staged)
    steps.validate(staged)


# ---- a run in partitions ----


@pytest.fixture
def divided(
    workflow: Workflow, sample: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A run of two partitions, of which TSLA's is held, up to the gate's decision."""
    from dags import steps
    from dags.work import partition as partition_steps

    monkeypatch.setenv("PARTITION_SYMBOLS", "1")
    sample.execute(BAD)
    run = run_in(tmp_path / "run")
    numbers = [part["number"] for part in steps.extract(run)]
    shutil.copytree(tmp_path / "run", tmp_path / "after_extract")
    for number in numbers:
        partition_steps.check(run, number)
    shutil.copytree(tmp_path / "run", tmp_path / "after_check")
    steps.validate(run)
    shutil.copytree(tmp_path / "run", tmp_path / "after_validate")
    return run


def go_on_divided(run: Any, after: str) -> None:
    from dags import steps
    from dags.work import partition as partition_steps

    if after == "extract":
        for number in (0, 1):
            partition_steps.check(run, number)
    if after in ("extract", "check"):
        steps.validate(run)
    for number in (0, 1):
        partition_steps.publish_part(run, number)
    steps.publish(run)


def of_part(folder: Path, number: int) -> Path:
    return folder / "partitions" / f"{number:04}"


def test_no_file_of_a_partition_can_be_altered_together_with_its_seal(
    divided: Any, sample: Database, tmp_path: Path
):
    from dags.errors import AlteredError

    for after in ("extract", "check", "validate"):
        for name in files_of(tmp_path / f"after_{after}"):
            folder = put_back(tmp_path, after)
            if name.startswith("steps/") or Path(name).name in FOR_PEOPLE:
                continue
            if after == "validate" and Path(name).name in (
                *("plan.json", "context.parquet"),
                *("findings.json", "findings.npz"),
            ):
                continue  # nothing reads it any more; but for the plan, which has a test of its own
            path = folder / name
            if path.parent.name == "steps":
                rewrite(path, seconds=-1)
            else:
                forge(path.parent, path.name)
            with pytest.raises(AlteredError, match="lear "):
                go_on_divided(divided, after)
            if not nothing_is_published(sample):  # the other partition's bars are as judged
                assert "partitions/0001" in name, (after, name)
                assert sample.one("select count(*) from stock_data_enriched where close < 0") == 0
            sample.empty("stock_data_enriched", "stock_data_publications")


def test_a_plan_that_is_altered_or_gone_stops_every_step(
    divided: Any, sample: Database, tmp_path: Path
):
    from dags.errors import AlteredError

    for after in ("extract", "check", "validate"):
        for spoil in (lambda path: rewrite(path, suite_text="{}"), Path.unlink):
            spoil(put_back(tmp_path, after) / "plan.json")
            with pytest.raises(AlteredError, match=r"plan\.json .*lear extract_stock_data"):
                go_on_divided(divided, after)
            assert nothing_is_published(sample)


def test_one_partition_cannot_stand_for_another(divided: Any, sample: Database, tmp_path: Path):
    from dags.errors import AlteredError

    folder = put_back(tmp_path, "check")
    shutil.rmtree(of_part(folder, 0))
    shutil.copytree(of_part(folder, 1), of_part(folder, 0))
    with pytest.raises(AlteredError, match=r"0000/steps/extract\.json is not what this run"):
        go_on_divided(divided, "check")
    assert nothing_is_published(sample)


def test_a_partition_that_was_extracted_anew_after_the_verdict_is_not_published(
    divided: Any, sample: Database, tmp_path: Path
):
    """Also by hand: check_partition alone was cleared."""
    from dags.errors import AlteredError
    from dags.work import partition as partition_steps

    put_back(tmp_path, "validate")
    sample.execute("update stock_data set close = -999 where symbol = 'NVDA'")
    for number in (0, 1):
        partition_steps.check(divided, number)
        with pytest.raises(AlteredError, match="extracted anew after the partitions were judged"):
            partition_steps.publish_part(divided, number)
    assert nothing_is_published(sample)


def test_what_was_published_under_an_earlier_verdict_does_not_count_for_a_later_one(
    divided: Any, sample: Database, tmp_path: Path
):
    """As when the publishing of partitions is marked as a success."""
    from dags import steps
    from dags.errors import PartitionError
    from dags.work import partition as partition_steps

    put_back(tmp_path, "validate")
    for number in (0, 1):
        partition_steps.publish_part(divided, number)
    steps.publish(divided)
    steps.validate(divided)
    with pytest.raises(PartitionError, match="was not published"):
        steps.publish(divided)
