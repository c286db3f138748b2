"""The verdict for machines over HTTP."""

from dataclasses import replace

import pytest

from gx.web.app import create_app
from gx.web.guard import User
from tests.suite_desk import USERS, client, suite_sources

WHERE = "/gate/api/datasets/stock_data/verdict"


@pytest.fixture
def sources(tmp_path):
    return suite_sources(tmp_path)


@pytest.fixture
def app(sources):
    users = {**USERS, "una": replace(User("una", False), reads={"another"})}

    async def guard(request):
        return users.get(request.headers.get("x-user", ""))

    return create_app(sources, guard, login_url="/login")


def test_a_job_learns_which_symbols_are_good(app):
    found = client(app, "vic").get(f"{WHERE}?as_of=2025-11-04&symbol=TSLA&symbol=GONE")
    assert found.status_code == 200
    said = found.json()
    assert (said["good"], said["as_of"]) == (False, "2025-11-04")
    assert [(one["symbol"], one["status"]) for one in said["symbols"]] == [
        ("TSLA", "good"),
        ("GONE", "unknown"),
    ]
    assert client(app, "vic").get(WHERE).json()["good"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?as_of=tomorrow", "as_of must be a day, as 2025-11-04"),
        ("?symbol=", "the symbol '' is empty"),
        ("?symbol=" + "A" * 100, "the symbol 'AAAAAAAA"),
    ],
)
def test_what_cannot_be_meant_is_refused(app, query, said):
    found = client(app).get(WHERE + query)
    assert found.status_code == 400
    assert said in found.json()["error"]


def test_only_who_may_see_the_dataset_is_told(app):
    assert client(app, "nobody").get(WHERE).status_code == 401
    assert client(app, "una").get(WHERE).status_code == 403
    unknown = client(app).get("/gate/api/datasets/none/verdict")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "there is no dataset 'none'")


def test_a_database_that_does_not_answer_is_said(app, sources, monkeypatch):
    def refused(*_):
        raise OSError("the database does not answer: connection refused")

    monkeypatch.setattr(type(sources), "verdict", refused)
    found = client(app).get(WHERE)
    assert found.status_code == 503
    assert "does not answer" in found.json()["error"]
