"""Files that belong together are there together, or not at all."""

from pathlib import Path

import pytest

from gx.atomic import create_files


def test_all_are_written(tmp_path: Path):
    wanted = {tmp_path / "a": b"1", tmp_path / "b": b"2"}
    create_files(wanted)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == wanted


def test_one_that_is_there_keeps_all_from_being_written(tmp_path: Path):
    (tmp_path / "b").write_bytes(b"theirs")
    with pytest.raises(FileExistsError, match="b"):
        create_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"theirs"]


def test_one_that_cannot_be_written_takes_the_others_along(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        create_files({tmp_path / "a": b"1", tmp_path / "no" / "b": b"2"})
    assert list(tmp_path.iterdir()) == []
