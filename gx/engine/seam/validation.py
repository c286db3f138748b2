"""How a validator goes from expectations to results."""

from abc import abstractmethod
from typing import Any

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.validator import Validator

# Graphs of metrics, results of what has none, and what is to be validated, in order.
Subgraphs = tuple[list[Any], list[ExpectationValidationResult], list[ExpectationConfiguration]]


class AskedFirst(Validator):
    """A validator that asks `answered` before it computes metrics, and shows no progress."""

    @abstractmethod
    def answered(
        self, configuration: ExpectationConfiguration, runtime_configuration: dict[str, Any]
    ) -> "Answered | None":
        """An expectation with its result; None to have its metrics computed."""

    def _determine_progress_bars(self) -> bool:
        return False

    def _generate_metric_dependency_subgraphs_for_each_expectation_configuration(
        self,
        expectation_configurations: list[ExpectationConfiguration],
        processed_configurations: list[ExpectationConfiguration],
        catch_exceptions: bool,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> Subgraphs:
        """Keep what is answered in its place among the others: results are in this order."""
        original = super()._generate_metric_dependency_subgraphs_for_each_expectation_configuration
        graphs: list[Any] = []
        results: list[ExpectationValidationResult] = []
        for configuration in expectation_configurations:
            answered = self.answered(configuration, runtime_configuration or {})
            if answered is not None:
                processed_configurations.append(answered)
                continue
            asked = original(
                [configuration], processed_configurations, catch_exceptions, runtime_configuration
            )
            graphs += asked[0]
            results += asked[1]
        return graphs, results, processed_configurations


class Answered(ExpectationConfiguration):
    """An expectation that has its result, where a validator expects one that has its metrics.

    A validator makes an expectation of it (`to_domain_obj`) and asks that one `metrics_validate`.
    """

    def __init__(
        self, configuration: ExpectationConfiguration, result: ExpectationValidationResult
    ) -> None:
        """Copy the configuration."""
        super().__init__(
            type=configuration.type,
            kwargs=configuration.kwargs,
            meta=configuration.meta,
            notes=configuration.notes,
            description=configuration.description,
            severity=configuration.severity,
            id=configuration.id,
        )
        self._result = result

    def to_domain_obj(self) -> Any:
        """Itself: it is asked for its result alone."""
        return self

    def metrics_validate(self, **_: Any) -> ExpectationValidationResult:
        """The result."""
        return self._result


def result_of(
    expectation: Expectation,
    metrics: dict[str, Any],
    result_format: dict[str, Any],
    engine: PandasExecutionEngine,
) -> ExpectationValidationResult:
    """What an expectation makes of its metrics, by their names; not for BOOLEAN_ONLY."""
    found = expectation._validate(metrics, {"result_format": result_format}, engine)
    return expectation._build_evr(raw_response=found)
