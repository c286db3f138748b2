"""What the market expectations share: one sort per batch, one detector per expectation."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import pandas as pd
from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import ExecutionEngine, PandasExecutionEngine
from great_expectations.expectations.expectation import (
    MulticolumnMapExpectation,
    render_suite_parameter_string,
)
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.expectations.metrics.map_metric_provider import (
    MulticolumnMapMetricProvider,
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.render import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import (
    RendererConfiguration,
    RendererValueType,
)
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from gx.plugins.expectations.kernels.bars import Bars, Judgement, SortedFrame

Detector = Callable[..., Judgement]
SORTED_BARS = "bars.sorted"
DOMAIN_OF_THE_FRAME = ("batch_id", "table", "row_condition", "condition_parser")


class BarsSorted(TableMetricProvider):
    """The batch sorted by symbol and time, computed once for every expectation of a run."""

    metric_name = SORTED_BARS
    value_keys = ("symbol", "date")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> SortedFrame:
        frame, _, _ = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        return SortedFrame(frame, metric_value_kwargs["symbol"], metric_value_kwargs["date"])


class BarCondition(MulticolumnMapMetricProvider):
    """A map metric whose condition is a detector's judgement on the sorted bars."""

    @classmethod
    def _get_evaluation_dependencies(
        cls,
        metric: MetricConfiguration,
        configuration: ExpectationConfiguration | None = None,
        execution_engine: ExecutionEngine | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[str, MetricConfiguration]:
        dependencies: dict[str, MetricConfiguration] = super()._get_evaluation_dependencies(
            metric, configuration, execution_engine, runtime_configuration
        )
        if metric.metric_name.endswith(".condition"):
            dependencies[SORTED_BARS] = _sorted_bars(metric.metric_domain_kwargs)
        return dependencies


class BarExpectation(MulticolumnMapExpectation):
    """A question about each bar that a detector answers for all symbols at once.

    `column_list` names the columns in the order of `needs_columns`, so that a frame with other
    names can be checked. Every row is judged (`ignore_row_if` is "never"): what a NULL or NaN
    means is up to the detector. `result["details"]` holds `not_judged_symbols` and what the
    detector found that belongs to no row.
    """

    ignore_row_if: Literal["never"] = "never"

    needs_columns: ClassVar[tuple[str, ...]] = ()
    daily_only: ClassVar[bool] = False
    sentence: ClassVar[str] = ""
    detector: ClassVar[Detector]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give each expectation the metric that GX looks up by `map_metric`."""
        super().__init_subclass__(**kwargs)
        if cls.map_metric:
            _provide_condition(cls.map_metric, cls.parameters(), cls.needs_columns, cls.detector)

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
        """Ask for the sorted bars too, which hold the judgement's details."""
        dependencies = super().get_validation_dependencies(execution_engine, runtime_configuration)
        dependencies.set_metric_configuration(
            SORTED_BARS, _sorted_bars(self._metric_kwargs()["metric_domain_kwargs"])
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

    def _metric_kwargs(self) -> dict[str, Any]:
        return get_metric_kwargs(
            f"{self.map_metric}.unexpected_count", configuration=self.configuration
        )

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        outcome: dict[str, Any] = super()._validate(
            metrics, runtime_configuration, execution_engine
        )
        arguments = self._metric_kwargs()["metric_value_kwargs"]
        roles = dict(zip(self.needs_columns, self.column_list, strict=True))
        judgement = _judge(metrics[SORTED_BARS], type(self).detector, roles, arguments)
        if "result" in outcome:
            outcome["result"]["details"] = {
                "not_judged_symbols": judgement.not_judged_symbols,
                **judgement.details,
            }
        return outcome

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


def _sorted_bars(domain: dict[str, Any]) -> MetricConfiguration:
    symbol, date = domain["column_list"][:2]
    return MetricConfiguration(
        metric_name=SORTED_BARS,
        metric_domain_kwargs={key: domain.get(key) for key in DOMAIN_OF_THE_FRAME},
        metric_value_kwargs={"symbol": symbol, "date": date},
    )


def _judge(
    table: SortedFrame, detector: Detector, roles: dict[str, str], arguments: dict[str, Any]
) -> Judgement:
    named = {role: name for role, name in roles.items() if role not in ("symbol", "date")}
    key = (detector, repr(sorted(named.items())), repr(sorted(arguments.items())))
    return table.memo(key, lambda: detector(Bars(table, **named), **arguments))


def _provide_condition(
    metric: str, keys: tuple[str, ...], needs: tuple[str, ...], detector: Detector
) -> None:
    class Condition(BarCondition):
        condition_metric_name = metric
        condition_value_keys = keys

        @multicolumn_condition_partial(engine=PandasExecutionEngine)
        def _pandas(
            cls,
            columns: pd.DataFrame,
            *,
            _metrics: dict[str, Any],
            **arguments: Any,
        ) -> "pd.Series[bool]":
            roles = dict(zip(needs, columns.columns, strict=True))
            judgement = _judge(_metrics[SORTED_BARS], detector, roles, arguments)
            return pd.Series(~judgement.flags, index=columns.index)
