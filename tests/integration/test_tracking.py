"""Tracking against a real PostgreSQL and a real MLflow server on the same database.

The order is the one of a user: a run goes straight into the database first; the server is started
on it afterwards, and everything over HTTP happens there.
"""

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from sql import embedded
from tests.mlflow_stores import (
    EXPERIMENT,
    REPORT,
    Relay,
    Server,
    database_store,
    logger_process,
    record,
    runs_of,
    stored_files,
    the_run,
)
from tracking import (
    Dataset,
    ExperimentDeletedError,
    LoggedRun,
    TrackingError,
    TrackingStore,
    log_run,
    write_table,
)

DATASET = Dataset(
    name="stock_data",
    digest="ab" * 32,
    table="bars.stock_data",
    query="select * from stock_data",
    columns={"close": "double"},
    profile={"num_rows": 46, "verdict": "Passed."},
)


@pytest.fixture
def database(tracking_database: TrackingStore) -> TrackingStore:
    return tracking_database


@pytest.fixture
def server(tracking_server: Server) -> TrackingStore:
    return tracking_server.store


def test_a_run_logged_into_the_database_shows_unchanged_in_a_server_started_later(
    direct_run: LoggedRun, server: TrackingStore
) -> None:
    seen = replace(server, experiment=EXPERIMENT)
    run = the_run(seen, "dag/direct")
    assert run.info.run_id == direct_run.run_id
    assert run.info.status == "FINISHED"
    assert (run.info.start_time, run.info.end_time) == (1_762_000_000_000, 1_762_000_060_000)
    assert run.data.params == {"symbols": "TSLA,NVDA", "validation_status": "passed"}
    assert run.data.metrics == {"total_rows": 46.0, "rows/_x5E_GSPC": 23.0}
    address = f"{server.uri}/get-artifact?path=validation/report.html&run_uuid={run.info.run_id}"
    with urllib.request.urlopen(address, timeout=10) as page:
        assert page.read().decode() == REPORT


def test_what_a_retry_no_longer_has_goes_and_what_people_added_stays(
    server: TrackingStore, artifacts: Path
) -> None:
    incomplete = record("dag/stale", tags={"missing_symbols": "NVDA"})
    first = log_run(server, incomplete, artifacts)
    MlflowClient(server.uri).set_tag(first.run_id, "reviewed", "by Ann")
    again = log_run(server, record("dag/stale"), artifacts)
    assert again.run_id == first.run_id
    tags = the_run(server, "dag/stale").data.tags
    assert "missing_symbols" not in tags
    assert (tags["reviewed"], tags["environment"]) == ("by Ann", "test")


def test_a_metric_that_is_gone_replaces_the_run(server: TrackingStore, artifacts: Path) -> None:
    log_run(server, record("dag/gone"), artifacts)
    log_run(server, record("dag/gone", metrics={"total_rows": 40.0}), artifacts)
    assert the_run(server, "dag/gone").data.metrics == {"total_rows": 40.0}


def test_a_database_store_keeps_no_connection_open(
    direct_run: LoggedRun, database: TrackingStore, tracking_postgres: embedded.EmbeddedServer
) -> None:
    import sqlalchemy

    other = database_store(tracking_postgres, "alone", Path(database.artifact_root or "").parent)
    log_run(other, record("dag/alone"), Path(database.artifact_root or "").parent / "first")
    engine = sqlalchemy.create_engine(tracking_postgres.url("postgres"))
    with engine.connect() as connection:
        count = sqlalchemy.text("select count(*) from pg_stat_activity where datname = 'alone'")
        deadline = time.monotonic() + 5  # a closed connection's process takes a moment to end
        while connection.execute(count).scalar_one() and time.monotonic() < deadline:
            time.sleep(0.05)
            connection.rollback()
        assert connection.execute(count).scalar_one() == 0
    engine.dispose()


def test_a_run_carries_everything_the_run_page_shows(
    server: TrackingStore, artifacts: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_key = 'dag/manual__2025-11-04T00:00:00+00:00 `"%'
    logged = log_run(server, record(run_key), artifacts)
    assert capfd.readouterr().out == ""
    run = the_run(server, run_key)
    expected = {
        "airflow.run_key": run_key,
        "environment": "test",
        "logging": "complete",
        "mlflow.note.content": "**passed**: 46 rows",
        "mlflow.runName": "2025-11-04 TSLA NVDA",
        "mlflow.source.name": "dags/ibkr_stock_data_workflow.py",
        "mlflow.user": "airflow",
    }
    assert expected.items() <= run.data.tags.items()
    assert run.info.run_name == "2025-11-04 TSLA NVDA"
    assert stored_files(server, logged.run_id) == {
        "extraction_summary.json",
        "validation/report.html",
    }
    assert logged.url_path.startswith(f"#/experiments/{logged.experiment_id}/runs/{logged.run_id}")


def test_a_closed_gate_is_logged_as_completely_as_an_open_one(
    server: TrackingStore, artifacts: Path
) -> None:
    logged = log_run(server, record("dag/closed", status="FAILED"), artifacts)
    run = the_run(server, "dag/closed")
    assert run.info.status == "FAILED"
    assert run.data.tags["logging"] == "complete"
    assert "validation/report.html" in stored_files(server, logged.run_id)


def test_a_retry_finds_its_run_and_doubles_nothing(server: TrackingStore, artifacts: Path) -> None:
    first = log_run(server, record("dag/retry"), artifacts)
    (artifacts / "extraction_summary.json").rename(artifacts / "renamed.json")
    later = record(
        "dag/retry",
        metrics={"total_rows": 46.0, "rows/^GSPC": 24.0, "new": 1.0},
        description="second look",
        end_time_ms=1_762_000_090_000,
    )
    assert log_run(server, later, artifacts) == first
    run = the_run(server, "dag/retry")
    assert run.data.metrics == {"total_rows": 46.0, "rows/_x5E_GSPC": 24.0, "new": 1.0}
    assert run.data.tags["mlflow.note.content"] == "second look"
    history = MlflowClient(server.uri).get_metric_history(first.run_id, "total_rows")
    assert [point.value for point in history] == [46.0]
    assert stored_files(server, first.run_id) == {"renamed.json", "validation/report.html"}


@pytest.mark.parametrize("kind", ["server", "database"])
def test_a_changed_parameter_replaces_the_run(
    kind: str, request: pytest.FixtureRequest, artifacts: Path
) -> None:
    store: TrackingStore = request.getfixturevalue(kind)
    failed = record("dag/changed", params={"validation_status": "failed"}, status="FAILED")
    old = log_run(store, failed, artifacts)
    new = log_run(store, record("dag/changed"), artifacts)
    run = the_run(store, "dag/changed")
    assert run.info.run_id == new.run_id != old.run_id
    assert run.data.tags["replaces"] == old.run_id
    assert run.data.params["validation_status"] == "passed"
    trash = runs_of(store, "dag/changed", deleted=True)
    assert [gone.info.run_id for gone in trash] == [old.run_id]


def test_two_runs_of_one_key_become_one(server: TrackingStore, artifacts: Path) -> None:
    log_run(server, record("dag/doubled"), artifacts)
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    assert experiment is not None
    client.create_run(experiment.experiment_id, tags={"airflow.run_key": "dag/doubled"})
    kept = log_run(server, record("dag/doubled"), artifacts)
    assert the_run(server, "dag/doubled").info.run_id == kept.run_id


def test_loggers_that_race_for_one_key_leave_one_run(
    server: TrackingStore, artifacts: Path
) -> None:
    def attempt(_: int) -> None:
        try:
            log_run(server, record("dag/race"), artifacts)
        except TrackingError:
            return  # the loser's task is retried

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, range(4)))
    assert len(runs_of(server, "dag/race")) == 1
    log_run(server, record("dag/race"), artifacts)
    assert the_run(server, "dag/race").data.tags["logging"] == "complete"


def test_a_record_beyond_mlflows_limits_is_cut_and_sent_in_parts(
    server: TrackingStore, artifacts: Path
) -> None:
    big = record(
        "dag/big",
        params={f"p{i}": "x" * 7000 for i in range(150)},
        metrics={f"m/{i}": float(i) for i in range(2500)} | {"bad": float("nan")},
        tags={f"t{i}": "y" * 20 for i in range(120)} | {"long": "z" * 9000},
        description="d\n" * 9000,
    )
    log_run(server, big, artifacts)
    run = the_run(server, "dag/big")
    assert len(run.data.params) == 150
    assert run.data.params["p0"].endswith("[cut: 7,000 characters]")
    assert len(run.data.metrics) == 2500
    assert run.data.tags["metrics_not_finite"] == "bad"
    assert run.data.tags["long"].endswith("[cut: 9,000 characters]")
    assert {f"t{i}" for i in range(120)} <= run.data.tags.keys()


def test_a_run_takes_few_requests_however_much_it_holds(
    server: TrackingStore, artifacts: Path
) -> None:
    full = record(
        "dag/counted",
        metrics={f"symbol_rows/S{number:03d}": 1.0 for number in range(500)},
        dataset=DATASET,
        tables=["extraction_summary.json"],
    )
    log_run(server, record("dag/before"), artifacts)  # which creates the experiment
    with Relay(server) as relay:
        log_run(relay.store, full, artifacts)
        first, relay.requests = relay.requests, []
        log_run(relay.store, full, artifacts)
    assert [asked(line) for line in first] == [
        "GET /health",
        "GET experiments/get-by-name",
        "POST runs/search",
        "POST runs/create",
        "POST runs/search",  # a create that was tried twice leaves two
        "POST runs/log-inputs",
        "PUT extraction_summary.json",
        "PUT report.html",
        "POST runs/update",
        "POST runs/log-batch",
        "POST runs/search",  # runs that a killed worker left open
    ]
    # A retry creates nothing, marks the run, and looks for files that have to go.
    assert len(relay.requests) <= len(first) + 1, relay.requests


def asked(line: str) -> str:
    """A request without host, version and query."""
    method, path = line.partition("?")[0].split(" ")
    if method == "PUT":
        return f"PUT {path.rpartition('/')[2]}"
    return f"{method} {path.removeprefix('/api/2.0/mlflow/')}"


def test_the_data_of_a_run_is_its_dataset(server: TrackingStore, artifacts: Path) -> None:
    log_run(server, record("dag/data", dataset=DATASET), artifacts)
    (found,) = the_run(server, "dag/data").inputs.dataset_inputs
    assert found.dataset.name == "stock_data"
    assert found.dataset.digest.startswith("ab" * 13)
    assert json.loads(found.dataset.source)["query"] == "select * from stock_data"
    (column,) = json.loads(found.dataset.schema)["mlflow_colspec"]
    assert column == {"name": "close", "type": "double"}
    profile = json.loads(found.dataset.profile)
    assert (profile["num_rows"], profile["data_digest"]) == (46, "ab" * 32)


def test_the_same_data_judged_otherwise_shows_its_own_verdict(
    server: TrackingStore, artifacts: Path
) -> None:
    judged = replace(DATASET, profile={"num_rows": 46, "verdict": "Gate closed."})
    log_run(server, record("dag/judged", dataset=DATASET), artifacts)
    log_run(server, record("dag/judged", dataset=judged), artifacts)
    (found,) = the_run(server, "dag/judged").inputs.dataset_inputs
    assert json.loads(found.dataset.profile)["verdict"] == "Gate closed."


def test_data_of_any_size_is_described_within_mlflows_limits(
    server: TrackingStore, artifacts: Path
) -> None:
    wide = replace(
        DATASET,
        name="n" * 900,
        query="select '" + "é" * 200_000,
        columns={f"column {number}": "double" for number in range(40_000)},
    )
    log_run(server, record("dag/wide", dataset=wide), artifacts)
    (found,) = the_run(server, "dag/wide").inputs.dataset_inputs
    assert json.loads(found.dataset.source)["query"].endswith("[cut: 200,008 characters]")


def test_tables_are_found_by_mlflow_and_links_lead_to_artifacts(
    server: TrackingStore, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)  # whence the client reads tables
    write_table(artifacts / "validation/symbols.json", ["symbol", "rows"], [["BRK.B", 23]])
    described = record(
        "dag/tables",
        tables=["validation/symbols.json"],
        description="[Report](artifact:validation/report.html)",
    )
    logged = log_run(server, described, artifacts)
    table = MlflowClient(server.uri).load_table(
        logged.experiment_id, "validation/symbols.json", [logged.run_id]
    )
    assert table.to_dict("records") == [{"symbol": "BRK.B", "rows": 23}]
    page = f"#/experiments/{logged.experiment_id}/runs/{logged.run_id}/artifacts/validation"
    about = the_run(server, "dag/tables").data.tags["mlflow.note.content"]
    assert about == f"[Report]({page}/report.html?workflowType=machine_learning)"


def test_a_deleted_experiment_says_how_to_restore_it(
    server: TrackingStore, artifacts: Path
) -> None:
    store = replace(server, experiment="thrown away")
    logged = log_run(store, record("dag/deleted"), artifacts)
    MlflowClient(server.uri).delete_experiment(logged.experiment_id)
    restore = f"mlflow experiments restore --experiment-id {logged.experiment_id}"
    with pytest.raises(ExperimentDeletedError, match=restore):
        log_run(store, record("dag/deleted"), artifacts)


def test_a_missing_artifact_folder_is_refused(database: TrackingStore, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="there is no artifact folder"):
        log_run(database, record("dag/nothing"), tmp_path / "missing")


def test_two_processes_may_use_an_empty_database_at_once(
    tracking_postgres: embedded.EmbeddedServer, tracking_place: Path, artifacts: Path
) -> None:
    store = database_store(tracking_postgres, "empty", tracking_place)
    both = replace(store, experiment="both")
    processes = [logger_process(both, f"dag/{i}", artifacts) for i in range(2)]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert output == ""
    client = MlflowClient(store.client_uri)
    names = [found.name for found in client.search_experiments(view_type=ViewType.ALL)]
    assert sorted(names) == ["Default", "both"]
    assert [the_run(both, f"dag/{i}").info.status for i in range(2)] == ["FINISHED"] * 2
