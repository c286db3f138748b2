"""`gate suggest --history`, on the folders of past runs."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from dags.local.errors import LocalError
from dags.local.tune import print_curves
from tests.staged_runs import daily_bars, judged, outcome, stage_run

BARS = daily_bars(["AAA", "BBB"], 300)


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs are staged; no database is needed to read them."""
    places: Mapping[str, str] = {
        "STAGING_URL": f"file://{tmp_path / 'staging'}",
        "RESULTS_DIR": str(tmp_path / "quality"),
    }

    @contextmanager
    def services(var: Path) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(environment=places)

    monkeypatch.setattr("dags.local.tune.services", services)
    (tmp_path / "staging").mkdir()
    return tmp_path / "staging"


def stage(staging: Path, run_id: str, first: int, last: int, minutes: int) -> None:
    bars = BARS[BARS.groupby("symbol").cumcount().between(first, last)].reset_index(drop=True)
    stage_run(staging, run_id, bars, judged(bars, outcome(bars, [])), minutes=minutes)


def test_every_threshold_is_told_with_its_curve_on_the_bars_of_all_runs(
    staging: Path, capsys: pytest.CaptureFixture[str]
):
    stage(staging, "older", 0, 199, 0)
    stage(staging, "newer", 150, 299, 5)  # what both have counts once

    assert print_curves(staging, "stock_data", None, as_json=False) == 0
    said = capsys.readouterr().out
    assert "On 600 bars of 2 symbols, " in said and " of 2 runs." in said
    assert "\nno_return_outliers: threshold = " in said and "proposed" in said

    assert print_curves(staging, "stock_data", None, as_json=True) == 0
    plain = json.loads(capsys.readouterr().out)
    stale = next(one for one in plain["curves"] if one["name"] == "no_stale_prices")
    assert stale["rows"] == 600 and stale["current"] == 5 and stale["sentence"]
    assert [one["missed"] for one in stale["points"]] == sorted(
        one["missed"] for one in stale["points"]
    )


def test_without_a_run_that_has_its_bars_it_says_what_to_do(staging: Path):
    with pytest.raises(LocalError, match="no run of stock_data has its bars still: run it once"):
        print_curves(staging, "stock_data", None, as_json=False)


def test_a_dataset_that_there_is_not_is_told(staging: Path):
    with pytest.raises(LocalError, match="there is no dataset nope"):
        print_curves(staging, "nope", None, as_json=False)
