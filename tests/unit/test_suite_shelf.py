"""Renaming and deleting suites, with what belongs to them."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from gx.editing.deeds import saved_deeds
from gx.editing.history import GONE, History
from gx.editing.shelf import Shelf
from gx.editing.store import SuiteStore, copied
from gx.editing.waivers import WaiverStore
from gx.errors import SuiteConflictError, SuiteError, UnknownSuiteError, WaiverError
from gx.project import CHECKPOINTS, DEFINITIONS, SUITES
from gx.suite.waivers import read_waivers

NEW = {"author": "ann", "reason": "for coins"}
GOING = {"author": "bob", "reason": "nobody needs it", "used_by": ()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in (SUITES, CHECKPOINTS, DEFINITIONS):
        (tmp_path / folder.name).mkdir()
        shutil.copy(folder / "stock_data.json", tmp_path / folder.name)
    return tmp_path


@pytest.fixture
def shelf(project: Path) -> Shelf:
    store = SuiteStore(project / SUITES.name, project / "history", check=lambda raw, name: ())
    store.create("coins", copied(store.read("stock_data").document, "coins"), **NEW)
    return Shelf(store, project / "waivers")


@pytest.fixture
def waivers(shelf: Shelf) -> WaiverStore:
    store = WaiverStore(shelf.waivers, shelf.store.history, shelf.store.suites)
    given = {"expectation": "no_return_outliers", "first_date": date(2025, 1, 1)}
    store.accept("coins", [given], author="cyd", reason="news")
    return store


def base(shelf: Shelf, name: str = "coins") -> str:
    return shelf.store.read(name).sha256


def files(project: Path, name: str) -> set[str]:
    return {
        path.parent.name for path in project.glob(f"*/{name}.json") if path.parent.name != "history"
    }


ALL = {"expectations", "checkpoints", "validation_definitions"}


def test_a_deleted_suite_takes_all_along_and_leaves_its_history(shelf, project, waivers):
    assert files(project, "coins") == {*ALL, "waivers"}
    gone = shelf.delete("coins", base_sha256=base(shelf), **GOING)
    assert files(project, "coins") == set()
    assert shelf.store.names() == ["stock_data"]
    assert [(v.author, v.reason, v.deleted) for v in shelf.store.versions("coins")] == [
        ("bob", "nobody needs it", True),
        ("ann", "for coins", False),
    ]
    assert shelf.store.gone() == [gone]
    with pytest.raises(UnknownSuiteError, match="any more; its history has every version"):
        shelf.store.read("coins")
    told, faults = saved_deeds(shelf.store.suites, shelf.waivers, shelf.store.history)
    assert not faults
    assert [(one.who, one.action) for one in told] == [
        ("bob", "delete suite"),
        ("bob", "withdraw"),
        ("cyd", "waive"),
        ("ann", "save suite"),
    ]


def test_a_deleted_suite_is_restored_with_its_checkpoint_and_without_its_waivers(
    shelf, project, waivers
):
    path = project / "checkpoints" / "coins.json"
    own = json.loads(path.read_text()) | {"result_format": "COMPLETE"}
    path.write_text(json.dumps(own))
    first = shelf.store.read("coins")
    gone = shelf.delete("coins", base_sha256=base(shelf), **GOING)
    given = {"base_sha256": gone.sha256, "author": "ann", "reason": "needed"}
    back = shelf.store.restore("coins", first.id, **given)
    assert back.text == first.text
    assert files(project, "coins") == ALL
    assert json.loads(path.read_text()) == own
    assert [v.reason for v in shelf.store.versions("coins")] == [
        "needed",
        "nobody needs it",
        "for coins",
    ]
    assert shelf.store.gone() == []
    assert waivers.read("coins") == ()


def test_a_suite_made_anew_under_a_deleted_name_accepts_nothing(shelf, project, waivers):
    shelf.delete("coins", base_sha256=base(shelf), **GOING)
    document = copied(shelf.store.read("stock_data").document, "coins")
    shelf.store.create("coins", document, **NEW)
    assert read_waivers("coins", shelf.waivers) == ()
    given = {"expectation": "no_return_outliers", "first_date": date(2025, 1, 1)}
    waivers.accept("coins", [given], author="cyd", reason="again")
    assert [one.reason for one in waivers.read("coins")] == ["again"]
    assert [deed.action for deed in saved_deeds(*_folders(shelf))[0]].count("waive") == 2


def _folders(shelf: Shelf) -> tuple[Path, Path, Path]:
    return shelf.store.suites, shelf.waivers, shelf.store.history


def test_waivers_that_were_written_by_hand_are_kept_when_their_suite_goes(shelf, waivers):
    path = shelf.waivers / "coins.json"
    by_hand = path.read_text().replace("news", "old news")
    path.write_text(by_hand)
    shelf.delete("coins", base_sha256=base(shelf), **GOING)
    kept = History(shelf.store.history / "coins.waivers").versions(GONE)
    assert [version.text for version in kept[:2]] == ["", by_hand]
    assert len(kept) == 3


def test_a_renamed_suite_has_all_that_it_had(shelf, project, waivers):
    before = shelf.store.read("coins").document
    (waiver,) = waivers.read("coins")
    path = project / "checkpoints" / "coins.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"result_format": "COMPLETE"}))
    made = shelf.rename("coins", "crypto", base_sha256=base(shelf), **GOING)
    assert made.document == {**before, "name": "crypto"}
    assert made.reason == "Renamed from coins: nobody needs it"
    assert files(project, "crypto") == {*ALL, "waivers"}
    assert files(project, "coins") == set()
    assert waivers.read("crypto") == (waiver,)
    definition, checkpoint = (
        json.loads((project / folder / "crypto.json").read_text())
        for folder in ("validation_definitions", "checkpoints")
    )
    named = {"id": definition["id"], "name": "crypto"}
    assert definition["suite"]["name"] == "crypto"
    assert checkpoint["validation_definitions"] == [named]
    assert checkpoint["result_format"] == "COMPLETE"
    (last, first) = shelf.store.versions("coins")
    assert (last.reason, first.reason) == ("Renamed to crypto: nobody needs it", "for coins")


@pytest.mark.parametrize(
    ("to", "said"),
    [("stock_data", "there is a suite"), ("Bad", "a-z"), ("../x", "a-z"), ("coins", "there is")],
)
def test_a_name_that_is_taken_or_unfit_changes_nothing(shelf, project, to, said):
    with pytest.raises(SuiteError, match=said):
        shelf.rename("coins", to, base_sha256=base(shelf), **GOING)
    assert files(project, "coins") == ALL


def test_waivers_of_the_new_name_are_not_written_over(shelf, project, waivers):
    (shelf.waivers / "crypto.json").write_text("{}")
    with pytest.raises(WaiverError, match="already"):
        shelf.rename("coins", "crypto", base_sha256=base(shelf), **GOING)
    assert files(project, "coins") == {*ALL, "waivers"}
    assert shelf.store.names() == ["coins", "stock_data"]


@pytest.mark.parametrize("act", ["delete", "rename"])
def test_who_has_not_seen_the_newest_version_neither_renames_nor_deletes(shelf, project, act):
    old = base(shelf)
    document = shelf.store.read("coins").document | {"notes": "newer"}
    shelf.store.save("coins", document, base_sha256=old, author="cyd", reason="notes")
    to = ["crypto"] if act == "rename" else []
    with pytest.raises(SuiteConflictError, match="cyd"):
        getattr(shelf, act)("coins", *to, base_sha256=old, **GOING)
    assert files(project, "coins") == ALL


@pytest.mark.parametrize(
    ("name", "used_by", "said"),
    [("coins", ["a", "b"], "judges the datasets a, b"), ("stock_data", [], "cannot be renamed")],
)
def test_what_is_needed_stays(shelf, project, name, used_by, said):
    given = {**GOING, "used_by": used_by, "base_sha256": base(shelf, name)}
    with pytest.raises(SuiteError, match=said):
        shelf.delete(name, **given)
    with pytest.raises(SuiteError, match=said):
        shelf.rename(name, "other", **given)
    assert files(project, name) == ALL


def test_a_suite_whose_file_was_taken_away_by_hand_can_be_restored_too(shelf, project):
    first = shelf.store.read("coins")
    (project / "expectations" / "coins.json").unlink()
    (kept,) = shelf.store.gone()
    assert (kept.id, kept.deleted) == (first.id, False)
    given = {"base_sha256": first.sha256, "author": "ann", "reason": "back"}
    assert shelf.store.restore("coins", first.id, **given).text == first.text


def test_a_crash_while_deleting_is_told_by_what_is_on_the_disk(shelf, monkeypatch):
    monkeypatch.setattr("gx.editing.shelf.remove_file", _crash)
    with pytest.raises(OSError, match="power"):
        shelf.delete("coins", base_sha256=base(shelf), **GOING)
    assert shelf.store.names() == ["coins", "stock_data"]
    assert [v.reason for v in shelf.store.interrupted("coins")] == ["nobody needs it"]
    monkeypatch.undo()
    shelf.delete("coins", base_sha256=base(shelf), **GOING)
    assert shelf.store.versions("coins")[0].deleted


def _crash(path):
    raise OSError("no power")
