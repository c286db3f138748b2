"""Requirement: Symbols."""

import pytest

from dags.errors import RequestError
from dags.run.request import parse_request
from tests.spec.scenario import scenario
from tests.workflow import Database, Workflow


@scenario("Symbols", "Default symbols")
def test_default_symbols(workflow: Workflow, sample: Database):
    assert workflow.run().mlflow().params["symbols"] == "TSLA,NVDA"


@scenario("Symbols", "Symbols from the environment")
def test_symbols_from_the_environment(
    workflow: Workflow, sample: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STOCK_SYMBOLS", "NVDA")

    ended = workflow.run()

    assert ended.mlflow().params["symbols"] == "NVDA"
    assert sample.rows("select distinct symbol from stock_data_enriched") == [("NVDA",)]


@scenario("Symbols", "A symbol is malformed")
def test_a_symbol_is_malformed(workflow: Workflow, sample: Database):
    from airflow.exceptions import ParamValidationError

    for malformed in ("", " TSLA", "TSLA\n", "TS\u200bLA", "T" * 33):
        with pytest.raises(ParamValidationError):
            workflow.run(symbols=["NVDA", malformed])
        with pytest.raises(RequestError, match=r"symbol '.*' (is|has) .*\. A symbol is 1 to 32"):
            parse_request({"symbols": ["NVDA", malformed]})
    assert sample.one("select count(*) from stock_data_enriched") == 0
