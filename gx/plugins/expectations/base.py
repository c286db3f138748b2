"""What the market expectations share: one sort per batch, one detector per expectation."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import pandas as pd
from great_expectations.compatibility import pydantic
from great_expectations.constants import MAX_RESULT_RECORDS
from great_expectations.execution_engine import ExecutionEngine, PandasExecutionEngine
from great_expectations.expectations.expectation import (
    BatchExpectation,
    MulticolumnMapExpectation,
    render_suite_parameter_string,
)
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.expectations.metrics.util import compute_unexpected_pandas_indices
from great_expectations.render import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import (
    RendererConfiguration,
    RendererValueType,
)
from great_expectations.validator.validator import ValidationDependencies

from gx.plugins.expectations.metrics import JUDGED, Detector, JudgedBars, ask_judgement

LOOKBACK_FAILING = "lookback_failing"
DOUBTING = ("critical", "warning")  # an info is no reason to doubt what was published


class BarExpectation(MulticolumnMapExpectation):
    """A question about each bar that a detector answers for all symbols at once.

    `column_list` names the columns in the order of `needs_columns`, so that a frame with other
    names can be checked. Every row is judged (`ignore_row_if` is "never"): what a NULL or NaN
    means is up to the detector. `result["details"]` holds `not_judged_symbols`, what the detector
    found that belongs to no row, and `lookback_failing`: positions in the lookback of its newest
    bars that fail, which count for nothing else.
    """

    ignore_row_if: Literal["never"] = "never"

    map_metric: ClassVar[str | None] = JUDGED
    needs_columns: ClassVar[tuple[str, ...]] = ()
    daily_only: ClassVar[bool] = False
    doubts: ClassVar[bool] = True  # do lookback bars that fail now cast doubt on what was published
    sentence: ClassVar[str] = ""
    detector: ClassVar[Detector]

    @classmethod
    def is_abstract(cls) -> bool:
        """Without a detector there is nothing to register."""
        return not hasattr(cls, "detector") or super().is_abstract()

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """Name the kwargs that the detector takes."""
        return tuple(key for key in cls.success_keys if key != "mostly")

    @pydantic.validator("column_list")
    def _one_column_each(cls, v: list[str]) -> list[str]:
        if len(v) != len(cls.needs_columns):
            raise ValueError(
                f"column_list names {len(v)} columns; give {len(cls.needs_columns)}, in this "
                f"order: {', '.join(cls.needs_columns)}"
            )
        return v

    def get_validation_dependencies(
        self,
        execution_engine: ExecutionEngine | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> ValidationDependencies:
        """Ask for the judgement alone: a map expectation's own metrics all follow from it."""
        dependencies = BatchExpectation.get_validation_dependencies(
            self, execution_engine, runtime_configuration
        )
        given = self._get_success_kwargs()
        dependencies.set_metric_configuration(
            JUDGED,
            ask_judgement(
                self.expectation_type,
                self.column_list,
                {name: given[name] for name in self.parameters()},
                given,
            ),
        )
        return dependencies

    def _get_domain_kwargs(self) -> dict[str, Any]:
        return self._given(self.domain_keys)

    def _get_success_kwargs(self) -> dict[str, Any]:
        return self._given((*self.success_keys, *self.domain_keys))

    def _get_runtime_kwargs(
        self, runtime_configuration: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        found = self._given((*self.runtime_keys, *self.success_keys, *self.domain_keys))
        asked = runtime_configuration or {}
        found |= {key: asked[key] for key in self.runtime_keys if key in asked}
        found["result_format"] = parse_result_format(found["result_format"])
        return found

    def _given(self, keys: Iterable[str]) -> dict[str, Any]:
        """The original builds the configuration once a key: a sixth of the cost of a small run."""
        given = self.configuration.kwargs
        return {key: given.get(key, self._get_default_value(key)) for key in keys}

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        found: JudgedBars = metrics[JUDGED]
        assert isinstance(execution_engine, PandasExecutionEngine)
        result_format = self._get_runtime_kwargs(runtime_configuration)["result_format"]
        outcome: dict[str, Any] = super()._validate(
            self._map_metrics(found, result_format, execution_engine),
            runtime_configuration,
            execution_engine,
        )
        if "result" in outcome:
            outcome["result"]["details"] = {
                "not_judged_symbols": found.judgement.not_judged_symbols,
                **found.judgement.details,
            }
            if found.judgement.fails:
                outcome["success"] = False
            if len(found.lookback) and self.doubting:
                outcome["result"]["details"][LOOKBACK_FAILING] = found.lookback.tolist()
        return outcome

    @property
    def doubting(self) -> bool:
        """Whether a bar of the lookback that fails now is told."""
        return self.doubts and self.severity in DOUBTING

    def _map_metrics(
        self,
        found: JudgedBars,
        result_format: dict[str, Any],
        execution_engine: PandasExecutionEngine,
    ) -> dict[str, Any]:
        """What Great Expectations would have asked of a map expectation, by its names."""
        rows, failing = len(found.frame), found.failing
        metrics = {
            "unexpected_count": len(failing),
            "filtered_row_count": rows,
            "unexpected_values": [],
            "unexpected_index_list": [],
            "unexpected_rows": failing,
        }
        if len(failing):
            metrics |= self._evidence(failing, result_format, execution_engine)
        return {
            "table.row_count": rows,
            **{f"{self.map_metric}.{name}": value for name, value in metrics.items()},
        }

    def _evidence(
        self,
        failing: pd.DataFrame,
        result_format: dict[str, Any],
        execution_engine: PandasExecutionEngine,
    ) -> dict[str, Any]:
        whole = result_format["result_format"] == "COMPLETE"
        shown = MAX_RESULT_RECORDS if whole else result_format["partial_unexpected_count"]
        asked = result_format.get("return_unexpected_index_query", whole)
        query = f"df.filter(items={list(failing.index)}, axis=0)" if asked else None
        return {
            "unexpected_values": failing[self.column_list].head(shown).to_dict("records"),
            "unexpected_index_list": compute_unexpected_pandas_indices(
                failing,
                self.column_list,
                result_format,
                execution_engine,
                {"table.columns": list(failing.columns)},
            ),
            "unexpected_index_query": query,
        }

    @classmethod
    def _prescriptive_template(
        cls, renderer_configuration: RendererConfiguration
    ) -> RendererConfiguration:
        given = renderer_configuration.kwargs
        for name in cls.parameters():
            renderer_configuration.add_param(
                name=name, param_type=RendererValueType.STRING, value=cls._shown(name, given)
            )
        renderer_configuration.template_str = cls.sentence
        return renderer_configuration

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls,
        configuration: ExpectationConfiguration | None = None,
        result: Any = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> list[RenderedStringTemplateContent]:
        if configuration is None:
            configuration = getattr(result, "expectation_config", None)
        given = configuration.kwargs if configuration is not None else {}
        params = {name: cls._shown(name, given) for name in cls.parameters()}
        template = {"template": cls.sentence, "params": params}
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template", string_template=template
            )
        ]

    @classmethod
    def _shown(cls, name: str, given: dict[str, Any]) -> str:
        value = given.get(name, cls.__fields__[name].default)
        return "today" if name == "as_of" and value is None else str(value)
