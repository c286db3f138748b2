"""The picture that belongs to each failed expectation: its values, or prices around its bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gx.report.by_symbol import leaf_of
from gx.report.model import Outcome
from gx.report.pictures.histogram import Histogram, histogram
from gx.report.pictures.prices import PriceChart, price_charts
from gx.terms import BAR_COLUMNS


@dataclass(frozen=True)
class Picture:
    """What shows a failure: a histogram, or charts of the symbols most at fault."""

    histogram: Histogram | None = None
    charts: tuple[PriceChart, ...] = ()


NOTHING = Picture()


def draw(
    outcomes: Sequence[Outcome],
    failing: pd.DataFrame,
    bars: pd.DataFrame,
    *,
    judged_rows: int,
    limit: int,
) -> tuple[Picture, ...]:
    """A picture for each outcome, worst first; the first ``limit`` that have one are drawn.

    ``failing`` is QualityReport.failing. ``bars`` are all ``judged_rows``, or only those of the
    symbols most at fault, which a histogram then says.
    """
    drawn: list[Picture] = []
    of = "" if len(bars) >= judged_rows else "of the symbols most at fault"
    prices = _Prices(failing, bars, [o.symbols[0] for o in outcomes if o.symbols])
    for outcome in outcomes:
        left = limit - sum(picture is not NOTHING for picture in drawn)
        drawn.append(_picture(outcome, bars, of, prices) if left > 0 else NOTHING)
    return tuple(drawn)


def _picture(outcome: Outcome, bars: pd.DataFrame, of: str, prices: "_Prices") -> Picture:
    if outcome.status != "failed":
        return NOTHING
    # With exceptions the values of different symbols have different bounds.
    if not outcome.exceptions:
        values = histogram(outcome.type, outcome.kwargs, outcome.severity, bars, of=of)
        if values:
            return Picture(histogram=values)
    charts = prices.around(outcome)
    return Picture(charts=charts) if charts else NOTHING


class _Prices:
    """The bars of a few symbols, found once for all charts."""

    def __init__(self, failing: pd.DataFrame, bars: pd.DataFrame, symbols: Iterable[str]) -> None:
        few = list(dict.fromkeys(symbols))
        drawable = set(BAR_COLUMNS) <= set(bars.columns)
        self._bars = bars[bars["symbol"].isin(few)] if drawable else bars.iloc[:0]
        self._failing = failing[failing["symbol"].isin(few)]

    def around(self, outcome: Outcome) -> tuple[PriceChart, ...]:
        """The symbol most at fault, around the worst bar of this outcome alone."""
        if self._bars.empty or not outcome.symbols:
            return ()
        own = self._failing[self._failing["symbol"] == outcome.symbols[0]]
        outcome = leaf_of(outcome, outcome.symbols[0])
        failed = np.array([outcome.description in reasons for reasons in own["reasons"]], bool)
        if not failed.any():
            return ()  # what fails is not among these bars: it was published, and is gone
        marked = [own[failed].assign(severity=outcome.severity), own[~failed].assign(severity="")]
        return price_charts(self._bars, pd.concat(marked), outcome.symbols[:1])
