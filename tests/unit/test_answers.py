"""Answers to a question go through one by one, and one that cannot count is refused at once."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dags.staging.layout import DAG_ID

pytestmark = pytest.mark.usefixtures("airflow_environment")  # imported late, like Airflow

PATH = f"/api/v2/dags/{DAG_ID}/dagRuns/a%3Ab/taskInstances/ask/-1/hitlDetails"
HOLD, PUBLISH, FAIL = "Hold these symbols", "Publish all the same", "Fail the run"


class Airflow:
    """Answers as Airflow does: it looks first, and writes a moment later."""

    def __init__(self) -> None:
        self.answers: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        status = 409 if self.answers else 200
        await asyncio.sleep(0.01)
        if status == 200:
            self.answers += body["chosen_options"]
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b'{"detail": "of Airflow"}'})


async def patched(app: Any, choice: str, reason: str | None, path: str = PATH) -> tuple[int, str]:
    """The status of an answer, and what is said."""
    sent: list[Any] = []
    body = {"chosen_options": [choice], "params_input": {"reason": reason}}

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "path": path, "method": "PATCH", "headers": []}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])["detail"]


def test_of_two_answers_at_once_the_second_is_told_of_the_first(monkeypatch: pytest.MonkeyPatch):
    from dags.asking import answers

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    said = answers.told({"id": "1", "name": "ann"}, [FAIL], at)
    monkeypatch.setattr(answers, "answer_to", lambda _asked: said)
    airflow = Airflow()
    app = answers.OneAnswer(airflow)

    async def both() -> list[tuple[int, str]]:
        asked = patched(app, FAIL, ""), patched(app, PUBLISH, "known news")
        return list(await asyncio.gather(*asked))

    first, second = asyncio.run(both())
    assert first == (200, "of Airflow")
    assert second[0] == 409
    assert "ann has answered already, 2026-01-02 03:04:05 UTC: 'Fail the run'" in second[1]
    assert airflow.answers == [FAIL]


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_publishing_without_a_reason_is_refused_at_once(reason: str | None):
    from dags.asking import answers

    airflow = Airflow()
    status, said = asyncio.run(patched(answers.OneAnswer(airflow), PUBLISH, reason))
    assert status == 422
    assert "'Publish all the same' needs a reason" in said
    assert airflow.answers == []


def test_all_else_is_left_to_airflow():
    from dags.asking import answers
    from dags.asking.operator import CHOICES

    assert CHOICES[PUBLISH] == "publish"
    other = PATH.replace(DAG_ID, "another")
    app = answers.OneAnswer(Airflow())
    assert asyncio.run(patched(app, PUBLISH, "", path=other)) == (200, "of Airflow")
    for body in (b"{", b"[]", b"[" * 100_000, b'{"chosen_options": 1}', b'{"params_input": 1}'):
        assert answers.fault_in(body) == ""
    assert answers.question_at(PATH) == (DAG_ID, "a:b", "ask", -1)
