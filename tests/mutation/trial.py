"""One mutant in a process of its own: forked with the libraries read, it runs tests and is gone.

No file changes. The mutant takes the place of its module, or of its statement, as that is read.
"""

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis
import pytest

from sql.embedded import EmbeddedServer
from tests.mutation.mutants import ROOT, Mutant

OURS = ("dags", "gx", "transforms", "tracking", "sql", "tests")
# Read once, before the forks: what the tests spend most of their start on.
LIBRARIES = (
    "great_expectations.expectations.core",
    "great_expectations.checkpoint",
    "mlflow",
    "exchange_calendars",
    "pyarrow.parquet",
    "psycopg2.extras",
    "sqlalchemy.dialects.postgresql",
    "pydantic_settings",
    "scipy.stats",
)
# They look at what no mutant here changes, and take the most time.
LEFT_OUT = (
    "tests/integration/test_sql_publish.py::test_two_publishers_at_once_neither_deadlock_nor_double",
    "tests/integration/test_sql_publish.py::test_a_publisher_killed_in_its_transaction_publishes_nothing",
)

# Half of what a trial of a few quick tests takes: they collect garbage, or keep what nobody reads.
NOT_NEEDED = ("unraisableexception", "threadexception", "cacheprovider", "anyio")


def read_libraries() -> None:
    """Import what every trial needs; the trials are forked afterwards."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what was read stays: no trial needs to go through it, nor gets its own copy


def try_mutant(
    mutant: Mutant | None,
    tests: Sequence[str],
    server: EmbeddedServer | None,
    log: Path,
    noticed: Mapping[str, int],
) -> None:
    """Run `tests` with `mutant` in place, or with none, and end this process; 0: none noticed.

    Those that have `noticed` most before are run first. The one that notices this mutant is named
    in a file beside `log`.
    """
    os.setsid()  # a trial that hangs is ended with all that it started
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with log.open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    _forget_ours()
    if mutant is not None:
        _put_in_place(mutant)
    if server is not None:
        _lend(server)
    hypothesis.settings.register_profile(
        "mutation", derandomize=True, database=None, phases=[hypothesis.Phase.generate]
    )
    hypothesis.settings.load_profile("mutation")
    options = ["-x", "-n0", "-q", "--tb=short", f"--rootdir={ROOT}"]
    options += [f"-pno:{plugin}" for plugin in NOT_NEEDED]
    deselected = [f"--deselect={name}" for name in LEFT_OUT]
    status = pytest.main([*options, *deselected, *tests], [_Order(noticed, killer_file(log))])
    sys.stdout.flush()
    os._exit(int(status))


def killer_file(log: Path) -> Path:
    """Where a trial names the test that noticed its mutant."""
    return log.with_suffix(".killer")


class _Order:
    """Runs the tests that noticed the most first, and names the one that fails."""

    def __init__(self, noticed: Mapping[str, int], killer: Path) -> None:
        self._noticed, self._killer = noticed, killer

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: -self._noticed.get(item.nodeid, 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._killer.write_text(report.nodeid, encoding="utf-8")


def _forget_ours() -> None:
    for name in [*sys.modules]:
        if name.split(".")[0] in OURS:
            del sys.modules[name]


def _put_in_place(mutant: Mutant) -> None:
    if mutant.file.endswith(".py"):
        sys.meta_path.insert(0, _Finder(mutant))
        return
    statements = importlib.import_module("sql.statements")
    real, name = statements.statement, mutant.file.removeprefix("sql/").removesuffix(".sql")
    vars(statements)["statement"] = lambda asked: mutant.text if asked == name else real(asked)


def _lend(server: EmbeddedServer) -> None:
    """Give the tests a server that runs already, and that they do not stop."""

    @contextmanager
    def start(folder: Path) -> Iterator[EmbeddedServer]:
        yield server

    vars(importlib.import_module("sql.embedded"))["start"] = start


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.file.removesuffix(".py").replace("/", ".")
        self._loader = _Loader(self._name, str(ROOT / mutant.file))
        self._loader.text = mutant.text

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, loader=self._loader)


class _Loader(importlib.machinery.SourceFileLoader):
    """Reads a module as its mutant, which is never kept compiled."""

    text: str

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec")
