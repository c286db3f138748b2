"""What one run leaves in MLflow for who reviews it."""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq

from tests.workflow import Database, Workflow, airflow_session, fresh_moment

FALL = "unexpected_share/bar_prices_to_be_finite_and_positive"


def test_a_run_held_in_part_leaves_verdict_tables_shares_and_its_data(
    workflow: Workflow, sample: Database
):
    sample.execute("update stock_data set close = 'NaN' where symbol = 'TSLA'")

    ended = workflow.run(
        policy="quarantine", before={"extract_stock_data": lambda: _trigger_as("ann")}
    )

    tracked = ended.mlflow()
    about = tracked.tags["mlflow.note.content"]
    verdict, _, table, *_ = about.split("\n\n")
    assert verdict.startswith("**Published 23 bars of 1 symbol; 1 held: TSLA (")
    said = ended.json("summary.json")["verdict"]
    assert verdict == f"**{said}**"
    assert tracked.tags["verdict"] == said
    for copy in (tracked.artifacts / "validation/report.html", ended.staging / "report.html"):
        shown = copy.read_text()
        assert f"<title>{said}</title>" in shown and f"<h1>{said}</h1>" in shown
    first = table.splitlines()[2]
    assert first.startswith("| critical | ")
    assert first.endswith("| 23 | TSLA |")
    run = tracked.run.info
    page = f"(#/experiments/{run.experiment_id}/runs/{run.run_id}/artifacts"
    assert f"[Report]{page}/validation/report.html?" in about
    assert f"[Data Docs]{page}/data_docs/index.html?" in about
    assert (run.run_name, tracked.tags["mlflow.user"]) == (ended.run_id, "ann")

    assert tracked.metrics[FALL] == 0.5
    assert tracked.metrics["symbol_failing_share/TSLA"] == 1.0
    assert tracked.metrics["symbol_rows/NVDA"] == 23
    assert tracked.metrics["failing_rows"] >= 23
    assert tracked.metrics["rows_new"] == 23

    names = {"failing_rows", "expectations", "symbols"}
    tables = {name: _table(tracked.artifacts, name) for name in names}
    listed = json.loads(tracked.tags["mlflow.loggedArtifacts"])
    assert {entry["path"] for entry in listed} == {f"validation/{name}.json" for name in names}
    worst = tables["failing_rows"][0]
    assert (worst["symbol"], worst["close"]) == ("TSLA", None)
    assert worst["severity"] == "critical"
    everything = pq.read_table(tracked.artifacts / "validation/failing.parquet")
    assert everything.num_rows == len(tables["failing_rows"]) == tracked.metrics["failing_rows"]
    assert tables["expectations"][0]["status"] == "failed"
    assert [row["symbol"] for row in tables["symbols"]] == ["TSLA", "NVDA"]

    (found,) = tracked.run.inputs.dataset_inputs
    profile = json.loads(found.dataset.profile)
    extracted = ended.step("extract")
    assert profile["verdict"] == said
    assert profile["data_digest"] == extracted["digest"]
    assert profile["failing_share"] == tracked.metrics["failing_share"]
    assert (profile["num_rows"], profile["first_date"]) == (46, extracted["first_date"])
    types = {c["name"]: c["type"] for c in json.loads(found.dataset.schema)["mlflow_colspec"]}
    assert (types["symbol"], types["close"]) == ("string", "double")
    assert json.loads(found.dataset.source)["query"] == extracted["sql"]
    assert len(tracked.files()) <= 12


def test_a_run_logged_again_after_its_symbols_changed_stays_one(
    workflow: Workflow, sample: Database
):
    moment = fresh_moment()
    first = workflow.run(moment=moment, symbols=["TSLA", "NVDA"]).mlflow()
    sample.execute("update stock_data set volume = volume + 1")

    again = workflow.run(moment=moment, symbols=["TSLA", "NVDA"]).mlflow()

    assert again.tags["replaces"] == first.run.info.run_id
    assert len(again.run.inputs.dataset_inputs) == 1


def test_what_mlflow_was_handed_is_digested_in_the_bars_database(
    workflow: Workflow, sample: Database
):
    moment = fresh_moment()
    newest = "(select max(attempt) from stock_data_evidence)"
    digests = (
        "select path, sha256, bytes, mlflow_run_id from stock_data_evidence "
        f"where attempt = {newest}"
    )
    for symbols in (["TSLA", "NVDA"], ["TSLA"]):
        ended = workflow.run(moment=moment, symbols=symbols)
        tracked = ended.mlflow()
        found = {path: rest for path, *rest in sample.rows(digests)}
        contents = {path: (tracked.artifacts / path).read_bytes() for path in tracked.files()}
        assert found == {
            path: [hashlib.sha256(content).hexdigest(), len(content), tracked.run.info.run_id]
            for path, content in contents.items()
        }
        assert "undigested" not in ended.step("log")


def test_a_table_of_digests_that_is_of_no_use_fails_no_run(workflow: Workflow, sample: Database):
    sample.execute("alter table stock_data_evidence drop sha256")
    ended = workflow.run()
    assert (ended.state, ended.mlflow().status) == ("success", "FINISHED")
    assert 'column "sha256"' in ended.step("log")["undigested"]


def test_a_table_of_digests_that_is_gone_is_made_anew(workflow: Workflow, sample: Database):
    sample.execute("drop table stock_data_evidence")
    ended = workflow.run()
    assert (ended.state, ended.mlflow().status) == ("success", "FINISHED")
    assert "undigested" not in ended.step("log")
    assert sample.one("select count(*) from stock_data_evidence") == len(ended.mlflow().files())


def _table(artifacts: Path, name: str) -> list[dict[str, object]]:
    found = json.loads((artifacts / f"validation/{name}.json").read_text())
    return [dict(zip(found["columns"], row, strict=True)) for row in found["data"]]


def _trigger_as(user: str) -> None:
    """Let the run that is about to start be one that this user triggered."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import update

    with airflow_session() as session:
        running = update(DagRun).where(DagRun.state == "running")
        session.execute(running.values(triggering_user_name=user))
        session.commit()
