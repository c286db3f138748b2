"""Proposals as they are kept with a run."""

import datetime as dt
from dataclasses import replace
from math import isnan, nan

import numpy as np
import pyarrow as pa
import pytest

from gx.repair.proposal import Proposal, Rule
from sql.terms import NUMBERS
from tests.staged_runs import daily_bars, judged, outcome


@pytest.mark.usefixtures("airflow_environment")
def test_a_proposal_tells_null_from_nan():
    from dags.work.proposals import as_read

    moment = dt.datetime(2025, 1, 2)
    bars = pa.table({name: pa.array([1.0, 1000.0, 1000.0]) for name in NUMBERS[:4]})
    bars = bars.append_column("volume", pa.array([5.0, None, nan], pa.float64()))
    old, new = (1000.0, 1000.0, 1000.0, 1000.0, nan), (10.0, 10.0, 10.0, 10.0, nan)

    missing = as_read(Proposal(8, "A", moment, "unit", "", old, new), bars, 7)
    assert missing.old == (1000.0, 1000.0, 1000.0, 1000.0, None)
    assert missing.new == (10.0, 10.0, 10.0, 10.0, None)
    copied = as_read(Proposal(9, "A", moment, "duplicate", "", old, None), bars, 7)
    assert copied.new is None
    assert copied.old[4] is not None
    assert isnan(copied.old[4])


@pytest.mark.usefixtures("airflow_environment")
def test_what_is_waived_is_not_proposed_to_be_repaired():
    from dags.work.proposals import not_waived

    bars = daily_bars(["A", "B"], days=20)
    report = judged(bars, replace(outcome(bars, []), waived_rows=np.array([3, 12], np.int64)))
    moment, numbers = dt.datetime(2025, 1, 2), (1.0, 1.0, 1.0, 1.0, 1.0)

    def proposed(row: int, block: int, rule: Rule = "unit") -> Proposal:
        return Proposal(row, "A", moment, rule, "", numbers, numbers, block)

    split = [proposed(row, 2, "unadjusted split") for row in (10, 11)]
    left = [proposed(5, 1), proposed(11, 3)]
    every = [proposed(3, 0), proposed(4, 0), left[0], *split, left[1]]
    assert not_waived(every, report) == left
