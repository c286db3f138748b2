"""What the pictures of a proposed repair show."""

from typing import Any, cast

import pandas as pd
import pytest

from gx.repair.proposal import NUMBERS, Proposal
from gx.web.report.repairs import proposed_repairs
from tests.staged_runs import daily_bars


class Files:
    """A run that proposes some bars of its one symbol as one block."""

    def __init__(self, bars: pd.DataFrame, rows: range) -> None:
        self._bars, self._rows = bars, rows

    def proposals(self) -> list[Proposal]:
        numbers = {at: [float(self._bars[name][at]) for name in NUMBERS] for at in self._rows}
        return [
            Proposal(
                at,
                "SPL",
                self._bars["date"][at].to_pydatetime(),
                "unadjusted split",
                "a step",
                tuple(old),
                tuple(one / 2 for one in old),
            )
            for at, old in numbers.items()
        ]

    def bars(self, symbols: tuple[str, ...]) -> pd.DataFrame:
        return self._bars


@pytest.mark.parametrize("rows", [range(100), range(60, 200), range(100, 200)])
def test_the_step_at_an_end_of_the_wrong_bars_is_in_their_pictures(rows: range):
    bars = daily_bars(["SPL"], 200)
    (one,) = proposed_repairs(cast("Any", Files(bars, rows))).shown
    assert one.before is not None and one.after is not None
    for chart in (one.before, one.after):
        marked = {candle.severity for candle in chart.candles}
        assert marked == {"critical", None}
