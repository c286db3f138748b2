"""Every route against whatever can be sent: refused with a reason, or answered; never broken."""

import copy
import http.client
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount, Route

from dags.pages.sources import Desk
from dags.run.settings import Settings
from dags.staging.layout import DAG_ID
from gx.editing.store import SuiteStore
from gx.web.app import create_app
from gx.web.bodies import MOST_BYTES
from gx.web.guard import User
from gx.web.suites.pages import suite_routes
from gx.web.suites.trial import Workbench
from sql.connection import make_engine
from sql.schema import create_schema, load_sample
from tests.databases import named_in
from tests.staged_runs import judged, outcome, stage_run
from tests.suite_desk import sample_bars
from tests.web_server import served

JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
SECRET = "what nobody may read"
SUITE = {
    "name": "bars",
    "id": "76a87551-932f-4848-b6c9-b48f9b328b11",
    "meta": {"owner": "desk"},
    "notes": "Kept small.",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "close", "min_value": 0.01},
            "severity": "critical",
            "description": "No price is below a cent.",
            "notes": ["one", "two"],
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "symbol", "value_set": ["TSLA", "NVDA"]},
            "severity": "warning",
            "id": "8fda1b7e-1111-4d0c-8d0b-1a51c3a9b0f2",
        },
    ],
}


WAIVER = {
    "id": "0123abcd",
    "expectation": "column_values_to_be_between(close)",
    "first_date": "2025-10-01",
    "reason": "why",
    "author": "ann",
    "made": "2026-01-01T00:00:00Z",
    "expires": "2999-01-01",
}


def routes_of(found, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of each route; nothing but routes may be mounted."""
    for route in found:
        if isinstance(route, Mount):
            yield from routes_of(route.routes, prefix + route.path)
        else:
            assert isinstance(route, Route), f"{route} is not tried here"
            for method in sorted(route.methods or ()):
                yield method, prefix + route.path


ROUTES = list(routes_of(create_app(None, None, login_url="").routes))  # type: ignore[arg-type]
PATHS = list(dict.fromkeys(path for _, path in ROUTES))
READS = [path for method, path in ROUTES if method == "GET"]
WRITES = [(method, path) for method, path in ROUTES if method not in ("GET", "HEAD")]
PARAMETERS = sorted({name for _, path in ROUTES for name in re.findall(r"{(\w+)", path)})


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


@dataclass
class Site:
    """The pages on a server, with a run, a suite that has a history, and real bars."""

    port: int
    folder: Path
    versions: list[str]
    sha256: str
    outdated: str

    def ask(self, method: str, target: str, body: Any = None, headers=None) -> Answer:
        """One request on a connection of its own; ``body`` may be parts of unknown length."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as asked:
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent
                asked.request(method, target, body, headers or {})
            answer = asked.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))

    def filled(self, path: str, /, **other: str) -> str:
        """The address of a route with values that are there, or with ``other``."""
        known = {
            "run_id": "bad",
            "dag_id": DAG_ID,
            "name": "bars",
            "version": self.versions[-1],
            "path": "index.html",
            "suite": "bars",
            "waiver": WAIVER["id"],
            "dataset": "stock_data",
        }
        if path.endswith("/static/{name}"):
            known["name"] = "base.css"
        if "/datasets/{name}" in path:
            known["name"] = "stock_data"
        return re.sub(r"{(\w+)(:path)?}", lambda name: (known | other)[name[1]], path)

    def bodies(self, method: str, path: str) -> Mapping[str, Any]:
        """What the editor sends there, with every field."""
        saved = {"base_sha256": self.sha256, "reason": "why", "accepted_weaknesses": ["a"]}
        bars = {"symbols": ["TSLA"], "start": "2025-10-01", "end": "2025-11-04"}
        document = copy.deepcopy(SUITE)
        known: dict[tuple[str, str], dict[str, Any]] = {
            ("PUT", "/gate/api/suites/{name}"): {"document": document, "base": document, **saved},
            ("POST", "/gate/api/suites"): {
                "name": "new", "accepted_weaknesses": ["a"], "dataset": "stock_data", **bars,
            },
            ("POST", "/gate/api/suites/{name}/check"): {"document": document, "base": document},
            ("POST", "/gate/api/suites/{name}/try"): {
                "document": document, "run_id": "bad", "entry": 9, "dataset": "stock_data", **bars,
            },
            ("POST", "/gate/api/suites/{name}/tune"): {
                "document": document, "entry": 1, "dataset": "stock_data",
            },
            ("POST", "/gate/api/suites/{name}/restore"): {"version": self.versions[0], **saved},
            # Not the version in force: whatever else is sent, nothing is renamed or deleted.
            **{("POST", f"/gate/api/suites/{{name}}/{act}"): {
                **to, "base_sha256": self.outdated, "reason": "why",
            } for act, to in (("rename", {"to": "other"}), ("delete", {}))},
            ("POST", "/gate/api/waivers/{suite}/{waiver}/withdraw"): {"reason": "why"},
            **{("POST", f"/gate/api{run}/waivers"): {
                "expectations": ["column_values_to_be_between(close)"], "symbol": "TSLA",
                "first_date": "2025-10-01", "last_date": "2025-11-04", "expires": "2036-01-01",
                "only_bar": "2025-10-12", "reason": "why",
            } for run in ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}")},
            **{("POST", f"/gate/api{run}/comments"): {"text": "why", "seen": 0}
               for run in ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}")},
            **{("POST", f"/gate/api{run}/repairs/{act}"): {name: [1], "reason": "why"}
               for run in ("/runs/{run_id}", "/dags/{dag_id}/runs/{run_id}")
               for act, name in (("accept", "blocks"), ("revoke", "ids"))},
            ("POST", "/gate/api/quarantine/{dataset}/judge"): {
                "symbols": ["TSLA"], "seen": ["1.2.3"], "reason": "why",
                "first_date": "2025-10-01", "last_date": "2025-11-04",
            },
            **{("POST", f"/gate/api/quarantine/{{dataset}}/{act}"): {
                "symbol": "TSLA", "seen": "1.2.3", "reason": "why", **more,
                "first_date": "2025-10-01", "last_date": "2025-11-04",
            } for act, more in (("release", {"expires": "2036-01-01"}), ("discard", {}))},
            **{("POST", f"/gate/api/datasets{act}"): self.dataset for act in ("/look", "/try", "")},
        }  # fmt: skip
        return known[method, path]

    @property
    def dataset(self) -> dict[str, Any]:
        """A new dataset, of a table that is not there: nothing is written."""
        said = {"connection": "", "schema": "public", "symbol": "AAA", "zone": "UTC", "unit": ""}
        more = {"bar": "1 day", "calendar": "XNYS", "policy": "fail", "schedule": "0 1 * * *"}
        named = {"name": "shares", "table": "quotes", "publish": "shares", "suite": "bars"}
        return {**named, **said, **more, "columns": {"close": "c"}}

    def files(self) -> dict[str, bytes]:
        """Everything on disk but locks, which hold nothing."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in found if path.name != ".lock"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres_server) -> Iterator[Site]:
    postgres_server.ensure_database("hostile")
    bars = postgres_server.settings("hostile")
    engine = make_engine(bars)
    create_schema(engine)
    load_sample(engine)
    engine.dispose()
    folder = tmp_path_factory.mktemp("site")
    (folder / "quality" / "data_docs").mkdir(parents=True)
    (folder / "quality" / "data_docs" / "index.html").write_text("index")
    for place in (folder, folder / "quality", folder / "gx", folder / "staging"):
        place.mkdir(exist_ok=True)
        (place / "secret.json").write_text(SECRET)
    frame = sample_bars()
    stage_run(folder / "staging", "bad", frame, judged(frame, outcome(frame, [5])))
    versions = keep_suite(folder)
    (folder / "gx" / "waivers").mkdir()
    kept = json.dumps({"suite": "bars", "waivers": [WAIVER]})
    (folder / "gx" / "waivers" / "bars.json").write_text(kept)
    settings = Settings.of(
        {
            "STAGING_URL": f"file://{folder / 'staging'}",
            "RESULTS_DIR": str(folder / "quality"),
            **named_in(bars),
        }
    )
    bench = Workbench()
    bench.warm()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gx.web.app.suite_routes", lambda: suite_routes(bench))
        app = create_app(Desk(settings, project=folder), anybody, login_url="/login")
    try:
        with served(app) as port:
            yield Site(
                port, folder, [v.id for v in versions], *(versions[at].sha256 for at in (0, -1))
            )
    finally:
        bench.close()


async def anybody(request) -> User:
    return User("ann", may_write=True, may_add=True, decides=True)


def keep_suite(folder: Path):
    """Write the suite, and save it twice."""
    suites = folder / "gx" / "expectations"
    suites.mkdir(parents=True)
    (suites / "bars.json").write_text(json.dumps({**SUITE, "notes": "Older."}))
    store = SuiteStore(suites, folder / "gx" / "history", check=lambda raw, name: ())
    base = store.read("bars").sha256
    store.save("bars", SUITE, base_sha256=base, author="ann", reason="tidier")
    return store.versions("bars")


def wrongs(value: Any, wrong: Iterable[Any]) -> Iterator[Any]:
    """``value`` with one part in it after the other replaced by each of ``wrong``."""
    yield from copy.deepcopy(list(wrong))
    if isinstance(value, dict):
        for key, part in value.items():
            yield from (value | {key: spoilt} for spoilt in wrongs(part, wrong))
    if isinstance(value, list):
        for at, part in enumerate(value):
            yield from ([*value[:at], spoilt, *value[at + 1 :]] for spoilt in wrongs(part, wrong))


def texts_in(value: Any) -> Iterator[str]:
    """Every text in ``value``, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in (*value, *(value.values() if isinstance(value, dict) else ())):
            yield from texts_in(part)


def faults(site: Site, requests: Iterable[tuple[Any, ...]], allowed: range) -> list[str]:
    """What is wrong with the answers; and which files are others after all of them."""
    found, before = [], site.files()
    for request in requests:
        answer = site.ask(*request)
        told = f"{str(request)[:300]} -> {answer.status} {answer.text[:300]}"
        if answer.status not in allowed:
            found.append(told)
        if "Traceback" in answer.text or SECRET in answer.text:
            found.append(f"tells too much: {told}")
    after = site.files()
    changed = (name for name in before | after if before.get(name) != after.get(name))
    return [*found, *(f"changed {name}" for name in changed)]


ANSWERED = range(200, 500)
NESTED = 10_000
BODIES = {
    "empty": b"",
    "no JSON": b"{oops",
    "cut": b'{"document": {"name": "ba',
    "a list": b"[]",
    "null": b"null",
    "a text": b'"x"',
    "a number": b"1",
    "empty object": b"{}",
    "no UTF-8": b'{"reason": "\xff"}',
    "UTF-16": '{"reason": "x"}'.encode("utf-16"),
    "a mark": b"\xef\xbb\xbf{}",
    "null bytes": b"\0" * 100,
    "nested lists": b'{"document": ' + b"[" * NESTED + b"]" * NESTED + b"}",
    "nested objects": b'{"document": ' + b'{"a":' * NESTED + b"1" + b"}" * NESTED + b"}",
    "nested and cut": b"[" * NESTED,
    "a form": b"document=1&reason=2",
}
# As JSON texts, in the place of each value that a route takes.
NO_VALUES = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e999": "1e999",
    "huge": "1" + "0" * 30,
    "longest": "9" * 5_000,
    "surrogate": r'"a\ud800b"',
    "surrogate as a key": r'{"\udfff": 1}',
    "twice": '{"a": 1, "a": 2}',
}
WRONG: tuple[Any, ...] = (None, True, -1e308, "x" * 5_000, "../../secret", "a\0b", [], {}, [[None]])
NAMES = (
    *("..", ".", "%2e%2e", "%2e", "..%2fsecret", "..%2f..%2fsecret", "%2fetc%2fpasswd", "%5c..%5c"),
    *("%00", "a%00b", "%ff", "%ed%a0%80", "%0d%0aSet-Cookie:%20a=b", "%1b%5b31m", "%e2%80%ae", "*"),
    *("~", "%20", "secret", "secret.json", "bars.json", ".lock", "bad%2fsteps", "x" * 300),
    *("x" * 5_000, "%f0%9f%98%80" * 60, "%7b0.__class__%7d", "bars%2f..%2fbars", "index.html%00"),
)
QUERY = (
    *(
        "page",
        "sort",
        "order",
        "symbol",
        "expectation",
        "verdict",
        "dataset",
        "v",
        "unheard",
        "next",
        "date",
        "as_of",
        "person",
        "action",
        "day",
    ),
)
VALUES = (
    *("", "-1", "0", "1e18", "1000000000000000000", "9" * 5_000, "NaN", "1.5", "%C2%B2", "%00"),
    *("%ff", "%ed%a0%80", "no_such_column", "x" * 5_000, "row;drop", "..%2f..%2fsecret.json"),
    *("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%0d%0aa:%20b", "a&page=2&page=", "&&=&", "%"),
)
HEADERS = (
    *({"origin": text} for text in ("", "null", "http://[", "http://a:b:c", "x" * 5_000, "\xff")),
    *({"content-type": text} for text in ("", ";", "text/plain", "application/json5", "\xff/\xff")),
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "application/json", "content-encoding": "gzip", "sec-fetch-site": "none"},
    {"accept": "\xff, */*;q=x"},
    {"host": "["},
    {"cookie": "\xff=\xff; ="},
    {"x-forwarded-prefix": "//evil", "x-forwarded-host": "evil"},
)


def test_what_a_route_takes_is_tried_for_every_route():
    assert len(ROUTES) > 30
    assert PARAMETERS == [
        "dag_id",
        "dataset",
        "name",
        "path",
        "run_id",
        "suite",
        "version",
        "waiver",
    ]
    assert len(WRITES) == 23, "say in Site.bodies what the editor sends to the new route"
    source = Path("gx/web").rglob("*.py")
    asked = {
        n for f in source for n in re.findall(r'query(?:_params)?\.get\("(\w+)"', f.read_text())
    }
    assert asked <= set(QUERY), "try the new parameter in QUERY"


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_what_the_editor_sends_is_understood(site, method, path):
    sent = json.dumps(site.bodies(method, path))

    answer = site.ask(method, site.filled(path), sent, JSON)

    assert answer.status in (200, 409, 422), answer  # nothing was wrong but what is meant to be


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_body_that_says_nothing_or_two_things_is_refused(site, method, path):
    where, good = site.filled(path), site.bodies(method, path)
    bodies = list(BODIES.values())
    for text in NO_VALUES.values():
        spoilt = wrongs(good, ["@@"])
        bodies += [json.dumps(body).replace('"@@"', text).encode() for body in spoilt]
    bodies += [json.dumps(good).replace("{", '{"unheard": 1, ', 1).encode()]
    bodies += [json.dumps(good).replace("{", f'{{"{key}": 1, ', 1).encode() for key in good]

    assert faults(site, ((method, where, body, JSON) for body in bodies), range(400, 401)) == []


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_half_a_character_is_refused_in_every_text(site, method, path):
    good = json.dumps(site.bodies(method, path))
    bodies = [
        good.replace(json.dumps(text), json.dumps(f"{text}\udc80"))
        for text in set(texts_in(json.loads(good)))
    ]

    requests = ((method, site.filled(path), body, JSON) for body in bodies)
    assert faults(site, requests, range(400, 401)) == []


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_body_of_the_wrong_types_breaks_nothing(site, method, path):
    where, good = site.filled(path), site.bodies(method, path)
    accepting: dict[str, Any] = {"accepted_weaknesses": []}  # is nothing wrong
    spoilt = [body for body in wrongs(good, WRONG) if body != good | accepting]

    requests = ((method, where, json.dumps(body), JSON) for body in spoilt)
    assert faults(site, requests, ANSWERED) == []


def test_a_trial_of_any_expectation_breaks_nothing(site):
    method, path = "POST", "/gate/api/suites/{name}/try"
    good = site.bodies(method, path) | {"entry": 1}
    entries = (
        entry | {"kwargs": kwargs}
        for entry in SUITE["expectations"]
        for kwargs in wrongs(entry["kwargs"], WRONG)
    )
    bodies = (good | {"document": SUITE | {"expectations": [entry]}} for entry in entries)

    requests = ((method, site.filled(path), json.dumps(body), JSON) for body in bodies)
    assert faults(site, requests, ANSWERED) == []


def test_a_conflict_with_any_document_is_told(site):
    method, path = "PUT", "/gate/api/suites/{name}"
    good = site.bodies(method, path) | {"base_sha256": "older"}
    spoilt = [d for d in wrongs(SUITE, WRONG) if isinstance(d, dict)]

    requests = (
        (method, site.filled(path), json.dumps(good | {"document": one, "base": two}), JSON)
        for one, two in zip(spoilt, reversed(spoilt), strict=True)
    )
    assert faults(site, requests, range(409, 423)) == []


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_body_that_is_too_large_is_refused_however_it_comes(site, method, path):
    start = json.dumps(site.bodies(method, path))[:-1].encode() + b', "more": "'
    body = start + b"x" * (MOST_BYTES + 1 - len(start))
    parts = (body[at : at + 50_000] for at in range(0, len(body), 50_000))
    requests = [(method, site.filled(path), sent, JSON) for sent in (body, body, parts)]
    requests += [(method, site.filled(path), b"{}", JSON | {"content-length": "9" * 19})]

    assert faults(site, requests, range(413, 414)) == []


@pytest.mark.parametrize(
    "path", [path for path in dict.fromkeys(p for _, p in ROUTES) if "{" in path]
)
def test_a_name_in_the_address_leads_nowhere_else(site, path):
    requests = [
        (method, site.filled(path, **{name: value}), json.dumps(body) if body else None, JSON)
        for name in re.findall(r"{(\w+)", path)
        for method in (m for m, p in ROUTES if p == path and m != "HEAD")
        for body in [site.bodies(method, path) if (method, path) in WRITES else None]
        for value in NAMES
    ]

    assert faults(site, requests, ANSWERED) == []


@pytest.mark.parametrize("path", READS)
def test_a_query_that_no_page_makes_breaks_nothing(site, path):
    where = site.filled(path)
    queries = ["&".join(f"{name}={value}" for name in QUERY) for value in VALUES]
    if "{run_id}" in path:
        queries += [f"sort={value}&order=desc&page={value}" for value in VALUES]
    kinds = ({"accept": "text/html"}, {"accept": "application/json"})

    requests = [("GET", f"{where}?{q}", None, kinds[n % 2]) for n, q in enumerate(queries)]
    assert faults(site, requests, ANSWERED) == []


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_and_headers_break_nothing(site, path):
    where = site.filled(path)
    methods = ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "get")
    requests: list[tuple[str, str, Any, dict[str, str]]]
    requests = [(method, where, b"{}", JSON) for method in methods]
    for method in (m for m, p in ROUTES if p == path and m != "HEAD"):
        body = json.dumps(site.bodies(method, path)) if (method, path) in WRITES else None
        kept = {} if method == "GET" else {"content-type": "application/json"}
        requests += [(method, where, body, kept | headers) for headers in HEADERS]

    assert faults(site, requests, ANSWERED) == []
