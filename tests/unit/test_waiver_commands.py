"""`gate waiver add|list|withdraw`."""

import json
from pathlib import Path

import pytest

from gx import waiver_commands
from gx.cli import add_commands, explain_error, new_app, run_app


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(waiver_commands, "WAIVERS", tmp_path / "waivers")
    monkeypatch.setattr(waiver_commands, "HISTORY", tmp_path / "history")
    return tmp_path


def gate(told: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    app = new_app("", "")
    add_commands(app)
    ended = run_app(app, "gate", explain=explain_error, arguments=["waiver", *arguments])
    said = "".join(told.readouterr())
    assert ended == status, said
    assert "Traceback" not in said
    return said


WANTED = ("add", "no_return_outliers", "--symbol", "TSLA", "--from", "2025-10-05")


def test_a_waiver_is_made_listed_and_withdrawn(capsys: pytest.CaptureFixture[str], folders: Path):
    assert "there is none" in gate(capsys, "list")
    said = gate(capsys, *WANTED, "--reason", "known news", "--days", "10")
    assert "TSLA, from 2025-10-05 on" in said and "counts from the next run on" in said
    (one,) = json.loads(gate(capsys, "list", "--json"))["stock_data"]
    assert one["reason"] == "known news" and one["id"] in gate(capsys, "list")
    again = gate(capsys, *WANTED, "--reason", "known news", status=2)
    assert f"withdraw that waiver ({one['id']}) first" in again

    gate(capsys, "withdraw", one["id"], "--reason", "no news")
    assert "there is none" in gate(capsys, "list")
    reasons = [
        json.loads(path.read_text())["reason"]
        for path in sorted((folders / "history" / "stock_data.waivers").glob("*.json"))
    ]
    assert reasons == ["known news", "no news"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("add", "no_retrun_outliers", "--from", "2025-01-01"),
            "mean 'no_return_outliers'",
        ),
        (("add", "no_return_outliers", "--from", "yesterday"), "is no date (YYYY-MM-DD)"),
        ((*WANTED, "--to", "2025-01-01"), "before it begins"),
        ((*WANTED, "--suite", "nothing"), "there is no suite 'nothing'"),
        (("withdraw", "0123abcd"), "has no waiver '0123abcd'"),
    ],
)
def test_what_cannot_be_meant_is_told(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
):
    assert said in gate(capsys, *arguments, "--reason", "x", status=2)


def test_a_reason_is_asked_for(capsys: pytest.CaptureFixture[str]):
    assert "--reason" in gate(capsys, *WANTED, status=2)
    assert "say why" in gate(capsys, *WANTED, "--reason", " ", status=2)
