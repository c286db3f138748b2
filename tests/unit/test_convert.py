"""Suites of Great Expectations 0.x, turned into suites that are read."""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gx.__main__ as command
from gx.editing.convert import Converted, convert
from gx.errors import SuiteError
from gx.gate.checkpoint import run_in_memory
from gx.suite.read import Suite, parse_suite, read_suite

NOT_NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
MAXIMUM = "expect_column_max_to_be_between"
UNIQUE = "expect_multicolumn_values_to_be_unique"
GREATER = "expect_column_pair_values_A_to_be_greater_than_B"


def entry(type_: str, meta: dict[str, Any] | None = None, **kwargs: Any) -> dict[str, Any]:
    return {"expectation_type": type_, "kwargs": kwargs, "meta": meta or {}, "ge_cloud_id": None}


def old(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A suite as 0.18 writes it."""
    return {
        "expectation_suite_name": "warning.prices",
        "ge_cloud_id": None,
        "data_asset_type": None,
        "meta": {"great_expectations_version": "0.18.21"},
        "expectations": list(entries),
        **more,
    }


def converted(*entries: dict[str, Any], **more: Any) -> tuple[Converted, Suite]:
    found = convert(old(*entries, **more), "prices", "old.json")
    return found, parse_suite(json.dumps(found.document).encode(), where="prices", name="prices")


def carried(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The only entry of the new suite, of which nothing was lost."""
    found, _ = converted(*entries, **more)
    assert found.whole
    (only,) = found.document["expectations"]
    return only


def test_notes_descriptions_and_ids_are_carried_over():
    of_markdown = {"notes": {"format": "markdown", "content": ["one", "two"]}, "owner": "desk"}
    number = "76a87551-932f-4848-b6c9-b48f9b328b11"
    only = carried(
        {
            **entry(NOT_NULL, of_markdown, column="close", mostly=None),
            "ge_cloud_id": number,
            "expectation_context": {"description": "Every bar has a close."},
        }
    )
    assert only == {
        "type": NOT_NULL,
        "kwargs": {"column": "close"},
        "severity": "critical",
        "description": "Every bar has a close.",
        "notes": ["one", "two"],
        "meta": {"owner": "desk"},
        "id": number,
    }
    meta = {"notes": "why", "great_expectations_version": "0.15.2", "citations": [1]}
    found, _ = converted(entry(NOT_NULL, column="close"), meta=meta)
    assert found.document["notes"] == "why"
    assert found.document["meta"] == {"citations": [1], "converted_from_version": "0.15.2"}


def test_dates_are_compared_as_dates_without_being_told():
    bounds: dict[str, Any] = {"min_value": "10/06/2025", "max_value": "2025-11-04"}
    found, suite = converted(
        entry(BETWEEN, column="date", parse_strings_as_datetimes=True, **bounds)
    )
    assert found.whole
    assert [remark.text.partition(": ")[2] for remark in found.remarks] == [
        "parse_strings_as_datetimes is not needed: the column holds dates",
        "'10/06/2025' is read as 2025-10-06, as 0.x did",
    ]
    bars = pd.read_csv("sql/sample/stock_data.csv", parse_dates=["date"])
    (outcome,) = run_in_memory(bars, suite).outcomes
    assert outcome.unexpected_count == 2


@pytest.mark.parametrize(
    ("parser", "condition", "kept"),
    [
        (
            "great_expectations__experimental__",
            'col("symbol") == "TSLA"',
            {"column": {"name": "symbol"}, "operator": "==", "parameter": "TSLA",
             "type": "comparison"},
        ),
        (
            "pandas",
            'symbol == "TSLA"',
            {"pass_through_filter": 'symbol == "TSLA"', "type": "pass_through"},
        ),
    ],
)  # fmt: skip
def test_conditions_are_written_as_1_x_writes_them(parser, condition, kept):
    only = carried(
        entry(NOT_NULL, column="close", row_condition=condition, condition_parser=parser)
    )
    assert only["kwargs"] == {"column": "close", "row_condition": kept}


def test_parameters_become_those_of_the_suite():
    found, suite = converted(
        entry(MAXIMUM, column="close", max_value={"$PARAMETER": "roof", "$PARAMETER.roof": 9}),
        entry(MAXIMUM, column="open", max_value={"$PARAMETER": "floor * 2"}),
        evaluation_parameters={"floor": 2},
    )
    assert found.whole
    assert suite.parameters == {"floor": 2, "roof": 9}


def test_what_has_another_name_now_is_carried_over():
    pair: dict[str, Any] = {"column_A": "high", "column_B": "low", "ignore_row_if": "never"}
    found, _ = converted(entry(UNIQUE, column_list=["open", "close"]), entry(GREATER, **pair))
    assert found.whole
    assert [e["type"] for e in found.document["expectations"]] == [
        "expect_select_column_values_to_be_unique_within_record",
        "expect_column_pair_values_a_to_be_greater_than_b",
    ]
    assert found.document["expectations"][1]["kwargs"]["ignore_row_if"] == "neither"


URN = "urn:great_expectations:validations:prices:expect_table_row_count_to_equal.result"
LOST = [
    (entry("expect_column_chisquare_test_p_value_to_be_greater_than", column="close"),
     "left out: 1.x has no such expectation"),
    (entry("expect_my_own", column="close"), "left out: 1.x has no such expectation"),
    (entry(NOT_NULL, column="open", colum="open"), "left out: kwarg 'colum' is unknown; did you"),
    (entry(NOT_NULL, column="open", result_format="COMPLETE"), "kwarg result_format = 'COMPLETE'"),
    (entry(NOT_NULL, column="open", catch_exceptions=True), "kwarg catch_exceptions = True"),
    (entry(MAXIMUM, column="open", max_value=5, auto=True), "kwarg auto = True: nothing here"),
    (entry(BETWEEN, column="open", min_value=0, output_strftime_format="%Y"), "output_strftime"),
    (entry(IN_SET, column="symbol", value_set=["A"], parse_strings_as_datetimes=True),
     "kwarg parse_strings_as_datetimes: 1.x reads no texts as dates"),
    (entry(BETWEEN, column="symbol", min_value=1), "left out: it cannot run on bars, where symbol"),
    (entry(MAXIMUM, column="open", max_value={"$PARAMETER": "roof"}),
     "left out: kwarg 'max_value' asks for the parameter 'roof', which no run gives"),
    (entry(MAXIMUM, column="open", max_value={"$PARAMETER": URN}), "a result of another run"),
    (entry(NOT_NULL, column="open", row_condition="a", condition_parser="spark"),
     "left out: its row_condition is for 'spark'"),
    (entry(NOT_NULL, column="close"), "left out: repeats entry 1"),
    ({**entry(NOT_NULL, column="open"), "surprise": 1}, "its 'surprise': 1.x has no such key"),
    ("nothing", "is no expectation"),
]  # fmt: skip


@pytest.mark.parametrize(("lost", "said"), LOST, ids=[said for _, said in LOST])
def test_what_is_not_carried_over_is_named(lost, said):
    found, suite = converted(entry(NOT_NULL, column="close"), lost)
    assert not found.whole
    (remark,) = [remark for remark in found.remarks if remark.lost]
    assert remark.text.startswith("entry 2")
    assert said in remark.text
    assert len(suite.expectations) == (1 if "left out" in said or "is no" in said
                                       or "another run" in said else 2)  # fmt: skip


def with_(**more: Any) -> dict[str, Any]:
    return {**entry(NOT_NULL, column="open"), **more}


NUMBER, OTHER = "76a87551-932f-4848-b6c9-b48f9b328b11", "86a87551-932f-4848-b6c9-b48f9b328b11"
# What is beside the kwargs, the only entry's own keys that it becomes, and what is not carried.
BESIDE = [
    (with_(meta={"notes": {"format": "markdown", "content": {"a": 1}}}), {}, ["its notes"]),
    (with_(meta={"notes": 5}), {}, ["its notes 5"]),
    (with_(meta={"notes": ["a", 1]}), {}, ["its notes"]),
    (with_(meta={"notes": {"content": "a", "by": "ann"}}), {}, ["its notes"]),
    (with_(notes="n"), {"notes": "n"}, []),
    (with_(notes="n", meta={"notes": "m"}), {"notes": "m"}, ["its notes 'n'"]),
    (with_(notes="n", meta={"notes": ["n"], "by": "ann"}),
     {"notes": ["n"], "meta": {"by": "ann"}}, ["its notes 'n'"]),
    (with_(meta="text"), {}, ["its meta = 'text'"]),
    (with_(meta=["a"]), {}, ["its meta = ['a']"]),
    (with_(ge_cloud_id="nope"), {}, ["its id 'nope'"]),
    (with_(ge_cloud_id=NUMBER, id=NUMBER), {"id": NUMBER}, []),
    (with_(ge_cloud_id=NUMBER, id=OTHER), {"id": NUMBER}, [f"its id '{OTHER}'"]),
    (with_(ge_cloud_id="nope", id=OTHER), {"id": OTHER}, ["its id 'nope'"]),
    (with_(expectation_context={"description": "d", "more": 1}),
     {"description": "d"}, ["its expectation_context"]),
    (with_(expectation_context={"description": "d", "more": None}), {"description": "d"}, []),
    (with_(expectation_context="text"), {}, ["its expectation_context = 'text'"]),
    (with_(description=5), {}, ["its description 5"]),
    (with_(description="a", expectation_context={"description": "b"}),
     {"description": "a"}, ["its description 'b'"]),
    (with_(success_on_last_run=False), {}, ["its 'success_on_last_run'"]),
    (with_(rendered_content=[{"a": 1}], surprise=0), {},
     ["its 'rendered_content'", "its 'surprise'"]),
    (with_(rendered_content=None, success_on_last_run=None, severity=None), {}, []),
    (with_(severity="info"), {"severity": "info"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("given", "kept", "lost"), BESIDE, ids=lambda value: str(value)[:70])
def test_what_stands_beside_the_kwargs_is_carried_over_or_named(given, kept, lost):
    found, _ = converted(given)
    (only,) = found.document["expectations"]
    plain = {"type": NOT_NULL, "kwargs": {"column": "open"}, "severity": "critical", "meta": {}}
    assert only == plain | kept
    said = [remark.text.partition("): ")[2] for remark in found.remarks if remark.lost]
    assert [text[: len(part)] for text, part in zip(said, lost, strict=True)] == lost


KWARGS = [
    (BETWEEN, {"min_value": 1}, {"parse_strings_as_datetimes": False}, "is not needed"),
    (BETWEEN, {"min_value": 1}, {"allow_cross_type_comparisons": False}, "no such kwarg"),
    (BETWEEN, {"min_value": 1}, {"profiler_config": {"a": 1}}, "nothing here finds bounds"),
    (NOT_NULL, {}, {"include_config": False}, "a run decides"),
    (NOT_NULL, {}, {"catch_exceptions": False}, "a run decides"),
    (NOT_NULL, {}, {"result_format": {"result_format": "SUMMARY"}}, "a run decides"),
    (NOT_NULL, {}, {"batch_id": "abc"}, "a run decides"),
    (NOT_NULL, {}, {"condition_parser": "pandas"}, "is not needed"),
    (NOT_NULL, {}, {"catch_exceptions": None, "mostly": None, "row_condition": None}, ""),
]


@pytest.mark.parametrize(("type_", "kept", "dropped", "said"), KWARGS)
def test_a_kwarg_that_1_x_has_not_is_named_unless_it_says_nothing(type_, kept, dropped, said):
    found, _ = converted(entry(type_, column="open", **kept, **dropped))
    assert [e["kwargs"] for e in found.document["expectations"]] == [{"column": "open", **kept}]
    told = [remark.text for remark in found.remarks]
    assert [(next(iter(dropped)) in text, said in text) for text in told] == (
        [(True, True)] if said else []
    )


@pytest.mark.parametrize(
    ("more", "kept", "lost"),
    [
        ({"data_asset_type": "Dataset"}, {}, "its 'data_asset_type'"),
        ({"execution_engine_type": "SparkDFExecutionEngine"}, {}, "its 'execution_engine_type'"),
        ({"ge_cloud_id": "nope"}, {}, "its id 'nope'"),
        ({"ge_cloud_id": NUMBER}, {"id": NUMBER}, ""),
        ({"meta": "text"}, {}, "its meta = 'text'"),
        ({"meta": {"notes": 3}}, {}, "its notes 3"),
        ({"notes": "top"}, {"notes": "top"}, ""),
        ({"evaluation_parameters": [1]}, {}, "its evaluation_parameters = [1]"),
    ],
)
def test_what_the_old_suite_says_of_itself_is_carried_over_or_named(more, kept, lost):
    found, suite = converted(entry(NOT_NULL, column="close"), **more)
    assert found.document.items() >= kept.items()
    assert suite.id == found.document["id"]
    told = [remark.text for remark in found.remarks]
    assert [text.startswith(f"the suite: {lost}") for text in told] == ([True] if lost else [])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (old(), "holds no expectation"),
        (old(entry("expect_my_own")), "none of its entries can be carried over"),
        ({"name": "new", "expectations": []}, "is no suite of Great Expectations 0.x"),
    ],
)
def test_a_suite_of_which_nothing_is_left_is_refused(document, said):
    with pytest.raises(SuiteError, match=said):
        convert(document, "prices", "old.json")


@pytest.fixture
def converts(monkeypatch, tmp_path, capsys):
    def run(document: Any, new: str = "new.json") -> tuple[int, str]:
        path = tmp_path / "old.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        monkeypatch.setattr(sys, "argv", ["gx", "convert", str(path), str(tmp_path / new)])
        status = command.main()
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def test_the_command_says_how_much_was_carried_over_by_its_status(converts, tmp_path: Path):
    whole = old(entry(NOT_NULL, column="close"))
    status, said = converts(whole, "whole.json")
    assert (status, read_suite(tmp_path / "whole.json").name) == (0, "whole")
    assert "1 of 1 entries" in said

    part = old(entry(NOT_NULL, column="close"), entry("expect_my_own"))
    status, said = converts(part, "part.json")
    assert (status, len(read_suite(tmp_path / "part.json").expectations)) == (3, 1)
    assert "not carried over  entry 2 (expect_my_own): left out" in said

    before = (tmp_path / "part.json").read_bytes()
    for document, new, reason in (
        (whole, "part.json", "there is a suite 'part' already"),
        (whole, "No-Name.json", "must be 1 to 64 of a-z"),
        (whole, "new.txt.d/x.yaml", "ends in .json"),
        ("{", "new.json", "is no JSON"),
        ([1], "new.json", "is no suite"),
        (old(entry("expect_my_own")), "new.json", "none of its entries"),
    ):
        status, said = converts(document, new)
        assert (status, reason in said) == (2, True)
    assert (tmp_path / "part.json").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.json", "part.json", "whole.json"]
