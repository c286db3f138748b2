"""Import Great Expectations for a short command, without what hardly any suite needs.

Great Expectations imports scipy.stats, altair and boto3 at the top of its modules: for two
expectations (of the Kullback-Leibler divergence and the Kolmogorov-Smirnov test), a chart of the
first, and data on S3. They are a quarter of its import; another quarter is the collector of
garbage, which goes through ever more modules and finds nothing.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

LATE = frozenset({"scipy.stats", "altair", "boto3"})


class _LateFinder(MetaPathFinder):
    """Finds the modules of LATE as usual, and has each loaded when it is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in LATE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def quick_imports() -> Iterator[None]:
    """Within it, the modules of LATE are imported when something of them is first used.

    They are the modules themselves, of importlib's own lazy kind: whoever uses one, in a custom
    expectation too, gets all of it. What is imported here is not looked at for garbage again. For
    a command of one thread alone: two that use a late module at once may meet it half loaded.
    """
    finder, collecting = _LateFinder(), gc.isenabled()
    sys.meta_path.insert(0, finder)
    gc.disable()
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        gc.freeze()
        if collecting:
            gc.enable()
