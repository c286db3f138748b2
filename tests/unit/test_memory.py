"""Memory of large arrays is kept while a large frame is judged, and given back after."""

import subprocess
import sys
from pathlib import Path

import pytest

from gx.engine import memory
from gx.engine.memory import MANY_ROWS, arrays_reused

ROOT = Path(__file__).parents[2]
FAULTS = """
import resource
import numpy as np
from gx.engine.memory import MANY_ROWS, arrays_reused
values = np.ones(12_000_000)  # 96 MB, which are mapped anew each time
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        values + 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
with arrays_reused(MANY_ROWS):
    faults()
    within = faults()
print(faults(), within, faults())
"""


class Recorded:
    """A C library that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, ...]] = []

    def mallopt(self, what: int, value: int) -> None:
        self.told.append((what, value))

    def malloc_trim(self, pad: int) -> None:
        self.told.append((pad,))


def test_the_defaults_are_back_whatever_happens(monkeypatch):
    library = Recorded()
    monkeypatch.setattr(memory, "_glibc", lambda: library)

    with pytest.raises(KeyError), arrays_reused(MANY_ROWS):
        assert library.told == [(-4, 0), (-1, -1)]
        raise KeyError

    assert library.told[2:] == [(-4, 65_536), (-1, 131_072), (0,)]


def test_for_a_small_frame_and_elsewhere_nothing_is_changed(monkeypatch):
    library = Recorded()
    monkeypatch.setattr(memory, "_glibc", lambda: library)
    with arrays_reused(MANY_ROWS - 1):
        assert library.told == []

    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "darwin")
    with arrays_reused(MANY_ROWS):
        assert memory._glibc() is None


@pytest.mark.skipif(memory._glibc() is None, reason="the C library is not glibc")
def test_pages_are_not_cleared_again_for_arrays_of_the_same_size():
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, within, after = map(int, done.stdout.split())
    assert within < before / 10 and within < after / 10
