"""Each file of tests/data has one defect: the suite finds that, there, and nothing else."""

import json
from pathlib import Path

import pandas as pd
import pytest

from gx.gate.checkpoint import run_in_memory
from gx.project import SUITES
from gx.suite.read import Suite, read_suite

DATA = Path(__file__).parents[2] / "data"
NOT_KNOWN = {"expect_last_bar_to_be_complete": "the files do not say when a bar was written"}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read_suite(SUITES / "stock_data.json")


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("*.csv")))
def test_the_defect_is_found_where_it_is_and_nothing_else(name: str, suite: Suite):
    bars = pd.read_csv(DATA / f"{name}.csv", parse_dates=["date"]).astype({"volume": "float64"})
    expected = json.loads((DATA / f"{name}.json").read_text())["failing"]

    report = run_in_memory(bars, suite, as_of="2024-03-06", skipped=NOT_KNOWN)

    found: dict[str, list[list[str]]] = {}
    for outcome in report.failed:
        assert outcome.status == "failed", outcome
        if outcome.severity != "info":
            rows = bars.iloc[outcome.rows]
            found[outcome.name] = [
                [symbol, f"{date:%Y-%m-%d}"]
                for symbol, date in zip(rows["symbol"], rows["date"], strict=True)
            ]
    assert found == expected
