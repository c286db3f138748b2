from pathlib import Path

from gx.editing.deeds import saved_deeds


def test_a_history_without_a_version_tells_nothing(tmp_path: Path):
    """A save that was refused leaves an empty folder."""
    for name in ("bars", "bars.waivers"):
        (tmp_path / "history" / name).mkdir(parents=True)
    places = (tmp_path / "suites", tmp_path / "waivers", tmp_path / "history")
    assert saved_deeds(*places) == ([], [])
