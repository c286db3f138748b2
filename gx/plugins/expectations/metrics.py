"""The two metrics of the market expectations: the sorted bars, and a detector's judgement on them.

Only these see the lookback; of what a detector flags, the judged rows alone are the result.

Great Expectations' own way to a map expectation asks eight metrics per expectation, each with
metrics of its own: for eighteen expectations that is two thirds of a small run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.validator.metric_configuration import MetricConfiguration

from gx.plugins.expectations.errors import MissingColumnError
from gx.plugins.expectations.kernels.bars import Bars, Ints, Judgement, SortedFrame
from gx.plugins.expectations.lookback import SortedBars, sort_bars

Detector = Callable[..., Judgement]
SORTED, DETECTED = "bars.sorted", "bars.judged"
CONDITION = ("row_condition", "condition_parser")
DOMAIN_OF_THE_FRAME = ("batch_id", "table", *CONDITION)


@dataclass(frozen=True)
class DetectorResult:
    """A batch's rows in their own order, and what a detector found in them.

    `lookback` are the positions of the newest bars of the lookback that it flagged as well.
    """

    frame: pd.DataFrame
    judgement: Judgement
    lookback: Ints

    @property
    def failing(self) -> pd.DataFrame:
        """The rows that the detector flagged."""
        return self.frame[self.judgement.flags]


class SortedBarsMetric(TableMetricProvider):
    """The batch and its lookback sorted together, once for every expectation of a run."""

    metric_name = SORTED
    value_keys = ("symbol", "date")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, object],
        metric_value_kwargs: dict[str, Any],
        **_: object,
    ) -> SortedBars:
        frame, _, _ = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        symbol, date = metric_value_kwargs["symbol"], metric_value_kwargs["date"]
        _require(frame, (symbol, date))
        condition = {key: metric_domain_kwargs.get(key) for key in CONDITION}
        return sort_bars(frame, symbol, date, **condition)


class DetectorMetric(TableMetricProvider):
    """What an expectation's detector finds in the sorted bars."""

    metric_name = DETECTED
    value_keys = ("expectation", "column_list", "arguments")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls, metric_value_kwargs: dict[str, Any], metrics: dict[str, Any], **_: object
    ) -> DetectorResult:
        bars, columns = metrics[SORTED], metric_value_kwargs["column_list"]
        _require(bars.frame, columns)
        kind: Any = get_expectation_impl(metric_value_kwargs["expectation"])
        named = bars_named(bars.table, kind.needs_columns, columns)
        found = kind.detector(named, **metric_value_kwargs["arguments"])
        lookback = bars.doubted(np.flatnonzero(found.flags))
        own = replace(found, flags=found.flags[: len(bars.frame)])
        return DetectorResult(bars.frame, own, lookback)

    @classmethod
    def _get_evaluation_dependencies(
        cls,
        metric: MetricConfiguration,
        configuration: ExpectationConfiguration | None = None,
        execution_engine: ExecutionEngine | None = None,
        runtime_configuration: dict[str, object] | None = None,
    ) -> dict[str, MetricConfiguration]:
        symbol, date = metric.metric_value_kwargs["column_list"][:2]
        return {
            SORTED: MetricConfiguration(
                metric_name=SORTED,
                metric_domain_kwargs=metric.metric_domain_kwargs,
                metric_value_kwargs={"symbol": symbol, "date": date},
            )
        }


def ask_judgement(
    expectation: str,
    column_list: Sequence[str],
    arguments: Mapping[str, object],
    domain: Mapping[str, object],
) -> MetricConfiguration:
    """Ask for the judgement of an expectation's detector.

    `column_list` begins with the columns of the symbol and the date; `arguments` are what the
    detector takes besides the bars.
    """
    return MetricConfiguration(
        metric_name=DETECTED,
        metric_domain_kwargs={key: domain.get(key) for key in DOMAIN_OF_THE_FRAME},
        metric_value_kwargs={
            "expectation": expectation,
            "column_list": list(column_list),
            "arguments": dict(arguments),
        },
    )


def bars_named(table: SortedFrame, needs: Sequence[str], columns: Sequence[str]) -> Bars:
    """The bars, with these columns in place of those that an expectation needs.

    Both begin with the columns of the symbol and the date, which the table is sorted by.
    """
    return Bars(table, **dict(zip(needs[2:], columns[2:], strict=True)))


def _require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in frame.columns:
            raise MissingColumnError(f"The bars have no column {column!r}.")
