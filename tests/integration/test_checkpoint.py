"""The committed checkpoint, on frames with known faults."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gx.engine.context import project_context
from gx.errors import SuiteError
from gx.gate import checkpoint
from gx.suite.read import new_suite, read_suite

PROJECT = Path("gx")


@pytest.fixture
def bars():
    frame = pd.read_csv("sql/sample/stock_data.csv", parse_dates=["date"])
    frame["created_at"] = frame["date"] + pd.Timedelta(days=2)
    return frame.astype({"volume": "float64"})


@pytest.fixture
def project(tmp_path):
    """A copy of the committed project, to be broken."""
    copy = tmp_path / "gx"
    kept = ("expectations", "checkpoints", "validation_definitions")
    for folder in kept:
        shutil.copytree(PROJECT / folder, copy / folder)
    shutil.copy(PROJECT / "great_expectations.yml", copy)
    return copy


def judged(bars, tmp_path, **arguments):
    return checkpoint.run(bars, results=tmp_path / "results", as_of="2025-11-04", **arguments)


def test_every_entry_of_the_suite_has_an_outcome_in_its_order(bars, tmp_path):
    report = judged(bars, tmp_path)
    suite = read_suite(PROJECT / "expectations" / "stock_data.json")
    assert [o.type for o in report.outcomes] == [e.configuration.type for e in suite.expectations]
    assert {o.status for o in report.outcomes} == {"passed", "failed"}
    assert report.success


def test_a_run_writes_results_and_docs_and_never_the_project(bars, tmp_path, project):
    def contents():
        return {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}

    before = contents()
    judged(bars, tmp_path, project=project)
    assert contents() == before
    assert (tmp_path / "results" / "data_docs" / "index.html").is_file()
    assert list((tmp_path / "results" / "validations").rglob("*.json"))


def test_every_failing_row_is_found_and_told_by_symbol_and_date(bars, tmp_path):
    shuffled = bars.sample(frac=1, random_state=1).set_index("volume", drop=False)
    wanted = (shuffled["symbol"] == "NVDA") & (shuffled["date"] == pd.Timestamp("2025-10-09"))
    (row,) = np.flatnonzero(wanted)
    shuffled.loc[wanted.to_numpy(), "close"] = np.inf
    report = judged(shuffled, tmp_path)
    assert report.held == ("NVDA",)
    worst = report.failing.iloc[0]
    assert (worst["symbol"], str(worst["date"].date()), worst["row"]) == (
        "NVDA",
        "2025-10-09",
        row,
    )
    assert worst["severity"] == "critical"


def test_policies_decide_by_symbol(bars, tmp_path):
    bars.loc[bars["symbol"] == "TSLA", "low"] = -1.0
    report = judged(bars, tmp_path)
    assert not report.decide("fail").open
    quarantine = report.decide("quarantine")
    assert (quarantine.open, quarantine.held) == (True, ("TSLA",))
    bars["low"] = -1.0
    assert not judged(bars, tmp_path).decide("quarantine").open


def test_a_missing_column_closes_the_gate_under_both_policies(bars, tmp_path):
    report = judged(bars.drop(columns="close"), tmp_path)
    assert not report.decide("fail").open
    assert not report.decide("quarantine").open
    assert "missing: close" in " ".join(report.decide("quarantine").reasons)


def test_a_failing_bar_without_a_symbol_holds_nobody_and_closes_the_gate(bars, tmp_path):
    bars.loc[3, "symbol"] = None
    assert not judged(bars, tmp_path).decide("quarantine").open


def test_a_check_that_crashes_closes_the_gate_even_as_info(bars, tmp_path, project):
    path = project / "expectations" / "stock_data.json"
    suite = json.loads(path.read_text())
    suite["expectations"].append(
        {
            "type": "expect_column_pair_values_to_be_in_set",
            "kwargs": {
                "column_A": "symbol",
                "column_B": "close",
                "value_pairs_set": [["GONE", 1]],
                "row_condition": 'symbol == "GONE"',
                "condition_parser": "pandas",
            },
            "severity": "info",
            "description": "GONE closes at 1.",
        }
    )
    path.write_text(json.dumps(suite))
    report = judged(bars, tmp_path, project=project)
    assert [o.status for o in report.blocking] == ["error"]
    assert not report.decide("quarantine").open
    assert "GONE closes at 1." in report.decide("fail").reasons[0]


def test_what_great_expectations_finds_as_a_value_of_numpy_can_be_kept(bars, tmp_path, project):
    path = project / "expectations" / "stock_data.json"
    suite = json.loads(path.read_text())
    ranges = {"quantiles": [0.1, 0.9], "value_ranges": [[0, None], [None, 1e6]]}
    kwargs = {"column": "close", "quantile_ranges": ranges}
    quantiles = {"type": "expect_column_quantile_values_to_be_between", "kwargs": kwargs}
    path.write_text(json.dumps(suite | {"expectations": [*suite["expectations"], quantiles]}))
    report = judged(bars, tmp_path, project=project)
    assert report.outcomes[-1].status == "passed"
    (kept,) = tmp_path.rglob("validations/**/*.json")
    assert len(json.loads(kept.read_text())["results"]) == len(report.outcomes)


def test_a_failure_that_knows_no_rows_closes_the_gate(bars, tmp_path, project):
    path = project / "expectations" / "stock_data.json"
    suite = json.loads(path.read_text())
    suite["expectations"].append(
        {
            "type": "expect_column_distinct_values_to_be_in_set",
            "kwargs": {"column": "symbol", "value_set": ["TSLA"]},
            "severity": "critical",
        }
    )
    path.write_text(json.dumps(suite))
    for lookback in (None, bars[bars["date"] < "2025-10-10"]):
        report = judged(
            bars[bars["date"] >= "2025-10-10"], tmp_path, project=project, lookback=lookback
        )
        assert [o.status for o in report.blocking] == ["failed"]
        assert not report.decide("quarantine").open


def test_an_expectation_that_went_missing_closes_the_gate(bars, tmp_path, project, monkeypatch):
    strict = read_suite(project / "expectations" / "stock_data.json")
    monkeypatch.setattr(checkpoint, "read_suite", lambda path: strict)
    path = project / "expectations" / "stock_data.json"
    suite = json.loads(path.read_text())
    dropped = suite["expectations"].pop()
    path.write_text(json.dumps(suite))
    report = judged(bars, tmp_path, project=project)
    assert [(o.type, o.status) for o in report.blocking] == [(dropped["type"], "missing")]


def test_a_mistyped_expectation_stops_the_run_and_names_the_nearest(bars, tmp_path, project):
    path = project / "expectations" / "stock_data.json"
    path.write_text(path.read_text().replace("expect_no_unit_errors", "expect_no_unit_error"))
    with pytest.raises(SuiteError, match="did you mean 'expect_no_unit_errors'"):
        judged(bars, tmp_path, project=project)


def test_each_run_judges_its_own_bars_by_the_suite_as_it_is_then(bars, tmp_path, project):
    suite = project / "expectations" / "stock_data.json"
    assert judged(bars, tmp_path, project=project).success
    bars.loc[3, "high"] = 1.0
    assert not judged(bars, tmp_path, project=project).success
    document = json.loads(suite.read_text())
    critical = [e for e in document["expectations"] if e["severity"] != "critical"]
    suite.write_text(json.dumps({**document, "expectations": critical}))
    assert judged(bars, tmp_path, project=project).success
    assert judged(bars.head(20), tmp_path, project=project).rows == 20


def test_the_lookback_tells_what_is_ordinary_and_is_not_judged_itself(bars, tmp_path):
    tsla = bars[bars["symbol"] == "TSLA"].reset_index(drop=True)
    prices = ["open", "high", "low", "close"]
    tsla.loc[22, prices] *= 100
    tsla.loc[4, "high"] = 0.01
    today, before = tsla.iloc[22:], tsla.iloc[:22]
    alone = judged(today, tmp_path)
    assert alone.success
    known = judged(today, tmp_path, lookback=before)
    assert [o.type for o in known.blocking] == [
        "expect_no_unit_errors",
        "expect_no_gross_price_errors",
    ]
    assert known.rows == 1
    assert known.failing["row"].tolist() == [0]


def test_an_empty_frame_closes_the_gate(bars, tmp_path):
    report = judged(bars.iloc[:0], tmp_path)
    assert not report.success
    assert report.rows == 0


@pytest.mark.parametrize("given", [{}, {"id": "3f0d4a6e-2f0b-4a55-9a52-7f7b34f1f5b0"}])
def test_a_new_suite_has_a_checkpoint_that_runs_it(bars, tmp_path, project, given):
    kept = json.loads((project / "expectations" / "stock_data.json").read_text())
    fresh = {"name": "mine", **given, "expectations": kept["expectations"]}
    new_suite("mine", fresh, project / "expectations")

    report = judged(bars, tmp_path, project=project, suite="mine")
    assert (report.suite, len(report.outcomes)) == ("mine", len(kept["expectations"]))
    assert report.success


def test_a_checkpoint_that_is_there_stays_with_a_new_suite(project):
    kept = json.loads((project / "expectations" / "stock_data.json").read_text())
    theirs = project / "checkpoints" / "mine.json"
    theirs.write_text("theirs")
    new_suite("mine", {**kept, "name": "mine"}, project / "expectations")
    assert theirs.read_text() == "theirs"
    assert (project / "validation_definitions" / "mine.json").is_file()


def test_a_suite_beyond_any_project_is_written_alone(tmp_path):
    kept = json.loads((PROJECT / "expectations" / "stock_data.json").read_text())
    new_suite("mine", {**kept, "name": "mine"}, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine.json"]


def tables_of(suite):
    return [(one.meta or {}).get("exceptions") for one in suite.expectations]


def test_a_run_judges_exceptions_as_in_memory_and_tells_them_on_its_page(bars, tmp_path, project):
    path = project / "expectations" / "stock_data.json"
    document = json.loads(path.read_text())
    for entry in document["expectations"]:
        if entry["type"] == "expect_bar_prices_to_be_finite_and_positive":
            rows = [{"symbols": "TS*", "severity": "warning"}]
            entry["meta"] = {"exceptions": rows}
        if entry["type"] == "expect_column_values_to_not_be_null":
            entry["meta"] = {"exceptions": [{"symbols": "NVDA", "off": True}]}
    path.write_text(json.dumps(document))
    bars.loc[bars.index[bars["symbol"] == "TSLA"][:2], "low"] = -1.0
    bars.loc[bars.index[bars["symbol"] == "NVDA"][:2], "volume"] = np.nan

    report = judged(bars, tmp_path, project=project)

    suite = read_suite(path)
    whole = checkpoint.run_in_memory(bars, suite, as_of="2025-11-04")
    assert report.to_dict() == whole.to_dict()
    (prices,) = (o for o in report.failed if o.type.endswith("finite_and_positive"))
    assert (prices.severity, prices.own_severity, prices.symbols) == (
        "warning",
        "critical",
        ("TSLA",),
    )
    assert "expectations are off for NVDA." in report.sentence
    assert "For TS*: as warning." in report.page
    assert "For NVDA: not judged." in report.page
    context = project_context(tmp_path / "results", project)
    context.suites.get("stock_data").save()
    assert tables_of(read_suite(path)) == tables_of(suite)
