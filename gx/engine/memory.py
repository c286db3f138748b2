"""Keep the memory of large arrays for the next ones, where the C library lets us."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MANY_ROWS = 500_000  # below, an array is small enough for the C library to keep it anyway
# mallopt(3) of glibc, and its defaults.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_TRIM_NOTHING, _TRIM_BY_DEFAULT = -1, 128 * 1024
_MAPPED_BY_DEFAULT = 65_536


@contextmanager
def arrays_reused(rows: int) -> Iterator[None]:
    """Within it, freed arrays of a frame of that many rows are kept for the next ones.

    glibc maps an array of more than 32 MB (4 million float64) anew each time, and the kernel clears
    it page by page: on 5,000,000 bars half as much again as the checks need themselves. At the end
    all that is free is given back. Elsewhere than on glibc nothing changes.
    """
    library = _glibc() if rows >= MANY_ROWS else None
    if library is None:
        yield
        return
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, _TRIM_NOTHING)
    try:
        yield
    finally:
        library.mallopt(_MMAP_MAX, _MAPPED_BY_DEFAULT)
        library.mallopt(_TRIM_THRESHOLD, _TRIM_BY_DEFAULT)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process; None of one that has no such switches, or takes others."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
