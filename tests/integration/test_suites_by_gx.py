"""A suite that Great Expectations, the editor and a person write in turn."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import great_expectations
import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core import ExpectationSuite, ValidationDefinition
from great_expectations.data_context import AbstractDataContext
from great_expectations.expectations.metadata_types import FailureSeverity

from gx.editing.store import OUTSIDE, SuiteStore, canonical
from gx.errors import SuiteError
from gx.gate import checkpoint
from gx.market.part import judge_part
from gx.suite.read import read_suite
from tests.market_parts import in_parts

KEPT = ("expectations", "checkpoints", "validation_definitions")


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in KEPT:
        shutil.copytree(Path("gx") / folder, tmp_path / "gx" / folder)
    shutil.copy("gx/great_expectations.yml", tmp_path / "gx")
    return tmp_path / "gx"


@pytest.fixture
def store(project) -> SuiteStore:
    return SuiteStore(project / "expectations", project.parent / "history")


@pytest.fixture
def bars() -> pd.DataFrame:
    frame = pd.read_csv("sql/sample/stock_data.csv", parse_dates=["date"])
    return frame.assign(created_at=frame["date"] + pd.Timedelta(days=2)).astype({"volume": float})


def native(project: Path) -> AbstractDataContext:
    """The project as Great Expectations' own users open it."""
    return great_expectations.get_context(
        mode="file",
        context_root_dir=str(project),
        runtime_environment={"RESULTS_DIR": str(project.parent / "native")},
    )


def judged(bars, project, suite="stock_data"):
    results = project.parent / "results"
    return checkpoint.run(bars, results=results, suite=suite, as_of="2025-11-04", project=project)


def written(project, name="stock_data"):
    return json.loads((project / "expectations" / f"{name}.json").read_text())


def ids(document) -> dict[str, str]:
    return {e["type"] + json.dumps(e["kwargs"]): e.get("id") for e in document["expectations"]}


def edit(store, change, name="stock_data") -> None:
    current = store.read(name)
    document = copy.deepcopy(current.document)
    change(document)
    seen = store.check(canonical(document).encode(), name)
    given = {"author": "ann", "reason": "tighter", "accepted": seen}
    store.save(name, document, base_sha256=current.sha256, **given)


def test_a_suite_that_great_expectations_saved_runs_as_before(bars, project):
    before = judged(bars, project)
    native(project).suites.get("stock_data").save()
    assert all(e["id"] for e in written(project)["expectations"])

    after = judged(bars, project)

    assert [o.status for o in after.outcomes] == [o.status for o in before.outcomes]
    assert after.to_dict()["expectations"] == before.to_dict()["expectations"]
    suite = read_suite(project / "expectations" / "stock_data.json")
    in_memory = checkpoint.run_in_memory(bars, suite, as_of="2025-11-04")
    assert in_memory.to_dict()["expectations"] == after.to_dict()["expectations"]
    parted = in_parts(bars, bars.iloc[:0], suite, 2)
    assert {o.status for o in parted.outcomes} == {"passed", "failed"}
    assert judge_part(bars, suite, as_of="2025-11-04").document["suite_sha256"] == suite.sha256


def test_three_editors_in_turn_lose_nothing_of_one_another(bars, project, store):
    # A person writes an entry without an id, with all that an entry may say.
    by_hand = written(project)
    by_hand["notes"] = ["kept", "by hand"]
    by_hand["meta"] = {"owner": "desk"}
    by_hand["expectations"].append(
        {
            "type": "expect_column_max_to_be_between",
            "kwargs": {"column": "date", "max_value": "2025-11-04"},
            "severity": "warning",
            "description": "No bar is newer than the sample.",
            "notes": ["one", "two"],
            "meta": {"ticket": 7},
        }
    )
    (project / "expectations/stock_data.json").write_text(json.dumps(by_hand, indent=2))
    assert judged(bars, project).outcomes[-1].status == "passed"

    # Great Expectations adds one, and gives each entry an id.
    suite = native(project).suites.get("stock_data")
    suite.add_expectation(
        gxe.ExpectColumnValuesToBeBetween(
            column="close",
            min_value=0.5,
            severity=FailureSeverity.INFO,
            notes="a note",
            meta={"by": "api"},
        )
    )
    suite.save()
    by_api = written(project)
    assert all(ids(by_api).values())

    # The editor changes one of them.
    edit(store, lambda document: document["expectations"][-1]["kwargs"].update(min_value=0.25))
    by_editor = written(project)
    assert by_editor["expectations"][-1]["id"] == by_api["expectations"][-1]["id"]

    # Great Expectations changes it again, by the id that it had given.
    suite = native(project).suites.get("stock_data")
    changed: Any = next(e for e in suite.expectations if e.id == by_api["expectations"][-1]["id"])
    changed.max_value = 1e6
    changed.save()

    last = written(project)
    assert {e["id"] for e in last["expectations"]} == set(ids(by_api).values())
    assert (last["id"], last["notes"]) == (by_hand["id"], by_hand["notes"])
    assert last["meta"]["owner"] == "desk"
    assert last["expectations"][-1]["kwargs"] == {
        "column": "close", "min_value": 0.25, "max_value": 1e6}  # fmt: skip
    assert (last["expectations"][-1]["notes"], last["expectations"][-1]["meta"]) == (
        "a note",
        {"by": "api"},
    )
    for before, after in zip(by_hand["expectations"], last["expectations"], strict=False):
        # Great Expectations leaves out a kwarg that is the default.
        assert after["kwargs"].items() <= before["kwargs"].items()
        kept = {k: v for k, v in after.items() if k not in ("id", "kwargs")}
        assert kept == {"meta": {}, **{k: v for k, v in before.items() if k != "kwargs"}}
    report = judged(bars, project)
    assert {o.status for o in report.outcomes} == {"passed", "failed"}
    assert len(report.outcomes) == len(last["expectations"])
    versions = store.versions("stock_data")
    assert [(v.author, v.reason) for v in versions] == [("", OUTSIDE), ("ann", "tighter"), ("", "")]


def test_a_suite_of_the_api_alone_runs_by_a_checkpoint_of_the_api(bars, project, store):
    context = native(project)
    suite = ExpectationSuite(name="mine", suite_parameters={"floor": 0.5})
    suite.add_expectation(
        gxe.ExpectColumnMinToBeBetween(column="close", min_value={"$PARAMETER": "floor"})
    )
    day: Any = "2025-10-06"  # as a file has it
    suite.add_expectation(
        gxe.ExpectColumnValuesToBeBetween(
            column="date", min_value=day, severity=FailureSeverity.WARNING
        )
    )
    suite = context.suites.add_or_update(suite)
    extract = context.data_sources.get("staged").get_asset("bars").get_batch_definition("extract")
    definition = context.validation_definitions.add_or_update(
        ValidationDefinition(name="mine", data=extract, suite=suite)
    )
    context.checkpoints.add_or_update(
        great_expectations.Checkpoint(name="mine", validation_definitions=[definition])
    )

    report = judged(bars, project, suite="mine")

    assert [(o.status, o.unexpected_count) for o in report.outcomes] == [
        ("passed", 0),
        ("failed", 2),
    ]
    assert "mine" in report.page
    edit(
        store,
        lambda document: document["expectations"][1].update(severity="info"),
        "mine",
    )
    assert judged(bars, project, suite="mine").outcomes[1].severity == "info"
    assert native(project).suites.get("mine").suite_parameters == {"floor": 0.5}


def test_checkpoint_and_validation_definition_may_be_saved_by_great_expectations(bars, project):
    context = native(project)
    context.validation_definitions.get("stock_data").save()
    context.checkpoints.get("stock_data").save()
    before = {p: p.read_bytes() for p in project.rglob("*.json")}
    assert judged(bars, project).success
    assert {p: p.read_bytes() for p in project.rglob("*.json")} == before


def test_a_checkpoint_that_does_not_run_the_suite_alone_is_named(bars, project):
    shutil.copy(project / "expectations/stock_data.json", project / "expectations/lonely.json")
    lonely = written(project, "lonely") | {"name": "lonely"}
    (project / "expectations/lonely.json").write_text(json.dumps(lonely))
    with pytest.raises(SuiteError, match=r"suite 'lonely' has no checkpoints/lonely\.json"):
        judged(bars, project, suite="lonely")

    context = native(project)
    checkpoint = context.checkpoints.get("stock_data")
    checkpoint.name, checkpoint.id = "lonely", None
    context.checkpoints.add_or_update(checkpoint)
    with pytest.raises(SuiteError, match="must run suite 'lonely' alone; it runs stock_data"):
        judged(bars, project, suite="lonely")


def readme_snippet() -> str:
    """What README tells people to paste."""
    (found,) = re.findall(r"```python\n(.*?)```", Path("gx/README.md").read_text(), re.DOTALL)
    return found


def test_the_way_that_readme_shows_loses_nothing_from_any_folder(tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree("gx", checkout / "gx", ignore=shutil.ignore_patterns("history", "__pycache__"))
    before = written(checkout / "gx")["expectations"]
    snippet = readme_snippet()
    pasted = snippet.replace('project_root_dir="."', f"project_root_dir={str(checkout)!r}")
    assert pasted != snippet

    environment = {k: v for k, v in os.environ.items() if k != "RESULTS_DIR"}
    ran = subprocess.run(
        [sys.executable, "-I", "-c", pasted], cwd="/", env=environment, capture_output=True
    )

    assert ran.returncode == 0, ran.stderr.decode()
    after = written(checkout / "gx")["expectations"]
    assert [e["type"] for e in after[:-1]] == [e["type"] for e in before]
    assert after[-1]["type"] == "expect_column_values_to_be_between"
    read_suite(checkout / "gx/expectations/stock_data.json")


def test_an_entry_that_great_expectations_would_drop_keeps_it_from_reading_the_suite(project):
    path = project / "expectations/stock_data.json"
    path.write_text(path.read_text().replace("expect_no_unit_errors", "expect_no_unit_error"))
    raw, suites = path.read_bytes(), native(project).suites
    asked = r"entry 16: unknown expectation 'expect_no_unit_error'; did you mean .*_unit_errors"
    with pytest.raises(SuiteError, match=asked):
        suites.get("stock_data")
    with pytest.raises(SuiteError, match=asked):
        suites.all()
    with pytest.raises(SuiteError, match=asked):
        suites.add_or_update(ExpectationSuite(name="stock_data"))
    assert path.read_bytes() == raw


@pytest.mark.parametrize("null", [True, False])
def test_a_suite_written_by_hand_needs_no_id(bars, project, store, null):
    path, document = project / "expectations/stock_data.json", written(project)
    before = judged(bars, project)
    document.pop("id")
    document |= {"id": None} if null else {}
    path.write_text(json.dumps(document))

    after = judged(bars, project)

    assert after.to_dict()["expectations"] == before.to_dict()["expectations"]
    assert "stock_data" in after.page
    edit(store, lambda saved: saved["expectations"][-1].update(severity="info"))
    assert judged(bars, project).outcomes[-1].severity == "info"
    native(project).suites.get("stock_data").save()
    assert written(project)["id"]
    assert judged(bars, project).outcomes[-1].severity == "info"


def test_a_suite_that_the_editor_makes_can_be_run_by_its_checkpoint(project, store, bars):
    document = {**store.read("stock_data").document, "name": "mine"}
    del document["id"]
    store.create("mine", document, author="desk", reason="a new dataset")

    report = judged(bars, project, "mine")
    assert (report.suite, report.success) == ("mine", True)
    assert "mine" in {one.name for one in native(project).checkpoints.all()}
