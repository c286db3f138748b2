"""What is mutated, and the quick tests that have to notice.

The tests of a target run in this order at first, then those first that noticed the most.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A file of the gate's core and its tests; `database`: they need PostgreSQL."""

    file: str
    tests: tuple[str, ...]
    database: bool = False


_REPORT, _VERDICTS = "tests/unit/test_report.py", "tests/unit/test_verdicts.py"
_RUNNING = ("tests/integration/test_checkpoint.py", "tests/unit/test_lookback.py")
_SUITES = ("tests/unit/test_suites.py", "tests/unit/test_suite_store.py")
_BOTH = "tests/integration/test_sql_publish.py"
_PUBLISH = ("tests/integration/test_sql_ranges.py", _BOTH)
_QUARANTINE = ("tests/integration/test_sql_quarantine.py", _BOTH)

_PYTHON = (
    Target("gx/report/model.py", (_REPORT, _VERDICTS, *_RUNNING)),
    Target("gx/report/weights.py", (_REPORT, _VERDICTS, *_RUNNING)),
    Target("gx/report/sentences.py", (_REPORT, _VERDICTS, *_RUNNING)),
    Target("gx/gate/verdicts.py", (_VERDICTS, _REPORT, *_RUNNING)),
    Target("gx/gate/outcomes.py", ("tests/unit/test_outcomes.py", _REPORT, *_RUNNING)),
    Target("gx/engine/batches.py", ("tests/unit/test_outcomes.py", *_RUNNING)),
    Target("gx/suite/entries/read.py", (*_SUITES, "tests/unit/test_rehearsal.py", *_RUNNING)),
    Target("gx/suite/read.py", (*_SUITES, "tests/unit/test_weaknesses.py", *_RUNNING)),
    Target("sql/publish.py", _PUBLISH, database=True),
    Target("sql/quarantine.py", _QUARANTINE, database=True),
)
# The statements that sql/publish.py runs, and the table behind them.
_PUBLISHING = (
    "queries/newer_publications",
    "queries/drop_superseded",
    "queries/clear_enriched",
    "queries/insert_enriched",
    "queries/insert_publication",
    "queries/find_staged_twice",
    "queries/find_staged_outside",
    "queries/edge_bars",
    "queries/every_bar_with_previous",
    "queries/correct_returns",
    "schema/stock_data_enriched",
)
# The statements that sql/quarantine.py runs, and the table behind them.
_HOLDING = (
    "queries/supersede_own_quarantined",
    "queries/supersede_quarantined",
    "queries/supersede_outdated_quarantined",
    "queries/supersede_late_quarantined",
    "queries/insert_quarantined",
    "queries/release_quarantined",
    "queries/count_open_quarantined",
    "queries/open_quarantined",
    "queries/discard_quarantined",
    "schema/stock_data_quarantine",
    "schema/stock_data_quarantine_keep",
    "schema/stock_data_quarantine_no_change",
    "schema/stock_data_quarantine_no_delete",
    "schema/stock_data_quarantine_no_truncate",
    "schema/stock_data_quarantine_resolved",
    "schema/stock_data_quarantine_resolve_once",
)
TARGETS = (
    *_PYTHON,
    *(Target(f"sql/{name}.sql", _PUBLISH, database=True) for name in _PUBLISHING),
    *(Target(f"sql/{name}.sql", _QUARANTINE, database=True) for name in _HOLDING),
)


def chosen(parts: Sequence[str]) -> list[Target]:
    """The targets whose file holds one of these texts; all of them for none."""
    return [t for t in TARGETS if not parts or any(part in t.file for part in parts)]
