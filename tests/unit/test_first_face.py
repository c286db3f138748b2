"""The line in MLflow's page that a browser new to the server finds the runs by."""

from pathlib import Path

import mlflow
import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tracking.history.views import QUALITY
from tracking.server.first_face import CHOICES, FirstFace

INDEX = Path(mlflow.__file__).parent / "server/js/build/index.html"
SCRIPTS = INDEX.parent / "static/js"


@pytest.fixture
def server() -> TestClient:
    async def index(request):
        return FileResponse(INDEX)

    async def other(request):
        return JSONResponse({"path": request.url.path})

    routes = [Route("/", index, methods=["GET", "POST"]), Route("/{path}", other)]
    return TestClient(FirstFace(Starlette(routes=routes)))


def test_the_page_chooses_before_mlflows_own_scripts_run(server: TestClient):
    page = server.get("/")

    before, script, _ = page.text.partition("<script")
    assert before.endswith("<head>")
    assert all(key in page.text.partition("</script>")[0] for key in CHOICES)
    assert len(page.content) == int(page.headers["content-length"])
    assert page.text.count(script) > 1


def test_the_page_leads_to_the_view_that_experiments_have(server: TestClient):
    script = server.get("/").text.partition("</script>")[0]

    assert f'VIEW="{QUALITY.key}"' in script
    assert QUALITY.tag == f"mlflow.sharedViewState.{QUALITY.key}"
    assert "`mlflow.sharedViewState.${VIEW}`" in script


def test_a_browser_that_keeps_the_page_of_before_gets_this_one(server: TestClient):
    asked = {"If-None-Match": '"x"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    page = server.get("/", headers=asked)

    assert page.status_code == 200
    assert not {"etag", "last-modified"} & set(page.headers)


def test_nothing_else_is_touched(server: TestClient):
    assert server.get("/version").json() == {"path": "/version"}
    assert server.post("/").text == INDEX.read_text()


def test_mlflow_still_keeps_its_choices_under_these_names():
    """Where this fails MLflow was upgraded: look for how it decides now (usePersistedState)."""
    scripts = "".join(path.read_text() for path in SCRIPTS.glob("main.*.js"))
    for key in CHOICES:
        name, _, version = key.rpartition("_v")
        assert f'key:"{name}",version:{version}' in scripts
