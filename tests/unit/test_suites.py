import json
import shutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gx.errors import SuiteError
from gx.gate import checkpoint
from gx.project import PROJECT, SUITES
from gx.suite.named import suite_path
from gx.suite.read import new_suite, parse_suite, read_suite, with_kwargs

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
        pytest.param(
            lambda suite: suite.update(name="a"), "its name is 'a', but", id="wrong_name_before"
        ),
        pytest.param(lambda suite: suite.update(id="7"), "its id '7' is no UUID", id="bad_id"),
        pytest.param(_entry(id="7"), "its id '7' is no UUID; leave it out", id="bad_entry_id"),
        pytest.param(_entry(meta=[]), "its meta must be an object", id="meta_of_an_entry"),
        pytest.param(_entry(description=5), "description must be a text", id="description"),
        pytest.param(lambda suite: suite.update(meta=None), "meta must be an object", id="meta"),
        pytest.param(lambda suite: suite.update(suite_parameters=[1]), "must be an object", id="y"),
        pytest.param(
            lambda suite: suite["expectations"][0].pop("kwargs"),
            "kwargs must be an object",
            id="no_kwargs",
        ),
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


def test_all_faults_of_a_suite_are_told_at_once():
    broken = document() | {"name": "other", "id": "7", "nots": ""}
    broken["expectations"] += [
        {**NOT_NULL, "type": "expect_colum_to_exist", "severity": "critcal", "severty": 1},
        {**NOT_NULL, "kwargs": {"colum": "close", "mostly": 2}},
        {**NOT_NULL, "type": "expect_column_mean_to_be_between", "kwargs": {"column": "symbol"}},
        NOT_NULL,
        {**NOT_NULL, "kwargs": {"column": "close", "mostly": {"$PARAMETER": "share"}}},
    ]

    with pytest.raises(SuiteError) as caught:
        parse(broken)

    told = str(caught.value).splitlines()
    assert told[0] == "bars.json: 12 faults"
    not_null = "(expect_column_values_to_not_be_null)"
    for line, said in zip(
        told[1:],
        [
            "  unknown key 'nots'; did you mean 'notes'?",
            "  its name is 'other', but the file's is 'bars'",
            "  its id '7' is no UUID",
            "  entry 2: unknown key 'severty'; did you mean 'severity'?",
            "  entry 2: unknown expectation 'expect_colum_to_exist'; did you mean 'expect_co",
            "  entry 2: severity is 'critcal'; it must be one of critical, warning, info; did you",
            f"  entry 3 {not_null}: kwarg 'column': field required",
            f"  entry 3 {not_null}: kwarg 'mostly'",
            f"  entry 3 {not_null}: kwarg 'colum' is unknown; did you mean 'column'?",
            "  entry 4 (expect_column_mean_to_be_between): it cannot run on bars, where symbol",
            f"  entry 5 {not_null}: repeats entry 1; remove one of them",
            f"  entry 6 {not_null}: kwarg 'mostly' asks for the parameter 'share', which no run",
        ],
        strict=True,
    ):
        assert line.startswith(said)
    assert [(fault.entry, fault.field) for fault in caught.value.faults][3:6] == [
        (2, "severty"),
        (2, "type"),
        (2, "severity"),
    ]


def test_an_entry_without_a_severity_is_critical():
    suite = document()
    del suite["expectations"][0]["severity"]
    (expectation,) = parse(suite).expectations
    assert expectation.severity == "critical"


def test_windows_of_gx_cloud_are_refused():
    window = {"constraint_fn": "mean", "parameter_name": "x", "range": 5, "strict": False,
              "offset": {"positive": 0.1, "negative": 0.1}}  # fmt: skip
    broken = document()
    broken["expectations"][0]["kwargs"]["windows"] = [window]
    with pytest.raises(SuiteError, match="windows ask GX Cloud for bounds"):
        parse(broken)


def test_two_entries_with_one_id_are_refused():
    broken = document()
    broken["expectations"][0]["id"] = ID
    broken["expectations"].append({**NOT_NULL, "kwargs": {"column": "open"}, "id": ID})
    with pytest.raises(SuiteError, match=r"entry 2 .*: has the id of entry 1"):
        parse(broken)


@pytest.mark.parametrize(
    "change",
    [
        {"expectation_suite_name": "bars"},
        {"ge_cloud_id": None},
        {"data_asset_type": "Dataset"},
        {"expectations": [{"expectation_type": "expect_column_to_exist", "kwargs": {}}]},
    ],
    ids=str,
)
def test_a_suite_of_0_x_is_recognised(change: dict[str, Any]):
    with pytest.raises(SuiteError, match=r"gate convert bars\.json NEW"):
        parse(document() | change)


BETWEEN = "expect_column_values_to_be_between"
UNIQUE = "expect_compound_columns_to_be_unique"


@pytest.mark.parametrize(
    ("entry", "field", "message"),
    [
        pytest.param(
            "close", None, "must be an object with type, kwargs and severity", id="no_object"
        ),
        pytest.param(
            NOT_NULL | {"severty": 1}, "severty", "'severty'; did you mean 'severity'?", id="key"
        ),
        pytest.param(NOT_NULL | {"type": "x"}, "type", "unknown expectation 'x'", id="type"),
        pytest.param(
            NOT_NULL | {"severity": "bad"},
            "severity",
            "(expect_column_values_to_not_be_null): severity is 'bad'; it must be one of critical, "
            "warning, info",
            id="severity",
        ),
        pytest.param(NOT_NULL | {"kwargs": []}, "kwargs", "kwargs must be an object", id="kwargs"),
        pytest.param(
            NOT_NULL | {"kwargs": {"column": "close", "meta": {}}, "meta": {}},
            None,
            "got multiple values for keyword argument 'meta'",
            id="meta_twice",
        ),
        pytest.param(
            NOT_NULL | {"type": BETWEEN},
            None,
            f"({BETWEEN}): min_value and max_value cannot both be None",
            id="no_bounds",
        ),
        pytest.param(
            NOT_NULL | {"kwargs": {"colum": "close"}},
            "column",
            "kwarg 'column': field required",
            id="two_faults",
        ),
        pytest.param(
            {"type": UNIQUE, "severity": "info", "kwargs": {"column_list": [{}, "close", {}]}},
            "column_list",
            f"({UNIQUE}): kwarg 'column_list': str type expected",
            id="fault_within",
        ),
        pytest.param(
            {"type": BETWEEN, "kwargs": {"column": "close", "min_value": {"$PARAMETER": "floor"}}},
            "min_value",
            "kwarg 'min_value' asks for the parameter 'floor', which no run gives; there is as_of, "
            "ended, first_date, last_date, symbols",
            id="parameter",
        ),
    ],
)
def test_a_refused_entry_is_named_with_what_is_wrong_in_it(
    entry: object, field: str | None, message: str
):
    first = NOT_NULL | {"kwargs": {"column": "open"}}
    broken = document() | {"expectations": [first, entry]}

    with pytest.raises(SuiteError) as raised:
        parse(broken)

    assert (raised.value.entry, raised.value.field) == (2, field)
    told = str(raised.value.faults[0])
    assert told.startswith("bars.json, entry 2")
    assert told.endswith(message)


def test_the_head_of_a_suite_names_the_field_but_no_entry():
    with pytest.raises(SuiteError) as raised:
        parse(document() | {"nme": "bars"})

    assert (raised.value.entry, raised.value.field) == (None, "nme")


def test_a_repeated_entry_is_named_by_its_number():
    second = NOT_NULL | {"kwargs": {"column": "open"}}
    broken = document() | {"expectations": [NOT_NULL, second, second]}

    with pytest.raises(SuiteError, match="repeats entry 2; remove one") as raised:
        parse(broken)

    assert (raised.value.entry, raised.value.field) == (3, None)


@pytest.mark.parametrize("meta", [{}, {"ended": None}, {"ended": {}}])
def test_a_suite_may_name_no_symbol_that_has_ended(meta: object):
    assert parse(document() | {"meta": meta}).ended == {}


def test_symbols_that_have_ended_are_read_with_their_last_dates():
    ended = {"TWTR": "2022-10-27", "FB": "2022-06-08"}

    assert parse(document() | {"meta": {"ended": ended}}).ended == ended
    with pytest.raises(SuiteError, match=r"meta\.ended must give the last date of each"):
        parse(document() | {"meta": {"ended": ["TWTR"]}})
    for day in ("soon", None, 7):
        with pytest.raises(SuiteError, match=r"meta\.ended: 'FB' ended on .*, which is no date"):
            parse(document() | {"meta": {"ended": ended | {"FB": day}}})


def test_kwargs_are_set_where_a_market_expectation_has_them():
    suite = read_suite(SUITES / "stock_data.json")

    changed = with_kwargs(suite, calendar="XTKS", no_such_kwarg=1)

    asked = [hasattr(e, "calendar") for e in suite.expectations]
    assert True in asked and False in asked
    assert [getattr(e, "calendar", None) == "XTKS" for e in changed.expectations] == asked
    assert (changed.sha256, changed.text) == (suite.sha256, suite.text)
    with pytest.raises(SuiteError, match="kwarg 'calendar': str type expected"):
        with_kwargs(suite, calendar={})
    with pytest.raises(FrozenInstanceError):
        suite.name = "other"  # type: ignore[misc]  # frozen


def test_a_new_suite_is_written_in_a_stable_form_under_a_free_name(tmp_path: Path):
    fresh = document() | {"notes": "Ä"}

    path = new_suite("bars", fresh, tmp_path)

    assert path == tmp_path / "bars.json"
    assert path.read_bytes() == (json.dumps(fresh, indent=2, ensure_ascii=False).encode() + b"\n")
    assert read_suite(path).name == "bars"
    with pytest.raises(SuiteError, match="there is a suite 'bars' already; choose a new name"):
        new_suite("bars", fresh, tmp_path)
    for name in ("", "Bars", "a.b", "x" * 65):
        with pytest.raises(SuiteError, match="must be 1 to 64 of a-z, 0-9 and _"):
            new_suite(name, fresh | {"name": name}, tmp_path)
    with pytest.raises(SuiteError, match="its name is 'bars', but the file's is 'other'"):
        new_suite("other", fresh, tmp_path)
    assert [*tmp_path.glob("*.json")] == [path]


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
    with pytest.raises(SuiteError, match=r"no suite 'xyz'; there is stock_data$"):
        suite_path("xyz")
    assert suite_path("stock_data") == SUITES / "stock_data.json"


def test_a_file_that_is_not_there_is_refused_by_its_path(tmp_path: Path):
    with pytest.raises(SuiteError, match=r"a\.json: there is no such suite file"):
        read_suite(tmp_path / "a.json")


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
    shutil.copytree(PROJECT, project)
    path = project / "expectations" / "stock_data.json"
    broken = json.loads(path.read_text())
    change(broken)
    path.write_text(json.dumps(broken))

    with pytest.raises(SuiteError):
        checkpoint.run(bars, results=tmp_path / "results", project=project)

    assert not (tmp_path / "results").exists()


def test_a_run_writes_nothing_into_the_project(tmp_path: Path):
    project = tmp_path / "gx"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
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
