"""How an expectation over several columns reads its kwargs, judges, and is told in words."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    BatchExpectation,
    MulticolumnMapExpectation,
    render_suite_parameter_string,
)
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.render.components import (
    LegacyRendererType,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import (
    RendererConfiguration,
    RendererValueType,
)
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies


class OneMetricExpectation(MulticolumnMapExpectation):
    """A map expectation that asks one metric, of which all that it reports follows."""

    @classmethod
    @abstractmethod
    def sentence_template(cls, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """A sentence with $names, and what stands for them, of one with these kwargs."""

    @abstractmethod
    def one_metric(self, given: dict[str, Any]) -> MetricConfiguration:
        """The metric to ask, for these kwargs (of the domain and of success)."""

    @abstractmethod
    def map_metrics(
        self, found: Any, result_format: dict[str, Any], engine: PandasExecutionEngine
    ) -> dict[str, Any]:
        """What the metric `found` means for those of a map expectation, by their names."""

    @abstractmethod
    def completed(self, found: Any, outcome: dict[str, Any]) -> dict[str, Any]:
        """What a map expectation makes of its metrics, with what `found` has to say besides."""

    def get_validation_dependencies(
        self,
        execution_engine: ExecutionEngine | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> ValidationDependencies:
        """Ask for the one metric: a map expectation's own ones all follow from it."""
        dependencies = BatchExpectation.get_validation_dependencies(
            self, execution_engine, runtime_configuration
        )
        asked = self.one_metric(self._get_success_kwargs())
        dependencies.set_metric_configuration(asked.metric_name, asked)
        return dependencies

    # The originals build the configuration once a key: a sixth of the cost of a small run.
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
        given = self.configuration.kwargs
        return {key: given.get(key, self._get_default_value(key)) for key in keys}

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        assert isinstance(execution_engine, PandasExecutionEngine)
        (found,) = metrics.values()
        result_format = self._get_runtime_kwargs(runtime_configuration)["result_format"]
        outcome: dict[str, Any] = super()._validate(
            self.map_metrics(found, result_format, execution_engine),
            runtime_configuration,
            execution_engine,
        )
        return self.completed(found, outcome)

    @classmethod
    def _prescriptive_template(
        cls, renderer_configuration: RendererConfiguration
    ) -> RendererConfiguration:
        sentence, params = cls.sentence_template(renderer_configuration.kwargs)
        for name, value in params.items():
            renderer_configuration.add_param(
                name=name, param_type=RendererValueType.STRING, value=value
            )
        renderer_configuration.template_str = sentence
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
        sentence, params = cls.sentence_template(
            configuration.kwargs if configuration is not None else {}
        )
        template = {"template": sentence, "params": params}
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template", string_template=template
            )
        ]
