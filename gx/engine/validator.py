"""Great Expectations' validator, which answers from one pass over the columns what it can prove."""

import copy
from functools import cached_property
from typing import Any, Protocol

import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.data_context.abstract_data_context import (
    AbstractDataContext,
)
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.validator import Validator

from gx.engine.answers import answer
from gx.engine.columns import Columns
from gx.engine.memory import arrays_reused
from gx.engine.seam.validation import Answered, AskedFirst

JUDGED_APART = "judged_apart"  # in a frame's attrs


class JudgesApart(Protocol):
    """Who judges some expectations in another way than on all bars of a frame at once."""

    def answer(self, configuration: ExpectationConfiguration) -> ExpectationValidationResult | None:
        """The result of one of these; None of any other."""


class AnsweringValidator(AskedFirst):
    """Validates as its base does, metric by metric, only what `gx.engine.answers` leaves open.

    What a frame's `attrs` say is judged apart (JUDGED_APART) is asked there.
    """

    def graph_validate(
        self,
        configurations: list[ExpectationConfiguration],
        runtime_configuration: dict[str, Any] | None = None,
    ) -> list[ExpectationValidationResult]:
        """Each expectation's result, in the order of the original."""
        with arrays_reused(len(self._columns.frame)):
            return super().graph_validate(configurations, runtime_configuration)

    def answered(
        self, configuration: ExpectationConfiguration, runtime_configuration: dict[str, Any]
    ) -> Answered | None:
        """An expectation whose result follows from the columns at a glance, and the result."""
        engine = self.execution_engine
        if type(engine) is not PandasExecutionEngine:
            return None
        evaluated = copy.deepcopy(configuration)
        if self.active_batch_id:
            evaluated.kwargs.update({"batch_id": self.active_batch_id})
        apart: JudgesApart | None = self._columns.frame.attrs.get(JUDGED_APART)
        told = None if apart is None else apart.answer(evaluated)
        if told is not None:
            return Answered(evaluated, told)
        expectation = evaluated.to_domain_obj()
        found = answer(expectation, self._columns, runtime_configuration, engine, _all_meet)
        return None if found is None else Answered(evaluated, found)

    @cached_property
    def _columns(self) -> Columns:
        data: Any = self.active_batch_data or self.execution_engine.batch_manager.active_batch_data
        return Columns(data.dataframe)


def on_frame(frame: pd.DataFrame) -> AnsweringValidator:
    """A validator of a frame, without a context: nothing is configured, hashed or stored."""
    return AnsweringValidator(PandasExecutionEngine(batch_data_dict={"frame": frame}))


def answering(context: AbstractDataContext) -> AbstractDataContext:
    """The context, whose checkpoints validate by an AnsweringValidator."""
    original = context.get_validator

    def get_validator(**asked: Any) -> Validator:
        made = original(**asked)
        batches = list(made.batches.values())
        return AnsweringValidator(made.execution_engine, data_context=context, batches=batches)

    context.get_validator = get_validator  # type: ignore[assignment, method-assign]
    return context


def _all_meet(expectation: Expectation, values: pd.DataFrame) -> bool:
    """Whether every one of the values meets the expectation, as Great Expectations judges it."""
    asked = expectation.configuration
    asked.kwargs = {key: value for key, value in asked.kwargs.items() if key != "batch_id"}
    (found,) = on_frame(values).graph_validate([asked], {"result_format": "BASIC"})
    return bool(found.result.get("unexpected_count", 1) == 0)
