from pathlib import Path

import pytest

from gx.docs.stored_results import Gist, Remembered, find_files

EARLY, LATE = "20260101T000000.000000Z", "20260301T120102.000345Z"


def store(root: Path, place: str) -> Path:
    path = root / f"{place}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return path


def look(root: Path) -> list[str]:
    """What is found now, with what was remembered before; and remember it."""
    remembered = Remembered(root.parent / "memory")
    found = [result.place for result in remembered.list(root)]
    remembered.write({})
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store(tmp_path / "validations", f"bars/run1/{EARLY}/b")
    return tmp_path / "validations"


def test_nothing_is_found_where_nothing_was_stored(tmp_path: Path):
    assert look(tmp_path / "validations") == []
    assert list(find_files(tmp_path / "validations", ".json")) == []


def test_results_come_newest_first_whatever_their_files_dates(root: Path):
    look(root)
    store(root, f"bars/run0/{LATE}/b")
    store(root, f"intraday/run2/{EARLY.replace('0101T', '0201T')}/b")

    assert [place.split("/")[1] for place in look(root)] == ["run0", "run2", "run1"]
    (newest, *_) = Remembered(root.parent / "memory").list(root)
    assert newest.time == "2026-03-01 12:01:02"
    assert newest.moment.microsecond == 345


def test_another_try_of_a_known_run_is_found(root: Path):
    look(root)
    store(root, f"bars/run1/{LATE}/b")

    assert look(root) == [f"bars/run1/{LATE}/b", f"bars/run1/{EARLY}/b"]


def test_a_result_whose_folder_was_seen_before_its_file_is_found(root: Path):
    (root / "bars" / "run2" / LATE).mkdir(parents=True)
    assert look(root) == [f"bars/run1/{EARLY}/b"]
    store(root, f"bars/run2/{LATE}/b")

    assert look(root) == [f"bars/run2/{LATE}/b", f"bars/run1/{EARLY}/b"]


def test_a_run_that_was_removed_is_forgotten(root: Path):
    path = store(root, f"bars/run2/{LATE}/b")
    look(root)
    path.unlink()
    path.parent.rmdir()
    path.parent.parent.rmdir()

    assert look(root) == [f"bars/run1/{EARLY}/b"]


def test_a_gist_is_remembered_until_its_file_changes(root: Path):
    remembered = Remembered(root.parent / "memory")
    (result,) = remembered.list(root)
    gist = Gist(17, "passed", "bars", 0, 27)
    remembered.write({result: gist})

    again = Remembered(root.parent / "memory")
    assert again.gist(result, 17) == gist
    assert again.gist(result, 18) is None


@pytest.mark.parametrize("torn", ["", '{"form": 1, "fold', '{"form": 0, "folders": 5}'])
def test_a_memory_that_cannot_be_read_is_made_anew(root: Path, torn: str):
    (root.parent / "memory").write_text(torn)

    assert look(root) == [f"bars/run1/{EARLY}/b"]
    assert look(root) == [f"bars/run1/{EARLY}/b"]
