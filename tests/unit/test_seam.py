"""What gx/engine/seam relies on in Great Expectations: a change there fails here, by name."""

import hashlib
import inspect
import json
from collections.abc import Callable
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render.renderer.content_block.validation_results_table_content_block import (  # noqa: E501
    ValidationResultsTableContentBlockRenderer,
)
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.renderer_configuration import RendererConfiguration
from great_expectations.render.view.view import DefaultJinjaPageView
from great_expectations.validator.v1_validator import Validator as SuiteValidator
from great_expectations.validator.validator import Validator

from gx.docs.pages import OfflineView, SeverityTableRenderer, ValidationPageRenderer
from gx.engine.batches import FrameBatch, suite_of
from gx.engine.seam.validation import Answered, AskedFirst, result_of
from gx.plugins.expectations import MARKET_EXPECTATIONS
from gx.plugins.expectations.session_expectations import ExpectNoFutureBars

FUTURE: type[Any] = ExpectNoFutureBars  # mypy knows no default of its fields
FRAME = pd.DataFrame({"symbol": ["A", "A"], "x": [1.0, 2.0], "y": [0.0, 1.0]})
_SUBGRAPHS = "_generate_metric_dependency_subgraphs_for_each_expectation_configuration"
# The originals as they were read when the seam was written: the first letters of the digest of
# their source. One that changes has to be read again, then its digest is renewed here.
ORIGINALS: list[tuple[Any, str, str]] = [
    (Validator, _SUBGRAPHS, "3165fac4b81c"),
    (Validator, "_determine_progress_bars", "e2c322ba8190"),
    (Validator, "graph_validate", "179acad7dc6f"),
    (Validator, "process_expectations_for_validation", "234a5faac56d"),
    (SuiteValidator, "__init__", "775bb0a25277"),
    (Expectation, "metrics_validate", "425294baece9"),
    (Expectation, "_build_evr", "481ca4dbc6d5"),
    (Expectation, "_get_default_value", "e1e019551fb0"),
    (Expectation, "_get_domain_kwargs", "91ad2a0670ff"),
    (Expectation, "_get_success_kwargs", "fe376905e18b"),
    (Expectation, "_get_runtime_kwargs", "4196ca2a2cdb"),
    (Expectation, "_prescriptive_template", "f116a5ab892c"),
    (Expectation, "_prescriptive_renderer", "fa2a1f4cf9c6"),
    (ColumnMapExpectation, "_validate", "a6c95e4cd22c"),
    (ColumnMapExpectation, "get_validation_dependencies", "ae72a814b007"),
    (ColumnPairMapExpectation, "_validate", "c5770d9c6a45"),
    (MulticolumnMapExpectation, "_validate", "0c7824130a91"),
    (MulticolumnMapExpectation, "get_validation_dependencies", "faead3ef9e70"),
    (BatchExpectation, "get_validation_dependencies", "59a9af9fc84c"),
    (DefaultJinjaPageView, "_escape_template_param_value", "11272338d30a"),
    (DefaultJinjaPageView, "render_string_template", "35a1c2bc19f3"),
    (ValidationResultsTableContentBlockRenderer, "_get_content_block_fn", "bfe00ae384ce"),
    (ValidationResultsPageRenderer, "_render_validation_header", "f259f3e017e9"),
]


def digest_of(original: Callable[..., Any]) -> str:
    """Of its source: what a parser makes of it differs from one Python to the next."""
    return hashlib.sha256(inspect.getsource(original).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("owner", "name", "digest"), ORIGINALS, ids=[f"{o.__name__}.{n}" for o, n, _ in ORIGINALS]
)
def test_an_original_is_as_it_was_when_the_seam_was_written(owner, name, digest):
    original = inspect.unwrap(getattr(owner, name))
    assert digest_of(original) == digest, (
        f"Great Expectations changed {owner.__name__}.{name}: read it again, see that "
        "gx/engine/seam still says the same, and renew the digest"
    )


class _Fixed(AskedFirst):
    """Has an answer for every expectation about x."""

    def answered(
        self, configuration: ExpectationConfiguration, runtime_configuration: dict[str, Any]
    ) -> Answered | None:
        if configuration.kwargs.get("column") != "x":
            return None
        found = ExpectationValidationResult(
            success=True, result={"from": "here"}, expectation_config=configuration
        )
        return Answered(configuration, found)


def engine() -> PandasExecutionEngine:
    return PandasExecutionEngine(batch_data_dict={"frame": FRAME})


def test_what_is_answered_is_not_computed_and_stays_in_its_place():
    asked = [
        gxe.ExpectColumnValuesToNotBeNull(column=name) for name in ("y", "x", "gone", "x", "y")
    ]
    configurations = [one.configuration for one in asked]

    found = _Fixed(engine()).graph_validate(configurations, {"result_format": "BASIC"})

    # What fails before it is validated comes first, here as in the original.
    columns = [one.expectation_config.kwargs["column"] for one in found]
    assert columns == ["gone", "y", "x", "x", "y"]
    here = [one.result.get("from") == "here" for one in found]
    assert here == [False, False, True, True, False]
    assert [one.success for one in found] == [False, True, True, True, True]


def test_the_original_makes_a_graph_of_each_expectation_and_appends_it_to_what_is_validated():
    configuration = gxe.ExpectColumnValuesToNotBeNull(column="y").configuration
    processed: list[Any] = []

    graphs, results, returned = getattr(Validator(engine()), _SUBGRAPHS)(
        [configuration], processed, True, {"result_format": "BASIC"}
    )

    assert len(graphs) == 1 and not results
    assert returned is processed and processed == [configuration]


def test_progress_is_not_shown_without_a_context(capfd):
    assert Validator(engine())._determine_progress_bars() is True
    assert _Fixed(engine())._determine_progress_bars() is False
    asked = gxe.ExpectColumnMeanToBeBetween(column="y", min_value=0)
    FrameBatch(FRAME).validate(suite_of("one", [asked]))
    assert capfd.readouterr().err == ""


def test_a_result_of_metrics_is_the_one_that_the_original_makes_of_them():
    expectation = gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="x", column_B="y")
    form = parse_result_format("SUMMARY")
    (theirs,) = Validator(engine()).graph_validate(
        [expectation.configuration], {"result_format": "SUMMARY"}
    )
    named = f"{expectation.map_metric}.unexpected_"
    metrics = {
        "table.row_count": 2,
        f"{expectation.map_metric}.filtered_row_count": 2,
        f"{named}count": 0,
        f"{named}values": [],
        f"{named}index_list": [],
        f"{named}index_query": "df.filter(items=[], axis=0)",
    }

    ours = result_of(expectation, metrics, form, engine())

    assert ours.to_json_dict() == theirs.to_json_dict()


def test_a_checkpoint_asks_the_context_of_its_batch_for_the_validator():
    import great_expectations

    context = great_expectations.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("bars")
    definition = asset.add_batch_definition_whole_dataframe("all")
    asked: list[Any] = []
    context.get_validator = lambda **kwargs: asked.append(kwargs)  # type: ignore[assignment]

    made = SuiteValidator(definition, batch_parameters={"dataframe": FRAME})
    assert made._wrapped_validator is None

    assert [set(kwargs) for kwargs in asked] == [{"batch_request"}]


@pytest.mark.parametrize("kind", MARKET_EXPECTATIONS, ids=lambda kind: kind.__name__)
def test_kwargs_are_read_as_the_originals_read_them(kind):
    expectation, original = kind(mostly=0.5, batch_id="b"), MulticolumnMapExpectation
    asked = {"result_format": "COMPLETE"}

    assert expectation._get_domain_kwargs() == original._get_domain_kwargs(expectation)
    assert expectation._get_success_kwargs() == original._get_success_kwargs(expectation)
    for runtime in (None, asked):
        ours = expectation._get_runtime_kwargs(runtime)
        assert ours == original._get_runtime_kwargs(expectation, runtime)


def test_a_map_expectation_is_made_of_the_metrics_that_are_handed_to_it():
    expectation = FUTURE(mostly=0.4)
    named = expectation.map_metric
    metrics = {
        "table.row_count": 10,
        f"{named}.unexpected_count": 5,
        f"{named}.filtered_row_count": 8,
    }
    form = {"result_format": parse_result_format("BASIC")}

    found: Any = MulticolumnMapExpectation._validate(expectation, metrics, form, engine())

    assert not found["success"]  # 3 of 8 are as they should be
    assert found["result"]["element_count"] == 10
    assert found["result"]["missing_count"] == 2
    assert found["result"]["unexpected_count"] == 5


def test_both_renderers_tell_an_expectation_by_its_sentence():
    configuration = FUTURE(calendar="XLON").configuration
    blocks: Any = ExpectNoFutureBars._prescriptive_renderer(configuration=configuration)
    template = blocks[0].to_json_dict()["string_template"]
    assert template["template"] == ExpectNoFutureBars.sentence
    assert template["params"]["calendar"] == "XLON"

    told = ExpectNoFutureBars._prescriptive_template(
        RendererConfiguration(configuration=configuration)
    )
    assert told.template_str == ExpectNoFutureBars.sentence
    params = json.loads(told.params.json())
    assert params["calendar"]["value"] == "XLON"


def test_what_fills_a_sentence_is_escaped_by_the_method_that_is_overridden():
    class Shouting(OfflineView):
        @staticmethod
        def escaped(value: object) -> str:
            return str(value).upper()

    template = {"template": "at $place", "params": {"place": "home"}, "styling": {}}
    assert "at HOME" in Shouting().render_string_template(template)
    original = inspect.getattr_static(DefaultJinjaPageView, "_escape_template_param_value")
    assert isinstance(original, staticmethod)


def test_a_row_of_a_table_begins_with_its_status_and_the_heading_has_a_sentence():
    asked = gxe.ExpectColumnValuesToNotBeNull(column="x", severity=FailureSeverity.WARNING)
    result = FrameBatch(FRAME).validate(suite_of("one", [asked]))
    (found,) = result.results

    row_of = SeverityTableRenderer._get_content_block_fn(asked.expectation_type)
    ((status, *_),) = row_of(configuration=found.expectation_config, result=found)
    assert status.string_template["params"]["severity"] == "warning"

    original: Any = ValidationResultsPageRenderer._render_validation_header(result)
    assert set(original.subheader.string_template) >= {"template", "params"}
    ours = ValidationPageRenderer._render_validation_header(result).subheader.string_template
    assert ours["params"]["success"] == "all 1 checks"
