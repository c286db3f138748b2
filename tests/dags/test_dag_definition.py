"""What Airflow finds in dags/."""

import itertools
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dags.run.settings import ROOT
from dags.staging.layout import DAG_ID
from tests.workflow import STEPS, Workflow


@pytest.fixture
def dag(workflow: Workflow) -> Any:
    return workflow.dag()


def test_the_bag_holds_exactly_these_dags_and_no_error(airflow_environment: Mapping[str, str]):
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))

    assert bag.import_errors == {}
    assert sorted(bag.dag_ids) == ["archive_bars", DAG_ID]


def test_a_dataset_that_asks_for_a_model_has_a_workflow_that_waits_for_its_bars(
    airflow_environment: Mapping[str, str], datasets: Path
):
    from airflow.dag_processing.dagbag import DagBag

    (datasets / "coins.yml").write_text(
        "source: {table: t}\nsuite: stock_data\npublish: c\ntrain: {horizon: 5}\n"
    )
    (datasets / "broken.yml").write_text("train: {}\n")
    bag = DagBag(dag_folder=str(ROOT / "dags"))

    assert bag.import_errors == {}
    made = bag.dags["coins_training"]
    assert [one.name for one in made.timetable.asset_condition.objects] == ["coins_published"]
    assert made.task_dict["train_model"].downstream_task_ids == {"score_bars"}
    assert made.catchup is False and made.max_active_runs == 1 and "no skill" in made.doc_md
    assert [name for name in bag.dag_ids if name.endswith("_training")] == ["coins_training"]


def test_parsing_imports_nothing_heavy():
    code = (
        "import sys, dags.ibkr_stock_data_workflow, dags.train_on_bars\n"
        "heavy = ['pandas', 'great_expectations', 'mlflow', 'pyarrow', 'numpy', 'sklearn']\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    parsed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert parsed.stdout.splitlines()[-1] == "[]"


def test_owner_tags_and_documentation(dag: Any):
    assert dag.owner == "ibkr-trading"
    assert {"market-data", "quality", "ibkr"} <= set(dag.tags)
    for step in STEPS:
        assert f"`{step}`" in dag.doc_md
    assert dag.start_date.isoformat() == "2025-01-01T00:00:00+00:00"


def test_there_is_no_schedule_by_default_and_no_catchup(dag: Any):
    assert dag.schedule is None
    assert dag.catchup is False
    assert dag.max_active_runs == 1


def test_a_cron_string_gives_data_intervals(workflow: Workflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKFLOW_SCHEDULE", "30 22 * * 1-5")

    timetable = workflow.dag().timetable

    assert type(timetable).__name__ == "CronDataIntervalTimetable"
    assert timetable.expression == "30 22 * * 1-5"


def test_retries_by_default_are_two_two_minutes_apart(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("RETRY_DELAY_SECONDS")

    dag = workflow.dag()

    for step in STEPS:
        assert dag.get_task(step).retries == 2
        assert dag.get_task(step).retry_delay == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("error", "tried_again"),
    [
        pytest.param("sql.errors.DatabaseLostError", True, id="connection_lost"),
        pytest.param("sqlalchemy.exc.ProgrammingError", False, id="bad_sql"),
        pytest.param("psycopg2.errors.UndefinedColumn", False, id="bad_sql_in_copy"),
        pytest.param("dags.errors.GateClosed", False, id="gate_closed"),
        pytest.param("dags.errors.RequestError", False, id="bad_parameter"),
        pytest.param("dags.errors.StagingError", False, id="bad_staging"),
        pytest.param("gx.errors.SuiteError", False, id="bad_suite"),
        pytest.param("sql.errors.NoBarsError", False, id="no_bars"),
        pytest.param("sql.errors.PublishError", False, id="contradiction"),
        pytest.param("tracking.errors.StoreUnreachableError", True, id="tracking_down"),
        pytest.param("tracking.errors.RunIncompleteError", True, id="tracking_broke_off"),
        pytest.param("tracking.errors.ExperimentDeletedError", False, id="tracking_refuses"),
        pytest.param("dags.errors.StagingLostError", True, id="store_down"),
        pytest.param("dags.errors.AlteredError", False, id="altered"),
        pytest.param("dags.errors.LostBarsError", False, id="lost_bars"),
        pytest.param("dags.errors.Superseded", False, id="superseded"),
        pytest.param("builtins.OSError", True, id="disk_full"),
        pytest.param("builtins.OverflowError", False, id="unthought_of"),
    ],
)
def test_only_what_time_mends_is_tried_again(dag: Any, error: str, tried_again: bool):
    from airflow.sdk.definitions.retry_policy import RetryAction

    kind = pkgutil.resolve_name(error)
    failure = kind("select 1", {}, Exception("x")) if "sqlalchemy" in error else kind("x")

    decided = dag.get_task("publish_data").retry_policy.evaluate(failure, 1, 2)

    assert (decided.action is RetryAction.RETRY) is tried_again


def test_the_steps_run_in_order_and_tracking_is_a_teardown(dag: Any):
    for earlier, later in itertools.pairwise(STEPS):
        assert later in dag.get_task(earlier).downstream_task_ids
    tracking = dag.get_task("log_to_mlflow")
    assert tracking.is_teardown
    assert tracking.on_failure_fail_dagrun
    # The run fails when publishing did not succeed, though tracking did.
    assert dag.get_task("published").upstream_task_ids == {"publish_data", "log_to_mlflow"}
    last = dag.get_task("confirm_published")
    assert last.upstream_task_ids == {"published"}
    assert last.is_teardown
    assert last.on_failure_fail_dagrun
    assert [task.task_id for task in dag.tasks if not task.downstream_task_ids] == [last.task_id]


def test_partitions_are_mapped_and_a_run_without_any_passes_them_by(dag: Any):
    # They are skipped beside the other tasks, which wait for none of them but at the end.
    assert dag.get_task("validate_data").upstream_task_ids == {"extract_stock_data"}
    assert dag.get_task("transform_data").upstream_task_ids == {"validate_data", "ask"}
    assert dag.get_task("publish_data").trigger_rule == "none_failed"
    assert dag.get_task("check_partition").upstream_task_ids == {"extract_stock_data"}
    assert dag.get_task("judge_partitions").upstream_task_ids == {"check_partition"}
    # Nothing is published before the gate has decided over all partitions.
    assert dag.get_task("publish_partition").upstream_task_ids == {
        "extract_stock_data",
        "judge_partitions",
        "ask_partitions",
    }
    assert dag.get_task("publish_partition").downstream_task_ids == {"publish_data"}
    together = dag.task_group_dict["partitions"].children
    assert set(together) == {
        *("check_partition", "judge_partitions", "ask_partitions", "publish_partition"),
    }
    for task_id in ("check_partition", "publish_partition"):
        assert dag.get_task(task_id).is_mapped
        assert dag.get_task(task_id).partial_kwargs["map_index_template"]


def test_a_question_is_mapped_so_that_a_run_without_one_starts_no_task_for_it(dag: Any):
    for asks, judges in {"ask": "validate_data", "ask_partitions": "judge_partitions"}.items():
        task = dag.get_task(asks)
        assert task.is_mapped
        assert task.upstream_task_ids == {judges}
    assert dag.get_task("transform_data").trigger_rule == "none_failed_min_one_success"
    assert dag.get_task("publish_partition").trigger_rule == "none_failed"


def test_the_trigger_form_has_the_parameters_with_their_defaults(dag: Any):
    assert dag.params.dump() == {
        "symbols": ["TSLA", "NVDA"],
        "more_symbols": None,
        "start_date": None,
        "end_date": None,
        "policy": "fail",
        "suite": "stock_data",
        "accept_removals": None,
        "debug_mode": False,
    }
    symbols = dag.params.get_param("symbols").schema
    # None of them is for who names others under More symbols; no symbol at all is refused.
    assert symbols["type"] == ["array", "null"] and "minItems" not in symbols
    assert dag.params.get_param("policy").schema["enum"] == ["fail", "quarantine", "ask"]
    assert "stock_data" in dag.params.get_param("suite").schema["examples"]
    for name in ("start_date", "end_date"):
        assert dag.params.get_param(name).schema["format"] == "date"
    assert all(dag.params.get_param(name).description for name in dag.params)


def test_the_form_says_what_to_do_where_airflow_offers_no_backfill(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("WORKFLOW_SCHEDULE", raising=False)
    dag = workflow.dag()
    assert dag.schedule is None, "then Airflow refuses to backfill"
    said = dag.params.get_param("start_date").description
    assert "need no backfill" in said and "one run checks them all" in said

    monkeypatch.setenv("WORKFLOW_SCHEDULE", "0 1 * * *")
    dag = workflow.dag()
    assert dag.schedule is not None
    assert "backfill" not in dag.params.get_param("start_date").description


def test_defaults_come_from_the_environment(workflow: Workflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STOCK_SYMBOLS", "BRK.B, BF-B")
    monkeypatch.setenv("DEBUG_MODE", "true")
    monkeypatch.setenv("ON_CRITICAL", "quarantine")
    monkeypatch.setenv("TASK_RETRIES", "5")

    dag = workflow.dag()

    assert dag.params["symbols"] == ["BRK.B", "BF-B"]
    assert dag.params["debug_mode"] is True
    assert dag.params["policy"] == "quarantine"
    assert dag.get_task("extract_stock_data").retries == 5
