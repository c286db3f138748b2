"""What an expectation asks of a column's numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_STATISTICS: Mapping[str, Callable[..., Any]] = {
    "min": np.min,
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
}
_OF_VALUES = "expect_column_values_to_be_between"
_Z_SCORES = "expect_column_value_z_scores_to_be_less_than"


@dataclass(frozen=True)
class ColumnBounds:
    """What an expectation says of a column's numbers."""

    low: float | None
    high: float | None
    statistic: str = ""  # the bounds are for this one, and not for each value

    def of_values(self) -> "ColumnBounds":
        """The bounds that each value has to keep."""
        each = self.statistic in ("", "min", "max")
        return self if each else ColumnBounds(None, None, self.statistic)

    def exclude(self, value: float) -> bool:
        """Is this value outside?"""
        below = self.low is not None and value < self.low
        return below or (self.high is not None and value > self.high)

    def found(self, values: Numbers) -> float:
        """The statistic of ``values``."""
        return float(_STATISTICS[self.statistic](values))


def bounds_of(type_: str, kwargs: Mapping[str, object], values: Numbers) -> ColumnBounds | None:
    """The bounds that an expectation sets for the numbers of its column; None without any."""
    low, high = _as_number(kwargs.get("min_value")), _as_number(kwargs.get("max_value"))
    if type_ == _Z_SCORES:
        threshold = _as_number(kwargs.get("threshold"))
        if threshold is None:
            return None
        mean, away = float(values.mean()), threshold * float(values.std())
        return ColumnBounds(mean - away if kwargs.get("double_sided", True) else None, mean + away)
    if low is None and high is None:
        return None
    if type_ == _OF_VALUES:
        return ColumnBounds(low, high)
    named = (n for n in _STATISTICS if type_ == f"expect_column_{n}_to_be_between")
    statistic = next(named, None)
    return ColumnBounds(low, high, statistic) if statistic else None


def _as_number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and np.isfinite(value) else None
