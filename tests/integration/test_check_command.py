"""`python -m gx check` and `suggest`, called in this process to spare the imports."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

import gx.editing.suggest
from gx.__main__ import main

SAMPLE = Path("sql/sample/stock_data.csv")


@pytest.fixture
def bars():
    return pd.read_csv(SAMPLE)


@pytest.fixture
def gx_command(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gx", *map(str, arguments)])
        status = main()
        return status, capsys.readouterr()

    return run


def written(frame, path):
    frame.to_csv(path, index=False)
    return path


def test_good_bars_pass_with_warnings_and_strict_counts_them(gx_command):
    assert gx_command("check", SAMPLE, "--as-of", "2025-11-04")[0] == 0
    status, said = gx_command("check", SAMPLE, "--as-of", "2025-11-04", "--strict")
    assert status == 1
    assert "2025-10-05" in said.out


def test_a_bad_bar_closes_the_gate_and_every_failing_row_is_in_the_json(gx_command, bars, tmp_path):
    bars.loc[3:40, "high"] = bars["low"] - 1
    out, page = tmp_path / "report.json", tmp_path / "report.html"
    status, said = gx_command(
        "check", written(bars, tmp_path / "b.csv"), "--json", out, "--html", page
    )
    assert status == 1
    assert "Gate closed" in said.out
    report = json.loads(out.read_text())
    (ohlc,) = [
        e for e in report["expectations"] if e["type"] == "expect_bars_to_be_ohlc_consistent"
    ]
    assert not report["success"]
    assert ohlc["unexpected_count"] == len(ohlc["failing"]) == 38
    assert ohlc["failing"][0] == {"symbol": "TSLA", "date": "2025-10-08"}
    assert report["symbols"]["NVDA"]["verdict"] == "held"
    assert "http" not in page.read_text().replace("http-equiv", "")


@pytest.mark.parametrize(
    ("lacking", "named"),
    [(["date"], "date"), (["volume"], "volume"), (["low", "high"], "high, low")],
)
def test_a_missing_column_is_one_line(gx_command, bars, tmp_path, lacking, named):
    file = written(bars.drop(columns=lacking).assign(Note="x"), tmp_path / "b.csv")
    status, said = gx_command("check", file)
    assert status == 2
    has = [name for name in (*bars.columns, "Note") if name not in lacking]
    assert said.err == f"error: {file}: no {named} column; the file has: {', '.join(has)}\n"
    assert said.out == ""


def test_a_column_that_the_suite_does_not_ask_about_may_be_missing(gx_command, bars, tmp_path):
    suite = {
        "name": "closes",
        "id": "0c4ad0a1-6f0b-4a5e-9f63-0d5c1a1a7a10",
        "expectations": [
            {
                "type": "expect_column_values_to_not_be_null",
                "kwargs": {"column": "close"},
                "severity": "critical",
            }
        ],
    }
    (tmp_path / "closes.json").write_text(json.dumps(suite))
    file = written(bars.drop(columns=["volume", "open"]), tmp_path / "b.csv")
    status, said = gx_command("check", file, "--suite", "closes", "--suites", tmp_path)
    assert status == 0, said.err


def test_spaces_around_a_symbol_are_judged_and_in_its_option_refused(gx_command, bars, tmp_path):
    bars["symbol"] = bars["symbol"].replace("TSLA", " TSLA")
    status, said = gx_command("check", written(bars, tmp_path / "b.csv"))
    assert status == 1
    assert '" TSLA"' in said.out
    alone = written(bars.head(23).drop(columns="symbol"), tmp_path / "c.csv")
    status, said = gx_command("check", alone, "--symbol", "TSLA ")
    assert (status, said.out) == (2, "")
    assert "the symbol 'TSLA ' has a space at its beginning or end" in said.err
    assert gx_command("check", alone, "--symbol", "AAPL  250117C00300000")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["no_such.csv"], "no such file"),
        ([SAMPLE, "--suite", "stock_dat"], "did you mean 'stock_data'?"),
        ([SAMPLE, "--calendar", "XNYZ"], "no exchange calendar 'XNYZ'"),
        ([SAMPLE, "--symbol", "TSLA"], "has a symbol column already"),
    ],
)
def test_what_cannot_be_checked_is_said_in_a_line(gx_command, arguments, fault):
    status, said = gx_command("check", *arguments)
    assert status == 2
    assert fault in said.err
    assert "Traceback" not in said.err


def test_an_unreadable_cell_is_named_by_line_and_column(gx_command, bars, tmp_path):
    text = bars.astype({"close": "object"})
    text.loc[4, "close"] = "n.a."
    status, said = gx_command("check", written(text, tmp_path / "b.csv"))
    assert status == 2
    assert "line 6, column close: 'n.a.' is no number" in said.err


def test_files_without_symbols_are_judged_together_under_their_names(gx_command, bars, tmp_path):
    files = [
        written(bars[bars["symbol"] == symbol].drop(columns="symbol"), tmp_path / f"{symbol}.csv")
        for symbol in ("TSLA", "NVDA")
    ]
    out = tmp_path / "report.json"
    assert gx_command("check", *files, "--json", out)[0] == 0
    assert set(json.loads(out.read_text())["symbols"]) == {"TSLA", "NVDA"}


def test_bars_within_the_day_skip_and_list_what_is_for_daily_bars(gx_command, tmp_path):
    times = pd.date_range("2025-10-06 09:30", periods=60, freq="min", tz="America/New_York")
    minutes = pd.DataFrame({"Datetime": times, "open": 10.0, "high": 10.2, "low": 9.9})
    minutes["close"] = [10.0, 10.1] * 30
    minutes["volume"] = range(100, 160)
    out = tmp_path / "report.json"
    status, said = gx_command("check", written(minutes, tmp_path / "SPY.csv"), "--json", out)
    assert status == 0
    assert "skipped" in said.out
    statuses = {e["type"]: e["status"] for e in json.loads(out.read_text())["expectations"]}
    assert statuses["expect_no_stale_prices"] == "skipped"
    assert statuses["expect_bars_to_be_ohlc_consistent"] == "passed"


def test_another_calendar_judges_other_days(gx_command, bars, tmp_path):
    sunday = written(bars[bars["date"] == "2025-10-05"], tmp_path / "b.csv")
    asked = ["check", sunday, "--strict", "--as-of", "2025-10-06"]
    assert gx_command(*asked)[0] == 1
    assert gx_command(*asked, "--calendar", "24/7")[0] == 0


def test_a_draft_passes_on_its_own_data_and_takes_no_existing_name(gx_command, tmp_path):
    asked = ["suggest", SAMPLE, "--name", "mine", "--suites", tmp_path]
    status, said = gx_command(*asked)
    assert status == 0
    assert "XNYS fits best" in said.out
    assert "Gate closed" not in said.out
    checked = ["check", SAMPLE, "--suite", "mine", "--suites", tmp_path]
    assert gx_command(*checked, "--as-of", "2025-11-04")[0] == 0
    before = (tmp_path / "mine.json").read_bytes()
    status, said = gx_command(*asked)
    assert status == 2
    assert "already" in said.err
    assert (tmp_path / "mine.json").read_bytes() == before


def test_calendars_are_fitted_per_symbol():
    weekdays = pd.date_range("2024-01-01", "2024-12-31", freq="D")
    crypto = pd.DataFrame({"symbol": "BTC/USD", "date": weekdays})
    london = pd.DataFrame({"symbol": "VOD", "date": sessions("XLON")})
    tokyo = [pd.DataFrame({"symbol": f"T{n}", "date": sessions("XTKS")}) for n in range(3)]
    fit = gx.editing.suggest.fit_calendars(pd.concat([crypto, london, *tokyo], ignore_index=True))
    assert fit.calendar == "XTKS"
    assert fit.others == {"BTC/USD": "24/7", "VOD": "XLON"}
    assert fit.misfits == 0


def sessions(calendar):
    import exchange_calendars

    found = exchange_calendars.get_calendar(calendar, start="2024-01-01", end="2024-12-31")
    return found.sessions
