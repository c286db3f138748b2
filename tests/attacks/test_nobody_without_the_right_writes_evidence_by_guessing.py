"""Passwords are not guessed: neither fast, nor at once, nor by making the guard forget."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dags.local.desk.exposure import is_exposed, notice, require_logins
from dags.local.desk.parts import Addresses
from dags.local.errors import LocalError
from dags.pages.login_limit import LARGEST, SlowGuesses
from tracking.server import login_limit
from tracking.server.login_limit import Attempt, LoginLimit, TooManyFailuresError

RIGHT = "the right one"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def answered(password: str, *, slow: bool = False) -> Callable[[], Awaitable[bool]]:
    async def answer() -> bool:
        if slow:
            await asyncio.sleep(0.01)
        return password == RIGHT

    return answer


async def wait_of(
    limit: LoginLimit, password: str, user: str = "ann", address: str = "192.0.2.1"
) -> float:
    """How long the login must wait; 0 when it was checked."""
    try:
        await limit.check(Attempt(user, password, address), answered(password), bool)
    except TooManyFailuresError as error:
        return error.seconds
    return 0.0


def test_each_guess_after_the_fifth_waits_longer_up_to_half_a_minute():
    clock = Clock()
    limit = LoginLimit(clock)

    async def guess_for_an_hour() -> list[float]:
        waits = []
        while clock.now < 3700:
            wait = await wait_of(limit, "wrong")
            waits.append(wait)
            clock.now += wait
        return waits

    waits = [wait for wait in asyncio.run(guess_for_an_hour()) if wait]
    assert waits[:6] == [1, 2, 4, 8, 16, 30]
    assert set(waits[5:]) == {30}
    assert len(waits) < 130


def test_many_guesses_at_once_are_checked_one_by_one():
    limit, asked = LoginLimit(Clock()), []

    async def guess(number: int) -> None:
        async def answer() -> bool:
            asked.append(number)
            await asyncio.sleep(0.001)
            return False

        with pytest.raises(TooManyFailuresError):
            await limit.check(Attempt("ann", str(number), "192.0.2.1"), answer, bool)
            raise TooManyFailuresError(0)

    async def all_at_once() -> None:
        await asyncio.gather(*(guess(number) for number in range(200)))

    asyncio.run(all_at_once())
    assert len(asked) == login_limit.FREE_FAILURES


def test_a_guesser_keeps_nobody_out_who_logged_in_before_nor_anybody_elsewhere():
    async def story() -> None:
        clock = Clock()
        limit = LoginLimit(clock)
        assert await wait_of(limit, RIGHT) == 0
        for _ in range(8):
            await wait_of(limit, "wrong")
        assert await wait_of(limit, "wrong") > 0
        assert await wait_of(limit, "wrong", user=" ANN") > 0
        assert await wait_of(limit, "wrong", address="192.0.2.2") == 0
        assert await wait_of(limit, RIGHT) == 0
        assert await wait_of(limit, "wrong") == 0  # a right one starts the count anew

    asyncio.run(story())


def test_a_password_that_was_changed_is_a_guess_like_any_other():
    async def story() -> None:
        limit = LoginLimit(Clock())
        old = Attempt("ann", RIGHT, "192.0.2.1")
        await limit.check(old, answered(RIGHT), bool)
        for _ in range(login_limit.FREE_FAILURES):
            await limit.check(old, answered("changed"), bool)
        with pytest.raises(TooManyFailuresError):
            await limit.check(old, answered("changed"), bool)

    asyncio.run(story())


def test_what_is_remembered_has_an_end_and_holds_no_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(login_limit, "MOST_REMEMBERED", 100)

    async def story() -> LoginLimit:
        limit = LoginLimit(Clock())
        for number in range(1_000):
            await wait_of(limit, "hunter2", user=f"{number}" * 1_000)
            await wait_of(limit, RIGHT, user=f"{number}")
        return limit

    limit = asyncio.run(story())
    kept = vars(limit)
    assert all(len(found) <= 100 for found in (kept["_failures"], kept["_proven"]))
    assert "hunter2" not in repr(kept) and RIGHT not in repr(kept)
    assert max(len(user) for user, _ in kept["_failures"]) <= 256


@pytest.fixture
def airflow() -> TestClient:
    """A login like Airflow's, with the middleware that the plugin puts around it."""

    async def token(request: Request) -> Response:
        form = request.headers["content-type"].startswith("application/x-www")
        found = await request.form() if form else await request.json()
        if not isinstance(found.get("username"), str):
            return JSONResponse({}, 422)
        return JSONResponse({}, 201 if found.get("password") == RIGHT else 401)

    paths = ("/auth/token", "/auth/token/cli", "/auth/other", "/below/auth/token")
    app = Starlette(routes=[Route(path, token, methods=["GET", "POST"]) for path in paths])
    app.add_middleware(SlowGuesses)
    return TestClient(app, client=("192.0.2.1", 1))


@pytest.mark.parametrize("path", ["/auth/token", "/auth/token/cli", "/below/auth/token"])
def test_airflows_login_is_limited_however_it_is_sent(airflow: TestClient, path: str):
    form = {"username": "ann", "password": "wrong"}
    twice = b'{"username": "bob", "username": "ann", "password": "wrong"}'
    answers = [airflow.post(path, json=form) for _ in range(3)]
    answers += [airflow.post(path, data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [401] * 5
    json_type = {"content-type": "application/json"}
    for refused in (
        airflow.post(path, json=form),
        airflow.post(path, data=form),
        airflow.post(path, content=twice, headers=json_type),
        airflow.post(path, json=form, headers={"x-forwarded-for": "198.51.100.7"}),
    ):
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert "try again in 1 s" in refused.json()["detail"]
    assert airflow.post("/auth/other", json=form).status_code == 401


def test_what_is_no_login_is_neither_counted_nor_read_for_long(airflow: TestClient):
    for _ in range(8):
        assert airflow.post("/auth/token", json={"username": 1}).status_code == 422
    large = json.dumps({"username": "a" * LARGEST, "password": "x"})
    answer = airflow.post("/auth/token", content=large, headers={"content-type": "text/plain"})
    assert answer.status_code == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "::", "192.0.2.7"])
def test_a_desk_that_others_reach_says_what_it_exposes(host: str):
    addresses = Addresses(host, 8081, 5501)
    assert is_exposed(addresses)
    said = notice(addresses)
    for word in ("OTHER MACHINES", "encrypted", "PostgreSQL"):
        assert word in said
    if host == "192.0.2.7":
        assert "http://192.0.2.7:8081 (Airflow)   http://192.0.2.7:5501 (MLflow)" in said
    assert "127.0.0.1" not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_a_desk_of_this_machine_alone_says_nothing(host: str):
    assert notice(Addresses(host)) == ""
    require_logins(Addresses(host), {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "true"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True"),
        ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", " t "),
        ("AIRFLOW__CORE__AUTH_MANAGER", "some.Other"),
        ("MLFLOW_AUTH_CONFIG_PATH", "/tmp/everybody.ini"),
        ("MLFLOW_BASIC_AUTH_FAIL_CLOSED", "false"),
        ("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "true"),
        ("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "*"),
    ],
)
def test_a_desk_that_others_reach_needs_its_logins(name: str, value: str):
    with pytest.raises(LocalError, match=rf"both Airflow and MLflow.*{name}=.*Unset it") as refused:
        require_logins(Addresses("0.0.0.0"), {name: value})
    assert "0.0.0.0" in str(refused.value)
    require_logins(Addresses("0.0.0.0"), {})
    require_logins(Addresses("0.0.0.0"), {name: ""})


@pytest.mark.parametrize("host", ["", " ", "no such host"])
def test_a_host_that_is_none_is_refused(host: str):
    with pytest.raises(LocalError, match="HOST"):
        is_exposed(Addresses(host))
