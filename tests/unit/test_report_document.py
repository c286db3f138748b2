"""The form in which a report is kept: the same from version to version, and read when it is old."""

import json

import numpy as np
import pandas as pd
import pytest

from gx.errors import ReportError
from gx.report.document import read_document, to_plain
from gx.report.model import Outcome, QualityReport, SymbolVerdict
from gx.terms import SEVERITIES
from tests.staged_runs import DOUBT, REMOVAL

REPORT = QualityReport(
    suite="stock_data",
    suite_sha256="5" * 64,
    suite_text="{}",
    rows=2,
    first_date="2025-10-06",
    last_date="2025-10-07T09:30:00",
    outcomes=(
        Outcome(
            type="expect_x",
            kwargs={"column": "close", "set": [1, 2.5, None]},
            severity="warning",
            status="failed",
            description="It is x.",
            unexpected_count=1,
            unexpected_share=0.5,
            rows=np.array([1]),
            symbols=("A", "Zoë"),
            examples=({"symbol": "A", "date": "2025-10-07", "close": "nan"},),
            looked_at=2,
            behind={"Zoë": None},
        ),
        Outcome("expect_y", {}, "info", "error", "It is y.", exception="no column"),
        Outcome("expect_z", {}, "critical", "skipped", "It is z.", observed="of daily bars alone"),
    ),
    symbols={"A": SymbolVerdict("warned", 2, 1, ("It is x.",))},
    failing=pd.DataFrame(
        {
            "row": [1],
            "symbol": ["A"],
            "date": pd.to_datetime(["2025-10-07"]),
            "severity": ["warning"],
        }
    ),
    doubtful=(DOUBT,),
    removed=(REMOVAL,),
    weaknesses=("entry 3 can never fail",),
    no_longer_critical=("It is w.",),
)
# What readers have had from the first version that had all of it.
TEXT = (
    '{"success": false, "verdict": "Gate closed: 1 of 2 expectations failed critically, on 2 bars '
    "of 1 symbol. 1 bar published before is now doubtful. 2 published bars are gone from the "
    'source. The suite has 1 critical expectation fewer than in the run before: It is w.", '
    '"suite": "stock_data", "suite_sha256": "' + "5" * 64 + '", "rows": 2, '
    '"first_date": "2025-10-06", "last_date": "2025-10-07T09:30:00", "symbols": {"A": {"verdict": '
    '"warned", "reasons": ["It is x."], "rows": 2, "failing_rows": 1, "waived": 0}}, '
    '"expectations": [{"type": '
    '"expect_x", "kwargs": {"column": "close", "set": [1, 2.5, null]}, "severity": "warning", '
    '"success": false, "status": "failed", "description": "It is x.", "observed": "", '
    '"unexpected_count": 1, "unexpected_share": 0.5, "looked_at": 2, "symbols": ["A", "Zoë"], '
    '"ownerless": 0, "behind": {"Zoë": null}, '
    '"sessions": [], "waived_count": 0, "examples": [{"symbol": "A", "date": "2025-10-07", '
    '"close": "nan"}], "failing": [{"symbol": "A", "date": "2025-10-07"}], "exception": null}, '
    '{"type": "expect_y", "kwargs": {}, "severity": "info", "success": false, "status": "error", '
    '"description": "It is y.", "observed": "", "unexpected_count": 0, "unexpected_share": 0.0, '
    '"looked_at": null, "symbols": [], "ownerless": 0, "behind": {}, '
    '"sessions": [], "waived_count": 0, "examples": [], "failing": '
    '[], "exception": "no column"}, {"type": "expect_z", "kwargs": {}, "severity": "critical", '
    '"success": true, "status": "skipped", "description": "It is z.", "observed": "of daily bars '
    'alone", "unexpected_count": 0, "unexpected_share": 0.0, "looked_at": null, "symbols": [], '
    '"ownerless": 0, "behind": {}, '
    '"sessions": [], "waived_count": 0, "examples": [], "failing": [], "exception": null}], '
    '"weaknesses": ["entry 3 can never fail"], "no_longer_critical": ["It is w."], '
    '"waivers": [], "doubtful": '
    '[{"symbol": "AAPL", "date": "2024-03-04", "published_by": "scheduled__2024-03-05", '
    '"published_at": "2024-03-05T22:15:00+00:00", "severity": "warning", "expectations": '
    '["no_reversing_spikes(symbol, date, close)"], "reasons": ["No price jumps far away and comes '
    'back."], "bar": {"open": 101.5, "high": 999.25, "low": 100.0, "close": 101.0, "volume": '
    'null}}], "removed": [{"symbol": "MSFT", "bars": 2, "published": 20, "first_date": '
    '"2024-03-04", "last_date": "2024-03-05", "dates": ["2024-03-04", "2024-03-05"], "accepted": '
    'false, "held": false}], "at_odds": [], "decision": null, "repairs": {"applied": [], '
    '"void": [], "proposed": []}}'
)


def test_a_report_is_written_as_ever_to_the_last_letter():
    assert json.dumps(REPORT.to_dict(), ensure_ascii=False, allow_nan=False) == TEXT


def test_a_document_is_read_and_written_back_without_a_change():
    assert json.dumps(to_plain(read_document(json.loads(TEXT))), ensure_ascii=False) == TEXT


def test_a_document_counts_failures_as_its_report_does():
    document = read_document(json.loads(TEXT))

    counted = [document.failures(severity) for severity in SEVERITIES]
    assert counted == [REPORT.failures(severity) for severity in SEVERITIES] == [1, 1, 0]
    assert document.symbols_with("warned") == ("A",)


def test_what_is_no_report_is_refused():
    with pytest.raises(ReportError, match="no report of the gate: suite: Field required"):
        read_document({"success": True, "verdict": "Passed."})
