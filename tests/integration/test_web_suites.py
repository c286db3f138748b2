"""The suite pages behind a guard, with the real process that knows Great Expectations."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gx.dataset.read import parse_dataset
from gx.errors import SuiteError
from gx.web.sources import ListedDataset
from gx.web.static_files import embedded
from gx.web.suites.trial import DraftError, Workbench, WorkbenchError
from gx.web.summary import RunSummary
from tests.staged_runs import daily_bars
from tests.suite_desk import (
    DATASET,
    HOSTILE,
    NAME,
    FakeSources,
    KeptRun,
    client,
    sample_bars,
    suite_app,
    suite_sources,
)


@pytest.fixture(scope="module")
def workbench():
    bench = Workbench()
    yield bench
    bench.close()


@pytest.fixture
def sources(tmp_path: Path) -> FakeSources:
    return suite_sources(tmp_path)


@pytest.fixture
def app(sources, workbench, monkeypatch):
    return suite_app(sources, workbench, monkeypatch)


@pytest.fixture
def ann(app):
    return client(app)


def saved(ann) -> tuple[dict[str, Any], str]:
    version = ann.get(f"/gate/api/suites/{NAME}").json()
    return json.loads(version["text"]), version["sha256"]


def bounded(document: dict[str, Any], limit: float) -> dict[str, Any]:
    changed = json.loads(json.dumps(document))
    bound = next(e for e in changed["expectations"] if e["kwargs"].get("column") == "volume"
                 and "max_value" in e["kwargs"])  # fmt: skip
    bound["kwargs"]["max_value"] = limit
    return changed


def put(who, document, sha256, reason="tighter", **more):
    body = {"document": document, "base_sha256": sha256, "reason": reason, **more}
    return who.put(f"/gate/api/suites/{NAME}", json=body)


def versions(ann) -> list[str]:
    page = ann.get(f"/gate/suites/{NAME}/history").text
    return re.findall(r'data-version="([^"]+)"', page)


WRITES = [
    ("PUT", f"/gate/api/suites/{NAME}"),
    ("POST", "/gate/api/suites"),
    ("POST", f"/gate/api/suites/{NAME}/check"),
    ("POST", f"/gate/api/suites/{NAME}/try"),
    ("POST", f"/gate/api/suites/{NAME}/tune"),
    ("POST", f"/gate/api/suites/{NAME}/restore"),
    ("POST", f"/gate/api/suites/{NAME}/rename"),
    ("POST", f"/gate/api/suites/{NAME}/delete"),
]
READS = [
    "/gate/suites/",
    "/gate/suites/new",
    f"/gate/suites/{NAME}",
    f"/gate/suites/{NAME}/history",
    "/gate/api/catalogue",
    f"/gate/api/suites/{NAME}",
    f"/gate/api/suites/{NAME}/check",
    f"/gate/api/suites/{NAME}/versions/x",
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_is_refused_without_login_rights_origin_or_json(app, sources, method, path):
    text = (sources.suites / f"{NAME}.json").read_text()
    assert client(app, "nobody").request(method, path, json={}).status_code == 401
    assert client(app, "vic").request(method, path, json={}).status_code == 403
    ann = client(app)
    for origin in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        assert ann.request(method, path, json={}, headers=origin).status_code == 403
    evil = {"origin": "http://evil", "x-user": "ann"}
    assert TestClient(app).request(method, path, json={}, headers=evil).status_code == 403
    assert ann.request(method, path, data={"document": "{}"}).status_code == 403
    plain = {"content-type": "text/plain"}
    assert ann.request(method, path, content="{}", headers=plain).status_code == 403
    assert (sources.suites / f"{NAME}.json").read_text() == text
    assert not list(sources.history.glob("*/*.json"))


@pytest.mark.parametrize("path", READS)
def test_anonymous_sees_nothing(app, path):
    answer = client(app, "nobody").get(path)
    assert answer.status_code == 401
    assert answer.json() == {"error": "log in first"}
    page = client(app, "nobody").get(path, headers={"accept": "text/html"})
    assert page.status_code == 303
    assert page.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"document": 3}'])
def test_a_body_that_no_editor_sends_is_refused(ann, body):
    headers = {"content-type": "application/json"}
    answer = ann.put(f"/gate/api/suites/{NAME}", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "name", ["nope", "..%2Fstock_data", "%2e%2e", "%2Fetc%2Fpasswd", "stock_data.json", "a%00b"]
)
def test_a_name_that_is_no_suite_is_not_found(ann, name):
    for path in (f"suites/{name}", f"suites/{name}/history", f"api/suites/{name}",
                 f"api/suites/{name}/check", f"api/suites/{NAME}/versions/{name}"):  # fmt: skip
        assert ann.get(f"/gate/{path}").status_code == 404, path
    document: dict[str, Any] = {"document": {}}
    version = {"version": "x"}
    edit = {"base_sha256": "", "reason": "x"}
    assert ann.put(f"/gate/api/suites/{name}", json=document | edit).status_code == 404
    for verb, body in (("check", document), ("try", document), ("restore", version | edit)):
        assert ann.post(f"/gate/api/suites/{name}/{verb}", json=body).status_code == 404, verb


def test_a_viewer_sees_the_pages_without_anything_to_write(app):
    vic = client(app, "vic")
    page = vic.get(f"/gate/suites/{NAME}").text
    assert "You may look at this suite" in page
    assert 'id="open-save"' not in page
    assert '"may_write": false' in page
    assert "New suite" not in vic.get("/gate/suites/").text


def test_the_list_shows_author_time_count_and_the_last_run(app, ann, sources):
    document, base = saved(ann)
    put(ann, bounded(document, 5e9), base)
    run = RunSummary("r<1>", "d", "2026-11-20T10:00:00", "Passed: fine.", "open", suite=NAME)
    sources.known = (run,)
    page = ann.get("/gate/suites/").text
    assert "ann" in page and f">{len(document['expectations'])}" in page
    assert "Passed: fine." in page and "/gate/runs/r%3C1%3E" in page
    assert "with another version" in page


def test_the_editors_page_has_a_policy_and_escapes_what_it_embeds(ann):
    document, base = saved(ann)
    document["expectations"][0]["description"] = HOSTILE
    assert put(ann, document, base, reason=HOSTILE).status_code == 200
    for path in (f"/gate/suites/{NAME}", f"/gate/suites/{NAME}/history", "/gate/suites/",
                 "/gate/suites/new"):  # fmt: skip
        answer = ann.get(path)
        assert HOSTILE not in answer.text and 'alert("1")' not in answer.text, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        nonce = re.search(r"script-src 'nonce-([^']+)'", policy).group(1)
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert scripts and all(f'nonce="{nonce}"' in script for script in scripts)
        assert not re.search(r"\son\w+=", answer.text)
    data = re.search(r'id="page-data"[^>]*>(.*?)</script>', ann.get(f"/gate/suites/{NAME}").text)
    first = json.loads(json.loads(data.group(1))["text"])["expectations"][0]
    assert first["description"] == HOSTILE


def test_embedded_data_comes_back_as_it_was():
    data = {"a": HOSTILE + "\u2028 & <!--", "b": [1.5, None]}
    text = str(embedded(data))
    assert json.loads(text) == data
    assert not set("<>&\u2028") & set(text)


def test_saving_writes_the_file_and_names_the_author(ann, sources):
    document, base = saved(ann)
    answer = put(ann, bounded(document, 5e9), base)
    assert answer.status_code == 200
    assert answer.json()["author"] == "ann"
    assert "5000000000" in (sources.suites / f"{NAME}.json").read_text()


def outlier(document):
    return next(e for e in document["expectations"] if e["type"] == "expect_no_return_outliers")


def test_a_wording_for_other_parameters_is_marked_until_it_fits_again(ann, sources):
    document, base = saved(ann)
    was = dict(outlier(document)["kwargs"])
    outlier(document)["kwargs"]["threshold"] = 1e9
    checked = ann.post(f"/gate/api/suites/{NAME}/check", json={"document": document}).json()
    at = document["expectations"].index(outlier(document))
    assert [n for n, told in enumerate(checked["outdated"]) if told] == [at]
    assert "1,000,000,000 robust deviations" in checked["sentences"][at]
    weak = {"accepted_weaknesses": checked["new_weaknesses"]}
    assert put(ann, document, base, **weak).status_code == 200

    document, base = saved(ann)
    assert outlier(document)["meta"]["worded_for"] == {"threshold": was["threshold"]}
    again = ann.get(f"/gate/api/suites/{NAME}/check").json()
    assert again["outdated"][at]
    outlier(document)["kwargs"] = was
    assert put(ann, document, base).status_code == 200
    assert "worded_for" not in outlier(saved(ann)[0]).get("meta", {})


def test_what_somebody_else_saved_meanwhile_is_no_change_of_a_draft(ann):
    mine, base = saved(ann)
    began_from = json.loads(json.dumps(mine))
    theirs = json.loads(json.dumps(mine))
    theirs["expectations"][0]["severity"] = "warning"
    weak = {"accepted_weaknesses": checked_of(ann, theirs)["new_weaknesses"]}
    assert put(ann, theirs, base, **weak).status_code == 200
    outlier(mine)["kwargs"]["threshold"] = 9
    found = checked_of(ann, mine, base=began_from)
    assert [(one["kind"], one["name"]) for one in found["changes"]] == [
        ("changed", "no_return_outliers")
    ]
    assert found["sha256"] != base


def checked_of(user, document, **more):
    return user.post(f"/gate/api/suites/{NAME}/check", json={"document": document, **more}).json()


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda e: e["kwargs"].update(min_valu=3), "min_valu"),
        (lambda e: e["kwargs"].update(min_value="x"), "min_value"),
        (lambda e: e.update(severity="fatal"), "severity"),
        (lambda e: e.update(type="expect_nothing"), "type"),
        (lambda e: e.update(color="red"), "color"),
    ],
)
def test_a_broken_draft_cannot_be_saved_and_says_which_field(ann, sources, spoil, field):
    document, base = saved(ann)
    spoil(document["expectations"][1])
    answer = put(ann, document, base)
    assert answer.status_code == 422
    assert (answer.json()["entry"], answer.json()["field"]) == (2, field)
    assert saved(ann)[1] == base
    checked = ann.post(f"/gate/api/suites/{NAME}/check", json={"document": document}).json()
    assert [(f["entry"], f["field"]) for f in checked["faults"]] == [(2, field)]


def test_a_check_finds_every_fault_and_words_every_sound_entry(ann):
    document, _ = saved(ann)
    document["expectations"][0]["severity"] = "bad"
    document["expectations"][4]["kwargs"] = {}
    document["expectations"][5].pop("description")
    found = ann.post(f"/gate/api/suites/{NAME}/check", json={"document": document}).json()
    assert [fault["entry"] for fault in found["faults"]] == [1, 5]
    assert found["sentences"][5] == "high values must never be null."
    assert {change["kind"] for change in found["changes"]} == {"changed"}


def test_two_editors_the_second_sees_the_difference_and_may_save_over_it(app, ann):
    document, base = saved(ann)
    bob = client(app, "bob")
    assert put(bob, bounded(document, 7e9), base, reason="bob was here").status_code == 200
    answer = put(ann, bounded(document, 5e9), base, base=document)
    assert answer.status_code == 409
    told = answer.json()
    assert (told["theirs"]["author"], told["theirs"]["reason"]) == ("bob", "bob was here")
    detail = told["their_changes"][0]["details"][0]
    assert (detail["field"], detail["after"]) == ("max_value", 7e9)
    assert told["difference"][0]["details"][0]["after"] == 5e9
    over = put(ann, bounded(document, 5e9), told["theirs"]["sha256"])
    assert over.status_code == 200
    assert len(versions(ann)) == 3


def severe(document, at, severity):
    changed = json.loads(json.dumps(document))
    changed["expectations"][at]["severity"] = severity
    return changed


def test_two_editors_who_changed_other_things_are_both_saved(app, ann, kept):
    document, base = saved(ann)
    at = document["expectations"].index(outlier(document))
    bob = client(app, "bob")
    assert put(bob, severe(document, at, "info"), base, reason="louder").json()["merged"] is None
    closed = put(ann, bounded(document, 8e7), base, base=document)
    assert closed.status_code == 422, "the merged suite is tried on the last run's bars"
    (weakness,) = closed.json()["weaknesses"]
    told = put(ann, bounded(document, 8e7), base, accepted_weaknesses=[weakness]).json()
    assert told["merged"]["said"] == "bob changed no_return_outliers (severity); both are saved"
    assert [one["name"] for one in told["merged"]["changes"]] == ["no_return_outliers"]
    wanted = bounded(severe(document, at, "info"), 8e7)["expectations"]
    asks = [
        [(e["severity"], e["kwargs"]) for e in es] for es in (saved(ann)[0]["expectations"], wanted)
    ]
    assert asks[0] == asks[1]
    page = ann.get(f"/gate/suites/{NAME}/history").text
    assert "merged: bob changed no_return_outliers (severity) meanwhile" in page
    assert "louder" in page and "tighter" in page


def test_a_conflict_says_what_both_changed(app, ann):
    document, base = saved(ann)
    put(client(app, "bob"), severe(bounded(document, 7e9), 0, "info"), base)
    told = put(ann, bounded(document, 5e9), base, base=document).json()
    (said,) = told["conflicts"]
    assert said.startswith("you both changed parameters (you max_value; they max_value) of ")
    assert said in told["error"]


def test_the_history_shows_differences_and_runs_and_restores_any_version(ann, sources):
    document, base = saved(ann)
    sources.known = (RunSummary("r1", "d", "2026-11-20T10:00:00", "v", "open", suite=NAME,
                                suite_sha256=base),)  # fmt: skip
    put(ann, bounded(document, 5e9), base)
    page = ann.get(f"/gate/suites/{NAME}/history").text
    assert "<b>max_value</b>" in page and "Used by 1 run:" in page and "/gate/runs/r1" in page
    now = saved(ann)[1]
    body = {"version": versions(ann)[-1], "base_sha256": now, "reason": "back"}
    assert ann.post(f"/gate/api/suites/{NAME}/restore", json=body).json()["sha256"] == base
    assert ann.post(f"/gate/api/suites/{NAME}/restore", json=body).status_code == 409


def shelve(who, name, act, **more):
    version = who.get(f"/gate/api/suites/{name}").json()
    body = {"base_sha256": version["sha256"], "reason": "tidy", **more}
    return who.post(f"/gate/api/suites/{name}/{act}", json=body)


def test_a_suite_is_renamed_and_deleted_and_restored_from_its_page(app, ann, sources):
    assert ann.post("/gate/api/suites", json={"name": "other", "copy_of": NAME}).is_success
    assert 'id="rename"' in ann.get("/gate/suites/other").text
    assert 'id="shelf"' not in client(app, "vic").get("/gate/suites/other").text
    renamed = shelve(client(app, "bob"), "other", "rename", to="another")
    assert (renamed.status_code, renamed.json()["name"]) == (201, "another")
    assert ann.get("/gate/suites/other").status_code == 404
    assert shelve(client(app, "bob"), "another", "delete").json()["author"] == "bob"
    listed = ann.get("/gate/suites/").text
    assert "Renamed to another: tidy" in listed and "by bob. tidy" in listed
    page = ann.get("/gate/suites/another/history").text
    assert "There is no suite another any more" in page and "in force" not in page
    body = {"version": re.findall(r'data-restore="([^"]+)"', page)[-1], "base_sha256": "x"}
    body |= {"reason": "needed"}
    assert ann.post("/gate/api/suites/another/restore", json=body).is_success
    assert (sources.suites / "another.json").is_file()


@pytest.mark.parametrize("act", ["rename", "delete"])
def test_a_suite_that_a_dataset_is_judged_by_stays(ann, sources, act):
    assert ann.post("/gate/api/suites", json={"name": "other", "copy_of": NAME}).is_success
    known = parse_dataset("coins", "source: {table: coins}\nsuite: other\npublish: coins")
    broken = ListedDataset("wrong", "e", None, ("its file is no YAML",))
    sources.listed = (DATASET, ListedDataset("coins", "c", known), broken)
    more = {"to": "another"} if act == "rename" else {}
    refused = shelve(ann, "other", act, **more)
    assert refused.status_code == 422
    said = (
        "other judges the datasets coins, wrong (its file cannot be read, and may name this suite)"
    )
    assert refused.json()["error"].startswith(said)
    assert said in ann.get("/gate/suites/other").text
    assert (sources.suites / "other.json").is_file()


def try_it(ann, document, **bars):
    return ann.post(f"/gate/api/suites/{NAME}/try", json={"document": document, **bars})


@pytest.fixture
def kept(sources):
    day: dict[str, Any] = {"started": "2025-11-05T10:00:00+00:00", "as_of": "2025-11-04"}
    sources.known = tuple(
        RunSummary(run_id, "d", verdict="v", state="open", rows=46, suite=NAME, **day)
        for run_id in ("kept", "gone")
    )
    return sources


def test_a_trial_says_what_would_fail_and_be_held_and_what_differs(ann, kept):
    document, base = saved(ann)
    found = try_it(ann, bounded(document, 8e7), run_id="kept").json()
    assert (found["rows"], found["symbols"]) == (46, 2)
    assert found["saved"]["open"] and not found["draft"]["open"]
    assert found["draft"]["held"] == ["NVDA", "TSLA"]
    (changed,) = [o for o in found["outcomes"] if o["change"]]
    assert changed["change"] == "newly failing"
    assert (
        changed["count"]
        == int((sample_bars()["volume"] > 8e7).sum())
        == len(sample_bars().query("volume > 8e7"))
    )
    assert saved(ann)[1] == base


def tune(ann, document, entry):
    return ann.post(f"/gate/api/suites/{NAME}/tune", json={"document": document, "entry": entry})


def test_a_threshold_is_tuned_on_the_bars_of_past_runs(ann, kept, monkeypatch):
    document, base = saved(ann)
    types = [one["type"] for one in document["expectations"]]
    entry = types.index("expect_no_return_outliers") + 1
    few = tune(ann, document, entry)
    assert few.status_code == 422
    assert "46 bars of 2 symbols are too few to tune" in few.json()["error"]

    long = daily_bars(["AAA", "BBB"], 200)
    monkeypatch.setattr(KeptRun, "bars", lambda self, symbols=None: long)
    found = tune(ann, document, entry).json()

    assert (found["parameter"], found["current"], found["rows"]) == ("threshold", 8, 400)
    assert found["on"].startswith("400 bars of 2 symbols, ") and "2 runs" in found["on"]
    assert found["proposed"] in [one["level"] for one in found["points"]]
    assert saved(ann)[1] == base
    assert tune(ann, document, 99).status_code == 422
    assert tune(ann, document, types.index("expect_bars_to_be_fresh") + 1).status_code == 422


def test_what_nobody_ran_cannot_be_tuned_on(ann, sources):
    refused = tune(ann, saved(ann)[0], 1)
    assert refused.status_code == 400
    assert "no run of stock_data has its bars still" in refused.json()["error"]


CRITICAL = {"severity": "critical"}
SOME_DAY = {"row_condition": 'date == "2031-01-21"', "condition_parser": "pandas"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"kwargs": {"column": "close", "max_value": 1}},
            "between(close) fails for all 2 symbols: nothing would be published",
        ),
        (
            {"kwargs": {"column": "close", "max_value": 300}},
            "fails on 23 bars of 1 symbol, which it holds: TSLA",
        ),
        (
            {"kwargs": {"column": "close", "min_value": 0, **SOME_DAY}},
            "looks at no bar (its condition fits none, or its column is empty)",
        ),
    ],
)
def test_what_would_close_the_gate_on_the_last_runs_bars_is_accepted_first(ann, kept, entry, said):
    document, base = saved(ann)
    new = {"type": "expect_column_values_to_be_between", **CRITICAL, **entry}
    draft = {**document, "expectations": [*document["expectations"], new]}
    refused = put(ann, draft, base)
    assert refused.status_code == 422
    (weakness,) = refused.json()["weaknesses"]
    assert weakness.startswith("On the bars of the last run, ") and said in weakness
    assert saved(ann)[1] == base
    accepted = put(ann, draft, base, accepted_weaknesses=[weakness])
    assert accepted.status_code == 200
    # It is so now: whoever saves next is not asked about it again.
    again, base = saved(ann)
    assert put(ann, bounded(again, 5e9), base).status_code == 200


def test_what_only_warns_or_has_no_bars_to_be_tried_on_is_saved_at_once(ann, kept):
    document, base = saved(ann)
    kwargs = {"column": "close", "max_value": 1}
    new = {"type": "expect_column_values_to_be_between", "severity": "warning", "kwargs": kwargs}
    assert put(ann, {**document, "expectations": [*document["expectations"], new]}, base).is_success
    kept.known = kept.known[1:]  # its bars are cleaned up
    document, base = saved(ann)
    assert put(ann, bounded(document, 1), base).is_success


def test_a_trial_of_one_expectation_judges_only_that(ann, kept):
    document, _ = saved(ann)
    draft = bounded(document, 8e7)
    before = document["expectations"]
    entry = next(n for n, e in enumerate(draft["expectations"], 1) if e not in before)
    found = try_it(ann, draft, run_id="kept", entry=entry).json()
    (outcome,) = found["outcomes"]
    assert (outcome["entry"], outcome["change"]) == (entry, "newly failing")


def test_a_removed_expectation_is_named_and_an_added_one_is_new(ann, kept):
    document, _ = saved(ann)
    draft = {**document, "expectations": document["expectations"][1:]}
    draft["expectations"].append({"type": "expect_column_max_to_be_between", "severity": "info",
                                  "kwargs": {"column": "close", "max_value": 1}})  # fmt: skip
    found = try_it(ann, draft, run_id="kept").json()
    assert [o["name"].partition("(")[0] for o in found["dropped"]] == ["table_columns_to_match_set"]
    assert (found["outcomes"][-1]["change"], found["outcomes"][-1]["status"]) == ("new", "failed")


def test_a_trial_takes_a_fresh_extract(ann):
    document, _ = saved(ann)
    found = try_it(ann, document, symbols=["TSLA"], start="2025-10-01", end="2025-11-04").json()
    assert found["symbols"] == 1


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        ({"run_id": "gone"}, "cleaned up"),
        ({"run_id": "../kept"}, "no such run"),
        ({"run_id": 3}, "run_id must be a text"),
        ({"symbols": "TSLA"}, "symbols must be a list"),
        ({"symbols": ["NONE"]}, "no bars of these symbols"),
        ({"symbols": ["TSLA"], "start": "yesterday"}, "date like"),
        ({"run_id": "kept", "entry": "1"}, "whole number"),
    ],
)
def test_bars_that_cannot_be_had_are_explained(ann, kept, bars, said):
    answer = try_it(ann, saved(ann)[0], **bars)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_a_broken_draft_cannot_be_tried_and_says_which_field(ann, kept):
    document, _ = saved(ann)
    document["expectations"][1]["kwargs"]["min_value"] = "x"
    answer = try_it(ann, document, run_id="kept")
    assert answer.status_code == 422
    assert (answer.json()["entry"], answer.json()["field"]) == (2, "min_value")


def test_a_suite_is_drafted_from_data_once(ann, sources):
    answer = ann.post("/gate/api/suites", json={"name": "drafted", "symbols": ["TSLA"]})
    assert answer.status_code == 201
    assert answer.json()["reason"] == "Drafted from 23 bars of TSLA"
    assert (sources.suites / "drafted.json").is_file()
    again = ann.post("/gate/api/suites", json={"name": "drafted", "symbols": ["TSLA"]})
    assert (again.status_code, again.json()["field"]) == (422, "name")
    bad = ann.post("/gate/api/suites", json={"name": "../x", "symbols": ["TSLA"]})
    assert bad.status_code == 422


def test_a_suite_is_copied_under_another_name(ann, sources):
    body = {"name": "calm", "copy_of": NAME}
    made = ann.post("/gate/api/suites", json=body)
    assert made.status_code == 201 and made.json()["reason"] == f"Copied from {NAME}"
    copy = json.loads((sources.suites / "calm.json").read_text())
    original, _ = saved(ann)
    assert copy["name"] == "calm"
    assert [e["kwargs"] for e in copy["expectations"]] == [
        e["kwargs"] for e in original["expectations"]
    ]
    assert not any("id" in entry for entry in copy["expectations"])
    again = ann.post("/gate/api/suites", json=body)
    assert again.status_code == 422 and "already" in again.json()["error"]
    gone = ann.post("/gate/api/suites", json={"name": "other", "copy_of": "gone"})
    assert gone.status_code == 404
    assert f'"{NAME}"' in ann.get("/gate/suites/new").text


def test_a_suite_that_is_no_json_can_still_be_opened_and_mended(ann, sources):
    document, _ = saved(ann)
    (sources.suites / f"{NAME}.json").write_text("{ oops")
    assert "no JSON" in ann.get("/gate/suites/").text
    assert ann.get(f"/gate/suites/{NAME}").status_code == 200
    now = ann.get(f"/gate/api/suites/{NAME}").json()["sha256"]
    assert put(ann, document, now).status_code == 200


def test_the_catalogue_is_told_with_its_forms(ann):
    told = ann.get("/gate/api/catalogue").json()
    assert len(told["entries"]) > 70
    assert told["parameters"] == ["as_of", "symbols", "first_date", "last_date", "ended"]


def test_a_workbench_that_dies_is_said_and_starts_again():
    bench = Workbench()
    try:
        bench.warm()
        bench._process.kill()
        bench._process.wait()
        assert bench.ask("check", document={}, name="x")["faults"]  # started anew, unnoticed
        with pytest.raises(DraftError, match="could not be tried: KeyError"):
            bench.ask("nonsense")
        with pytest.raises(SuiteError):
            bench.ask("trust", raw=b"{", name="x")
        bench.patience_s = 0.01
        with pytest.raises(WorkbenchError, match=r"took more than 0\.01 s"):
            bench.ask("draft", bars=sample_bars(), name="x")
        bench.patience_s = 60
        assert bench.ask("check", document={}, name="x")["faults"]
    finally:
        bench.close()


COINS = ListedDataset(
    "coins",
    "coins_workflow",
    parse_dataset("coins", "source: {table: c}\ncalendar: 24/7\nsuite: stock_data\n"),
)


def test_a_draft_is_tried_on_the_bars_of_the_dataset_that_is_asked_for(ann, kept):
    kept.listed = (DATASET, COINS)
    document, _ = saved(ann)
    of_shares = try_it(ann, document, symbols=["TSLA"]).json()
    of_coins = try_it(ann, document, symbols=["TSLA"], dataset="coins").json()

    assert kept.read == ["stock_data", "coins"]
    # Of coins, which trade around the clock, these bars lack every weekend.
    found = [{one["name"] for one in of["outcomes"] if one["status"] == "failed"} for of in
             (of_shares, of_coins)]  # fmt: skip
    assert any("session" in name for name in found[1] - found[0]), found
    assert of_coins["saved"]["sentence"] == of_coins["draft"]["sentence"]
    other = try_it(ann, document, run_id="kept", dataset="coins")
    assert (other.status_code, other.json()["error"]) == (400, "there is no such run")
    unknown = try_it(ann, document, symbols=["TSLA"], dataset="corns")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "there is no dataset 'corns'")


def test_the_editor_offers_the_datasets_that_the_suite_judges(ann, kept):
    other = replace(COINS, name="other", known=COINS.known.model_copy(update={"suite": "other"}))
    kept.listed = (DATASET, COINS, other)
    kept.known = (kept.known[0], replace(kept.known[1], held=("TSLA",)))
    page = ann.get(f"/gate/suites/{NAME}").text
    data = json.loads(re.search(r'id="page-data"[^>]*>(.*?)</script>', page)[1])

    assert [one["name"] for one in data["datasets"]] == ["stock_data", "coins"]
    assert [one["run_id"] for one in data["datasets"][0]["runs"]] == ["kept", "gone"]
    states = [one["state"] for one in data["datasets"][0]["runs"]]
    assert states == ["open", "symbols held"]  # as the list of runs calls them
    assert data["datasets"][1]["runs"] == []
    assert ann.get("/gate/api/datasets/coins/symbols").json() == ["BTC-USD"]
    kept.listed = (other,)
    page = ann.get(f"/gate/suites/{NAME}").text
    data = json.loads(re.search(r'id="page-data"[^>]*>(.*?)</script>', page)[1])
    assert [one["name"] for one in data["datasets"]] == ["other"]  # there is no other choice


def test_the_list_says_which_datasets_a_suite_judges(ann, kept):
    kept.listed = (DATASET, COINS)
    page = ann.get("/gate/suites/").text

    assert 'href="/gate/?dataset=coins">coins</a>' in page
    kept.listed = ()
    assert 'data-label="Datasets"><span class="none">none</span>' in ann.get("/gate/suites/").text


def test_a_suite_is_drafted_from_the_dataset_that_is_asked_for(ann, kept):
    kept.listed = (DATASET, COINS)
    made = {"name": "coins_drafted", "dataset": "coins", "symbols": ["TSLA"]}
    assert ann.post("/gate/api/suites", json=made).status_code == 201
    assert kept.read == ["coins"]
