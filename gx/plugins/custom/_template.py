"""Three expectations to start from; copy this file under a name without `_` and change it.

One judges the values of a column, one several columns of a row, one the frame as a whole. The names
of classes become types (ExpectColumnValuesToBeOnTick: expect_column_values_to_be_on_tick); the
names of metrics must be new as well.
"""

from typing import Any, ClassVar

import pandas as pd
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (  # noqa: E501
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (  # noqa: E501
    MulticolumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class ColumnValuesOnTick(ColumnMapMetricProvider):
    """Which values are whole multiples of the tick."""

    condition_metric_name = "column_values.on_tick"
    condition_value_keys = ("tick",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, tick: float, **_: Any) -> pd.Series:
        ticks = column / tick
        return (ticks - ticks.round()).abs() < 1e-6


class ExpectColumnValuesToBeOnTick(ColumnMapExpectation):
    """Expect each value to be a whole multiple of the tick."""

    tick: float = 0.01

    map_metric = "column_values.on_tick"
    success_keys = ("tick", "mostly")
    # A value is judged by itself, so each partition of a large run may judge its own rows.
    row_by_row: ClassVar[bool] = True


class MulticolumnRangeWithin(MulticolumnMapMetricProvider):
    """In which rows the first column exceeds the second by no more than a share of it."""

    condition_metric_name = "multicolumn_values.range_within"
    condition_value_keys = ("share",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_list: pd.DataFrame, share: float, **_: Any) -> pd.Series:
        high, low = column_list.iloc[:, 0], column_list.iloc[:, 1]
        return high <= low * (1 + share)


class ExpectRangeToBeWithin(MulticolumnMapExpectation):
    """Expect the first column (high) to exceed the second (low) by at most a share of it."""

    column_list: list[str] = ["high", "low"]  # noqa: RUF012  pydantic copies it
    share: float = 0.5

    map_metric = "multicolumn_values.range_within"
    success_keys = ("share", "mostly")
    row_by_row: ClassVar[bool] = True


class TableSymbolCount(TableMetricProvider):
    """How many symbols the bars have."""

    metric_name = "table.symbol_count"

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls, execution_engine: PandasExecutionEngine, metric_domain_kwargs: dict[str, Any], **_: Any
    ) -> int:
        bars, _, _ = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        return int(bars["symbol"].nunique())


class ExpectSymbolCountToBeAtLeast(BatchExpectation):
    """Expect the bars to have at least so many symbols."""

    least: int = 1

    metric_dependencies = ("table.symbol_count",)
    success_keys = ("least",)
    # Of a run in partitions these columns are read from all of them; without it all columns are.
    needs_columns: ClassVar[tuple[str, ...]] = ("symbol",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict[str, Any]:
        found = metrics["table.symbol_count"]
        return {"success": found >= self.least, "result": {"observed_value": found}}
