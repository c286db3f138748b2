"""Alerts, sent by the real DAG to a local SMTP server and a local HTTP server."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller

from tests.desk import free_ports
from tests.webhook import Webhook, webhook
from tests.workflow import Database, Workflow

BAD = "update stock_data set low = -1 where symbol = 'TSLA' and date = '2025-10-08'"


@dataclass
class Inbox:
    """What arrived."""

    hook: Webhook
    mails: list[EmailMessage] = field(default_factory=list)
    mail_url: str = ""

    @property
    def posts(self) -> list[dict[str, Any]]:
        return self.hook.posts

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    (port,) = free_ports(1)
    with webhook() as hook:
        inbox = Inbox(hook)
        inbox.mail_url = f"mailto://127.0.0.1:{port}?from=gate@example.org&to=desk@example.org"
        smtp = Controller(inbox, hostname="127.0.0.1", port=port)
        smtp.start()
        yield inbox
        smtp.stop()


@pytest.fixture
def channels(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setenv("ALERT_URLS", f"{inbox.mail_url} {inbox.hook.url}")
    return inbox


def test_a_closed_gate_is_told_on_every_channel_with_its_counts_and_links(
    workflow: Workflow,
    database: Database,
    sample: None,
    channels: Inbox,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.org")
    monkeypatch.setenv("MLFLOW_URL", "https://user:word@mlflow.example.org")
    database.execute(BAD)
    ended = workflow.run(symbols=["NVDA", "TSLA"])
    assert ended.state == "failed"
    (mail,), (post,) = channels.mails, channels.posts
    verdict = ended.json("summary.json")["verdict"]
    assert verdict.startswith("Nothing published: gate closed, 1 of ")
    assert mail["subject"] == post["title"] == f"stock_data: {verdict}"
    assert (mail["to"], post["type"]) == ("desk@example.org", "failure")
    said = post["message"]
    assert "46 bars, " in said
    assert "expectations not met: 1 critical" in said
    assert "At fault: TSLA" in said
    assert f"Report: https://airflow.example.org/gate/runs/{quote(ended.run_id)}" in said
    assert "MLflow run: https://mlflow.example.org/#/experiments/" in said
    assert "word" not in said


def test_held_symbols_are_told_of_a_run_that_succeeds(
    workflow: Workflow, database: Database, sample: None, channels: Inbox
):
    database.execute(BAD)
    ended = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert ended.state == "success"
    (post,) = channels.posts
    verdict = ended.json("summary.json")["verdict"]
    assert verdict.startswith("Published 23 bars of 1 symbol; 1 held: TSLA (")
    assert (post["title"], post["type"]) == (f"stock_data: {verdict}", "warning")
    assert post["message"].startswith(verdict)
    assert "Held: TSLA" in post["message"]


def test_a_run_with_nothing_to_say_says_nothing(workflow: Workflow, sample: None, channels: Inbox):
    assert workflow.run(symbols=["NVDA"]).state == "success"
    assert (channels.posts, channels.mails) == ([], [])


def test_a_failed_run_is_told_even_when_no_bar_was_read(
    workflow: Workflow, sample: None, channels: Inbox
):
    assert workflow.run(symbols=["NOBARS"]).state == "failed"
    (post,) = channels.posts
    assert post["title"] == "Run failed: ibkr_stock_data_workflow"
    assert "NOBARS" in post["message"]


def test_a_suite_is_told_once_in_a_while_and_what_was_silent_is_counted(
    workflow: Workflow,
    database: Database,
    sample: None,
    channels: Inbox,
    monkeypatch: pytest.MonkeyPatch,
):
    database.execute(BAD)
    for _ in range(3):
        workflow.run(symbols=["TSLA"])
    assert len(channels.posts) == 1
    monkeypatch.setenv("ALERT_EVERY_MINUTES", "0")
    workflow.run(symbols=["TSLA"])
    assert "2 more since the last alert were not sent." in channels.posts[1]["message"]


def test_a_broken_channel_neither_fails_the_run_nor_keeps_the_others_from_being_told(
    workflow: Workflow,
    database: Database,
    sample: None,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    nobody = f"json://user:secretword@127.0.0.1:{free_ports(1)[0]}/"
    monkeypatch.setenv("ALERT_URLS", f"{nobody} nonsense://secretword {inbox.hook.url}")
    database.execute(BAD)
    ended = workflow.run(symbols=["NVDA", "TSLA"], policy="quarantine")
    assert ended.state == "success"
    assert len(inbox.posts) == 1
    assert "secretword" not in caplog.text


def test_an_alert_that_nobody_took_is_tried_again_with_the_next_run(
    workflow: Workflow,
    database: Database,
    sample: None,
    channels: Inbox,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("ALERT_URLS", channels.hook.url)
    channels.hook.answer = 500
    database.execute(BAD)
    assert workflow.run(symbols=["TSLA"]).state == "failed"
    channels.hook.answer = 200
    workflow.run(symbols=["TSLA"])
    titles = [post["title"] for post in channels.posts]
    assert len(titles) == 2
    assert all(title.startswith("stock_data: Nothing published: gate closed, ") for title in titles)
