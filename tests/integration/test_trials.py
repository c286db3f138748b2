"""Drafts on real bars: whatever the catalogue offers can be tried."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gx.editing.catalogue import catalogue, filled
from gx.editing.trials import check_document, try_draft
from gx.project import SUITES

ROOT = Path(__file__).parents[2]
SUITE = {"name": "draft", "id": "76a87551-932f-4848-b6c9-b48f9b328b11"}
USABLE = [entry for entry in catalogue() if not entry.unsupported]


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    bars = pd.read_csv(ROOT / "sql/sample/stock_data.csv", parse_dates=["date"])
    return bars.assign(created_at=pd.Timestamp("2025-11-05"))


@pytest.mark.parametrize("entry", USABLE, ids=lambda entry: entry.type)
def test_what_the_catalogue_offers_runs_on_bars(bars, entry):
    kwargs = filled(entry)
    draft = {**SUITE, "expectations": [{"type": entry.type, "kwargs": kwargs, "severity": "info"}]}
    found: dict[str, Any] = try_draft(draft, "draft", bars, as_of="2025-11-04")
    (outcome,) = found["outcomes"]
    assert outcome["status"] in ("passed", "failed"), outcome["exception"]


def test_bars_before_the_range_tell_what_is_ordinary_and_are_not_judged(bars):
    rule = {"type": "expect_column_values_to_be_between", "severity": "critical"}
    document = {**SUITE, "expectations": [{**rule, "kwargs": {"column": "close", "max_value": 1}}]}
    found = try_draft(document, "draft", bars.tail(3), lookback=bars.head(20))
    assert found["rows"] == 3
    assert found["outcomes"][0]["count"] == 3


def test_what_a_run_declared_of_its_bars_is_known_to_a_trial(bars):
    split = bars[bars["symbol"] == "TSLA"].copy()
    day = str(split["date"].iloc[12].date())
    split.loc[split["date"] >= day, ["open", "high", "low", "close"]] /= 10
    actions = pd.DataFrame([("TSLA", day, "split", "10", False)])
    actions.columns = ["symbol", "date", "kind", "value", "adjusted"]
    agrees = {"type": "expect_prices_to_agree_with_declared_actions", "severity": "warning"}
    gross = {"type": "expect_no_gross_price_errors", "severity": "critical"}
    draft = {**SUITE, "expectations": [{**one, "kwargs": {}} for one in (agrees, gross)]}

    known: Any = try_draft(draft, "draft", split, actions=actions)
    unknown: Any = try_draft(draft, "draft", split)

    assert [one["status"] for one in known["outcomes"]] == ["passed", "passed"]
    assert [one["status"] for one in unknown["outcomes"]] == ["passed", "failed"]
    assert unknown["outcomes"][0]["observed"] == "the dataset declares no splits"


def test_a_saved_suite_that_cannot_be_trusted_is_left_out_of_the_comparison(bars):
    rule = {"type": "expect_column_to_exist", "kwargs": {"column": "close"}, "severity": "info"}
    draft = {**SUITE, "expectations": [rule]}
    broken = {**SUITE, "expectations": [{**rule, "severity": "bad"}]}
    found = try_draft(draft, "draft", bars, saved=broken)
    assert found["saved"] is None
    assert found["outcomes"][0]["change"] == ""


def checked(draft: dict[str, Any], saved: dict[str, Any] | None = None) -> dict[str, Any]:
    return check_document(draft, "stock_data", saved)


def test_a_check_tells_the_weaknesses_and_which_of_them_the_saved_suite_has_not():
    whole = json.loads((SUITES / "stock_data.json").read_text())
    holes = [e for e in whole["expectations"] if e["type"] != "expect_no_market_wide_holes"]
    weak = whole | {"expectations": holes}
    found = checked(weak, whole)
    assert found["weaknesses"] == found["new_weaknesses"] != []
    found = checked(weak, weak)
    assert (len(found["weaknesses"]), found["new_weaknesses"]) == (1, [])
    assert len(checked(weak)["new_weaknesses"]) == 1
