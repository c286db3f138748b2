"""The catalogue: every expectation with a form that makes valid kwargs."""

import json
import re
import uuid
from typing import Any

import pytest

from gx.editing.catalogue import CatalogueEntry, catalogue, filled
from gx.errors import SuiteError
from gx.plugins.expectations import MARKET_EXPECTATIONS
from gx.project import SUITES
from gx.suite.entries.read import known_types
from gx.suite.read import parse_suite

ENTRIES = {entry.type: entry for entry in catalogue()}
USABLE = [entry for entry in catalogue() if not entry.unsupported]
COMMITTED = json.loads((SUITES / "stock_data.json").read_text())["expectations"]


def build(type_: str, kwargs: dict[str, Any]) -> None:
    entry = {"type": type_, "kwargs": kwargs, "severity": "info"}
    document = {"name": "s", "id": str(uuid.uuid4()), "expectations": [entry]}
    parse_suite(json.dumps(document).encode(), where="s", name="s")


def test_every_expectation_is_in_the_catalogue():
    assert sorted(ENTRIES) == known_types()
    assert {e.expectation_type for e in MARKET_EXPECTATIONS} == {
        e.type for e in catalogue() if e.market
    }


@pytest.mark.parametrize("entry", USABLE, ids=lambda entry: entry.type)
def test_the_filled_form_builds_a_valid_expectation(entry: CatalogueEntry):
    build(entry.type, filled(entry))


@pytest.mark.parametrize("entry", USABLE, ids=lambda entry: entry.type)
def test_each_default_and_example_alone_is_valid(entry: CatalogueEntry):
    needed = {f.name: f.example for f in entry.fields if f.required}
    if "between" in entry.type:
        needed |= {f.name: f.example for f in entry.fields if f.name == "min_value"}
    if entry.type == "expect_column_kl_divergence_to_be_less_than":
        needed |= {f.name: f.example for f in entry.fields if f.kind == "json"}
    for field in entry.fields:
        value = field.example if field.default is None else field.default
        if value is not None:
            build(entry.type, {**needed, field.name: value})


@pytest.mark.parametrize("entry", USABLE, ids=lambda entry: entry.type)
def test_bounds_that_the_form_shows_are_those_of_the_expectation(entry: CatalogueEntry):
    for field in entry.fields:
        beyond = {
            "minimum": field.minimum is not None and field.minimum - 1,
            "maximum": field.maximum is not None and field.maximum + 1,
            "above": field.above,
            "below": field.below,
        }
        for bound, value in beyond.items():
            if getattr(field, bound) is not None:
                with pytest.raises(SuiteError) as caught:
                    build(entry.type, {**filled(entry), field.name: value})
                assert caught.value.field == field.name


@pytest.mark.parametrize("entry", COMMITTED, ids=lambda entry: entry["type"])
def test_the_form_has_a_field_for_every_kwarg_of_the_committed_suite(entry):
    fields = {field.name for field in ENTRIES[entry["type"]].fields}
    # A kwarg that leaves no choice has no field; the form hands it through.
    assert set(entry["kwargs"]) - fields <= {"ignore_row_if"}


def test_columns_are_offered_and_what_a_suite_may_not_set_is_hidden():
    between = {f.name: f for f in ENTRIES["expect_column_values_to_be_between"].fields}
    assert between["column"].kind == "column" and between["column"].required
    assert between["min_value"].kind == "bound"
    mostly = between["mostly"]
    assert mostly.advanced and (mostly.minimum, mostly.maximum) == (0, 1)
    hidden = {"batch_id", "meta", "windows", "result_format", "catch_exceptions", "metadata"}
    assert not hidden & {field.name for entry in catalogue() for field in entry.fields}


def test_a_choice_offers_what_the_expectation_accepts():
    outliers = {f.name: f for f in ENTRIES["expect_column_values_to_not_be_outliers"].fields}
    assert outliers["method"].kind == "choice"
    assert outliers["method"].choices == ("iqr", "std")


def test_the_days_own_value_is_offered_where_a_run_gives_one():
    fields = {f.name: f for f in ENTRIES["expect_no_future_bars"].fields}
    assert fields["as_of"].parameter
    build("expect_no_future_bars", {"as_of": {"$PARAMETER": "as_of"}})


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.type)
def test_every_entry_says_what_it_is(entry: CatalogueEntry):
    assert entry.summary.endswith(".") and "\n" not in entry.summary
    assert entry.definition.startswith(entry.summary[:20])
    assert entry.title and entry.topic
    assert "](" not in entry.definition


def test_what_needs_a_database_is_marked():
    assert ENTRIES["unexpected_rows_expectation"].unsupported
    assert ENTRIES["expect_query_results_to_match_comparison"].unsupported
    assert not ENTRIES["expect_column_values_to_match_regex"].unsupported


MARKET = [entry for entry in catalogue() if entry.market]
ALIKE = {"column_list", "mostly", "row_condition", "condition_parser"}


@pytest.mark.parametrize("entry", MARKET, ids=lambda entry: entry.type)
def test_every_parameter_of_a_market_expectation_is_told_in_a_sentence(entry: CatalogueEntry):
    for field in entry.fields:
        assert re.fullmatch(r"[A-Z].{20,250}\.", field.help), (field.name, field.help)
        assert not re.search(r"\b(kwarg|None|median absolute|log)\b", field.help), field.help


UNITS = {"factor", "minutes"}  # what they are, and no measure of how much is reported


@pytest.mark.parametrize("entry", MARKET, ids=lambda entry: entry.type)
def test_a_number_says_which_way_it_reports_more(entry: CatalogueEntry):
    numbers = [f for f in entry.fields if f.kind in ("number", "integer") and f.name not in ALIKE]
    for field in numbers:
        way = re.search(r"(higher|lower|longer) \w+", field.help)
        assert way or (entry.type == "expect_no_unit_errors" or field.name in UNITS), field.help


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.type)
def test_a_row_condition_has_a_help_text_wherever_it_may_stand(entry: CatalogueEntry):
    for field in (field for field in entry.fields if field.name == "row_condition"):
        assert "A condition that fits no bar checks nothing." in field.help
