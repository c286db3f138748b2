"""Files that share a desk stay on one worker; every other file is a unit of its own."""

import pytest
from xdist.scheduler import LoadFileScheduling

from dags.run.settings import ROOT
from tests.work_units import UnitScheduling, work_unit


def test_the_files_that_share_a_desk_are_one_unit_and_every_other_is_its_own():
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    sharing = {file for file in files if "/up/" in file}
    others = set(files) - sharing

    assert len(sharing) > 2
    assert len({work_unit(f"{file}::test_one[a::b]") for file in sharing}) == 1
    assert {work_unit(f"{file}::test_one[a::b]") for file in others} == others


def test_pytest_spreads_the_tests_by_these_units(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
):
    # It counts xdist's workers, which are not there without `-n`.
    monkeypatch.setattr(LoadFileScheduling, "__init__", lambda *_: None)

    made = pytestconfig.hook.pytest_xdist_make_scheduler(config=pytestconfig, log=None)

    assert isinstance(made, UnitScheduling)
    assert made._split_scope("tests/up/test_desk.py::test_one") == "tests/up/"
