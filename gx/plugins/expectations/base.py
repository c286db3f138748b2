"""What the market expectations share: one sort per batch, one detector per expectation."""

from typing import Any, ClassVar, Literal

import pandas as pd
from great_expectations.compatibility import pydantic
from great_expectations.constants import MAX_RESULT_RECORDS
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.metrics.util import compute_unexpected_pandas_indices
from great_expectations.validator.metric_configuration import MetricConfiguration

from gx.engine.seam.expectation import OneMetricExpectation
from gx.plugins.expectations.metrics import DETECTED, Detector, DetectorResult, ask_judgement
from gx.plugins.expectations.tells import Teller

# As Great Expectations hands them about.
Kwargs = dict[str, Any]
LOOKBACK_FAILING = "lookback_failing"
DOUBTING = ("critical", "warning")  # an info is no reason to doubt what was published


class BarExpectation(OneMetricExpectation):
    """A question about each bar that a detector answers for all symbols at once.

    `column_list` names the columns in the order of `needs_columns`, so that a frame with other
    names can be checked. Every row is judged (`ignore_row_if` is "never"): what a NULL or NaN
    means is up to the detector. `result["details"]` holds `not_judged_symbols`, what the detector
    found that belongs to no row, and `lookback_failing`: positions in the lookback of its newest
    bars that fail, which count for nothing else.
    """

    ignore_row_if: Literal["never"] = "never"

    map_metric: ClassVar[str | None] = DETECTED
    needs_columns: ClassVar[tuple[str, ...]] = ()
    daily_only: ClassVar[bool] = False
    within_the_day_only: ClassVar[bool] = False
    doubts: ClassVar[bool] = True  # do lookback bars that fail now cast doubt on what was published
    sentence: ClassVar[str] = ""
    teller: ClassVar[Teller | None] = None  # what a flagged bar looks like, in its numbers
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
    def _one_column_each(cls, v: list[str]) -> list[str]:  # a class method
        if len(v) != len(cls.needs_columns):
            raise ValueError(
                f"column_list names {len(v)} columns; give {len(cls.needs_columns)}, in this "
                f"order: {', '.join(cls.needs_columns)}"
            )
        return v

    def one_metric(self, given: Kwargs) -> MetricConfiguration:
        """The judgement of the detector."""
        arguments = {name: given[name] for name in self.parameters()}
        return ask_judgement(self.expectation_type, self.column_list, arguments, given)

    def completed(self, found: DetectorResult, outcome: Kwargs) -> Kwargs:
        """The outcome, with what the detector found that is no row of the judged bars."""
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

    def map_metrics(
        self, found: DetectorResult, result_format: Kwargs, engine: PandasExecutionEngine
    ) -> Kwargs:
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
            metrics |= self._evidence(failing, result_format, engine)
        return {
            "table.row_count": rows,
            **{f"{self.map_metric}.{name}": value for name, value in metrics.items()},
        }

    def _evidence(
        self,
        failing: pd.DataFrame,
        result_format: Kwargs,
        execution_engine: PandasExecutionEngine,
    ) -> Kwargs:
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
    def sentence_template(cls, given: Kwargs) -> tuple[str, Kwargs]:
        """The sentence, and its parameters as text."""
        return cls.sentence, {name: cls._shown(name, given) for name in cls.parameters()}

    @classmethod
    def _shown(cls, name: str, given: Kwargs) -> str:
        value = given.get(name, cls.__fields__[name].default)
        return "today" if name == "as_of" and value is None else str(value)
