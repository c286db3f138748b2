"""What a person can get wrong when asking for a run, and what a table can lack."""

from typing import Any

import pytest

from tests.workflow import Database, Ended, Workflow


@pytest.mark.parametrize(
    "conf",
    [
        pytest.param({"symbols": [" TSLA"]}, id="padded"),
        pytest.param({"symbols": ["TSLA\n"]}, id="line_end"),
        pytest.param({"symbols": [""]}, id="empty"),
        pytest.param({"symbols": ["A" * 33]}, id="too_long"),
        pytest.param({"more_symbols": "IBM,"}, id="empty_in_a_list"),
        pytest.param({"start_date": "2025-02-30"}, id="no_date"),
        pytest.param({"end_date": "yesterday"}, id="no_date_at_all"),
        pytest.param({"policy": "hope"}, id="unknown_policy"),
    ],
)
def test_the_trigger_form_refuses(workflow: Workflow, sample: Database, conf: dict[str, Any]):
    from airflow.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        workflow.run(**conf)
    assert sample.one("select count(*) from stock_data") == 46


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        pytest.param(
            {"start_date": "2025-11-04", "end_date": "2025-10-05"},
            "RequestError: end date 2025-10-05 is before start date 2025-11-04",
            id="end_before_start",
        ),
        pytest.param(
            {"symbols": []},
            "RequestError: no symbol was given; name at least one (1 to 32 characters, none of "
            "them invisible, without spaces around it)",
            id="none",
        ),
        pytest.param(
            {"symbol": ["TSLA"]},
            "RequestError: unknown parameter 'symbol'; did you mean 'symbols'?",
            id="unknown_parameter",
        ),
        pytest.param(
            {"symbols": ["TSLA"], "suite": "stok_data"},
            "RequestError: there is no suite 'stok_data'; did you mean 'stock_data'?",
            id="unknown_suite",
        ),
        pytest.param(
            {"symbols": ["TSLA\U000e0041"]},
            "RequestError: symbol 'TSLA\\U000e0041' has a character that nobody sees (U+E0041). A "
            "symbol is 1 to 32 characters, none of them invisible, without spaces around it",
            id="what_the_form_lets_through",
        ),
        pytest.param(
            {"symbols": ["'; drop table stock_data; --"]},
            "NoBarsError: stock_data has no bar of '; drop table stock_data; -- from the first to "
            "the last. It holds "
            "NVDA: 23 bars, 2025-10-05 to 2025-11-04; TSLA: 23 bars, 2025-10-05 to 2025-11-04.",
            id="sql",
        ),
        pytest.param(
            {"symbols": ["NOPE"]},
            "NoBarsError: stock_data has no bar of NOPE from the first to the last. It holds "
            "NVDA: 23 bars, 2025-10-05 to 2025-11-04; TSLA: 23 bars, 2025-10-05 to 2025-11-04.",
            id="no_rows_for_any_symbol",
        ),
    ],
)
def test_the_run_refuses_without_a_retry_and_is_tracked(
    workflow: Workflow, sample: Database, conf: dict[str, Any], message: str
):
    ended = workflow.run(**conf)

    _failed_at_once(ended)
    assert ended.mlflow().tags["error"] == message
    # What the list of runs and the run's page show.
    short = ended.json("summary.json")
    assert short["verdict"] == f"Nothing published, not judged: {message}"
    assert (short["state"], short["trigger"]) == ("no_verdict", "manual")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("drop table stock_data", "there is no table stock_data in database"),
        ("alter table stock_data drop column close", "stock_data has no column close, only id"),
        ("alter table stock_data rename volume to vol", "stock_data has no column volume, only"),
        (
            "drop table stock_data_enriched; create view stock_data_enriched as select 1 as one",
            "stock_data_enriched is a view, and bars are written to it: rename it",
        ),
    ],
)
def test_a_table_that_is_not_as_needed_fails_at_once(
    workflow: Workflow, sample: Database, command: str, message: str
):
    sample.execute(command)

    ended = workflow.run()

    _failed_at_once(ended)
    assert ended.mlflow().tags["error"].startswith(f"PreflightError: {message}")


def test_the_gate_s_own_tables_are_made_in_a_database_of_bars_alone(
    workflow: Workflow, sample: Database
):
    own = ("enriched", "quarantine", "publications", "evidence")
    sample.execute(*(f"drop table stock_data_{name}" for name in own))

    ended = workflow.run()

    assert ended.state == "success"
    assert sample.one("select count(*) from stock_data_enriched") == 46


def test_a_view_of_bars_is_read_like_a_table(workflow: Workflow, sample: Database):
    sample.execute(
        "alter table stock_data rename to prices",
        "create view stock_data as select symbol, date, open, high, low, close, volume from prices",
    )

    ended = workflow.run()

    assert ended.state == "success"
    assert sample.one("select count(*) from stock_data_enriched") == 46


def _failed_at_once(ended: Ended) -> None:
    assert ended.state == "failed"
    assert (ended.tasks["extract_stock_data"], ended.tries["extract_stock_data"]) == ("failed", 1)
    assert ended.tasks["publish_data"] == "upstream_failed"
    assert ended.mlflow().status == "FAILED"
    assert ended.mlflow().params["validation_status"] == "not_run"
