import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gx import checkpoint
from gx.errors import SuiteError
from gx.suites import SUITES, parse_suite, read_suite, suite_path

ID = "76a87551-932f-4848-b6c9-b48f9b328b11"
NOT_NULL = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "close"},
    "severity": "critical",
    "description": "Every bar has a close.",
}
Change = Callable[[dict[str, Any]], object]


def document() -> dict[str, Any]:
    entry = json.loads(json.dumps(NOT_NULL))
    return {"name": "bars", "id": ID, "meta": {}, "notes": None, "expectations": [entry]}


def parse(raw: bytes | dict[str, Any]) -> Any:
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return parse_suite(raw, where="bars.json", name="bars")


def test_every_entry_of_the_committed_suite_becomes_an_expectation():
    for path in SUITES.glob("*.json"):
        entries = json.loads(path.read_text())["expectations"]
        suite = read_suite(path)
        assert [e.configuration.type for e in suite.expectations] == [e["type"] for e in entries]
        assert all(e.description for e in suite.expectations)


def _entry(**changes: Any) -> Change:
    return lambda suite: suite["expectations"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            _entry(type="expect_column_values_to_not_be_nul"),
            "bars.json, entry 1: unknown expectation 'expect_column_values_to_not_be_nul'; did you "
            "mean 'expect_column_values_to_not_be_null'?",
            id="mistyped_expectation",
        ),
        pytest.param(_entry(type=None), "entry 1: unknown expectation None", id="no_type"),
        pytest.param(
            _entry(kwargs={"colum": "close"}),
            "kwarg 'colum' is unknown; did you mean 'column'?",
            id="mistyped_kwarg",
        ),
        pytest.param(_entry(kwargs={}), "kwarg 'column': field required", id="missing_kwarg"),
        pytest.param(
            _entry(kwargs={"column": "close", "mostly": 2}), "kwarg 'mostly'", id="bad_kwarg"
        ),
        pytest.param(_entry(kwargs=["close"]), "kwargs must be an object", id="kwargs_no_object"),
        pytest.param(
            _entry(severity="critcal"),
            "severity is 'critcal'; it must be one of critical, warning, info; did you mean "
            "'critical'?",
            id="mistyped_severity",
        ),
        pytest.param(_entry(severity=None), "severity is None", id="no_severity"),
        pytest.param(
            _entry(severty="info"), "unknown key 'severty'; did you mean 'severity'?", id="key"
        ),
        pytest.param(
            lambda suite: suite["expectations"].append(NOT_NULL),
            "bars.json, entry 2 (expect_column_values_to_not_be_null): repeats entry 1",
            id="duplicate_entry",
        ),
        pytest.param(
            lambda suite: suite["expectations"].append("close"),
            "entry 2: must be an object",
            id="x",
        ),
        pytest.param(
            lambda suite: suite["expectations"].clear(), "holds no expectation", id="empty"
        ),
        pytest.param(
            lambda suite: suite.pop("expectations"), "holds no expectation", id="no_expectations"
        ),
        pytest.param(
            lambda suite: suite.update(name="other"),
            "bars.json: its name is 'other', but the file's is 'bars'",
            id="wrong_name",
        ),
        pytest.param(lambda suite: suite.update(id="7"), "its id '7' is no UUID", id="bad_id"),
        pytest.param(lambda suite: suite.pop("id"), "its id None is no UUID", id="no_id"),
        pytest.param(
            lambda suite: suite.update(expectation=[]),
            "unknown key 'expectation'; did you mean 'expectations'?",
            id="unknown_key",
        ),
    ],
)
def test_a_suite_that_cannot_be_trusted_is_refused(change: Change, message: str):
    broken = document()
    change(broken)

    with pytest.raises(SuiteError) as raised:
        parse(broken)

    assert str(raised.value).startswith("bars.json")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b'{"name": "bars",}', "is no JSON (line 1, column 17", id="no_json"),
        pytest.param(b"", "is no JSON (line 1, column 1", id="nothing"),
        pytest.param(b"[]", "must be a JSON object", id="no_object"),
        pytest.param(b"\xef\xbb\xbf{}", "starts with a byte-order mark", id="bom"),
        pytest.param(b'{"name": "\xff"}', "is not UTF-8 (byte 10)", id="latin_1"),
    ],
)
def test_a_file_that_is_no_suite_is_refused(raw: bytes, message: str):
    with pytest.raises(SuiteError) as raised:
        parse(raw)

    assert message in str(raised.value)


def test_a_suite_that_is_not_there_is_refused_with_the_nearest_name():
    with pytest.raises(SuiteError, match="no suite 'stock_dta'; did you mean 'stock_data'"):
        suite_path("stock_dta")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_entry(type="expect_nothing_at_all"), id="mistyped"),
        pytest.param(lambda suite: suite["expectations"].clear(), id="empty"),
    ],
)
def test_the_checkpoint_does_not_run_a_suite_that_great_expectations_would_pass(
    change: Change, tmp_path: Path
):
    project, bars = tmp_path / "gx", pd.DataFrame({"symbol": ["A"], "close": [-1.0]})
    shutil.copytree(checkpoint.PROJECT, project)
    path = project / "expectations" / "stock_data.json"
    broken = json.loads(path.read_text())
    change(broken)
    path.write_text(json.dumps(broken))

    with pytest.raises(SuiteError):
        checkpoint.run(bars, results=tmp_path / "results", project=project)

    assert not (tmp_path / "results").exists()


def test_a_run_writes_nothing_into_the_project(tmp_path: Path):
    project = tmp_path / "gx"
    shutil.copytree(checkpoint.PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
    before = _contents(project)

    report = checkpoint.run(
        pd.DataFrame({"symbol": ["A"], "close": [-1.0]}),
        results=tmp_path / "results",
        project=project,
    )

    assert not report.success
    assert _contents(project) == before
    assert any((tmp_path / "results").rglob("*.json"))


def test_a_missing_column_closes_the_gate_under_both_policies(tmp_path: Path):
    bars = pd.DataFrame({"symbol": ["A"], "date": [pd.Timestamp("2025-10-06")], "close": [1.0]})

    report = checkpoint.run(bars, results=tmp_path / "results")

    assert not report.success
    assert not report.decide("fail").open
    assert not report.decide("quarantine").open


def _contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
