"""Proposals as they are kept with a run."""

import datetime as dt
from math import isnan, nan

import pyarrow as pa
import pytest

from gx.repair.proposal import Proposal
from sql.terms import NUMBERS


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
