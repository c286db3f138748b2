"""What of a large run a draft is tried on: those that failed, and some of the others."""

import json
from pathlib import Path

import pandas as pd
import pytest

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import BARS, CONTEXT, DAG_ID, PARTITIONS, PLAN
from gx.editing.trials import effects, try_draft
from gx.project import SUITES
from gx.web.bodies import RequestFault
from gx.web.suites import bars as tried
from gx.web.suites.bars import bars_asked, last_bars
from tests.staged_runs import daily_bars, judged, outcome, stage_run

NAMES = [f"S{number:03}" for number in range(40)]
DAYS, PER_PART = 30, 10
FAILED = ("S007", "S031")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A run of 40 symbols in four partitions, of which two symbols failed."""
    bars = daily_bars(NAMES, DAYS)
    rows = [NAMES.index(name) * DAYS + 3 for name in FAILED]
    folder = stage_run(tmp_path / "staging", "many", bars, judged(bars, outcome(bars, rows)))
    (folder / BARS).unlink()
    plan = []
    for number, begin in enumerate(range(0, len(NAMES), PER_PART)):
        names = NAMES[begin : begin + PER_PART]
        plan.append({"number": number, "symbols": names})
        own = bars[bars["symbol"].isin(names)]
        part = folder / PARTITIONS / f"{number:04}"
        part.mkdir(parents=True)
        own.to_parquet(part / BARS, index=False)
        before = own.assign(date=own["date"] - pd.Timedelta(days=100))
        before.to_parquet(part / CONTEXT, index=False)
    (folder / PLAN).write_text(json.dumps({"partitions": plan}))
    settings = {"STAGING_URL": f"file://{tmp_path}/staging", "RESULTS_DIR": str(tmp_path / "q")}
    return Desk(Settings.of(settings), project=tmp_path)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "SAMPLE_BARS", 8 * DAYS)


def sample(desk: Desk) -> tried.Tried:
    found = last_bars(desk, desk.datasets()[0], "stock_data")
    assert found is not None
    return found


def test_of_a_run_in_partitions_what_failed_and_some_of_the_others_are_tried(desk, small):
    found = sample(desk)
    names = sorted(found.bars["symbol"].unique())
    assert set(FAILED) < set(names) and len(names) <= 8
    assert found.sample == (
        f"a sample: 2 of 2 symbols with failures and {len(names) - 2} of 38 others"
    )
    assert (found.bars.groupby("symbol").size() == DAYS).all(), "symbols are whole"
    others = [int(name[1:]) for name in names if name not in FAILED]
    assert max(others) - min(others) > 20, "from all over the list"
    assert found.lookback is not None
    assert sorted(found.lookback["symbol"].unique()) == names
    assert found.lookback["date"].max() < found.bars["date"].max()


def test_of_many_failures_the_worst_and_still_some_others_are_tried(desk, monkeypatch):
    monkeypatch.setattr(tried, "SAMPLE_BARS", 2 * DAYS)
    found = sample(desk)
    assert found.sample == "a sample: 1 of 2 symbols with failures and 1 of 38 others"


def test_a_run_of_more_bars_than_a_trial_takes_is_sampled_too(desk, monkeypatch, tmp_path):
    bars = daily_bars(NAMES, DAYS)
    stage_run(tmp_path / "staging", "whole", bars, judged(bars, outcome(bars, [])), minutes=9)
    dataset = desk.datasets()[0]
    whole = bars_asked(desk, dataset, {"run_id": "whole"})
    assert (len(whole.bars), whole.sample) == (len(bars), "")
    monkeypatch.setattr(tried, "MOST_BARS", len(bars) - 1)
    monkeypatch.setattr(tried, "SAMPLE_SYMBOLS", 5)
    part = bars_asked(desk, dataset, {"run_id": "whole"})
    assert part.bars["symbol"].nunique() <= 5
    assert part.sample.startswith("a sample: 0 of 0 symbols with failures")


def test_a_run_whose_partitions_are_cleaned_up_says_so(desk, tmp_path):
    for path in tmp_path.rglob(BARS):
        path.unlink()
    with pytest.raises(RequestFault, match="cleaned up"):
        bars_asked(desk, desk.datasets()[0], {"run_id": "many"})
    assert last_bars(desk, desk.datasets()[0], "stock_data") is None


def test_what_was_asked_for_is_asked_of_the_sample_alone(desk, small, tmp_path):
    record = tmp_path / "staging" / DAG_ID / "many" / "steps" / "validate.json"
    asked = {"symbols": [*NAMES, "GONE"], "first_date": None, "last_date": None}
    record.write_text(json.dumps(json.loads(record.read_text()) | {"asked": asked}))
    found = sample(desk)
    assert set(found.asked.symbols) == set(found.bars["symbol"])


def test_a_trial_and_what_is_to_be_accepted_say_that_it_was_a_sample(desk, small):
    saved = json.loads((SUITES / "stock_data.json").read_text())
    kwargs = {"column": "close", "max_value": 1}
    bound = {"type": "expect_column_values_to_be_between", "severity": "critical", "kwargs": kwargs}
    draft = {**saved, "expectations": [*saved["expectations"], bound]}
    found = sample(desk)
    given = {**vars(found), "bars": found.bars.assign(created_at=pd.Timestamp("2024-06-01"))}
    assert try_draft(draft, "stock_data", saved=saved, **given)["sample"] == found.sample
    (said,) = effects(draft, "stock_data", saved=saved, **given)
    assert said.startswith(f"On the bars of the last run ({found.sample}), ")
    assert said.endswith("symbols: none of these would be published.")
