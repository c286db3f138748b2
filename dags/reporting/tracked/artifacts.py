"""What a run's steps left behind, laid out as the artifacts and the dataset of its MLflow run."""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from dags.reporting.tracked.metrics import expectation_names, symbol_share
from dags.staging.layout import (
    BARS,
    DOCS_PAGE,
    ENRICHED,
    FAILING,
    JUDGED_PAGE,
    RESULTS,
    SUITE,
)
from dags.staging.records import Extracted, Records
from gx.report.document import OutcomeDocument, ReportDocument, SymbolDocument
from gx.terms import SEVERITIES
from tracking.run.tables import write_table

if TYPE_CHECKING:
    import pyarrow as pa

    from dags.run.context import Run
    from dags.staging.run_folder import Staging

SAMPLE_ROWS = 100
# MLflow's table view reads a table whole: with 10,000 rows its page gave no picture in 30 s.
TABLE_ROWS = 1_000
TEXT = 500
REPORT_ARTIFACT, DOCS_ARTIFACT = "validation/report.html", "data_docs/index.html"
FAILING_TABLE = "validation/failing_rows.json"
EVERY_ROW = (
    f"All of them are in validation/{FAILING}; "
    f"the worst {TABLE_ROWS:,} are a table in {FAILING_TABLE}."
)
EXPECTATIONS_TABLE = "validation/expectations.json"
SYMBOLS_TABLE = "validation/symbols.json"
VERSIONED = ("great-expectations", "apache-airflow", "pandas", "mlflow", "pyarrow", "sqlalchemy")


def write_artifacts(
    folder: Path, run: "Run", steps: Records, report: ReportDocument | None
) -> list[str]:
    """Lay out the run's artifacts; a step that did not come to its file leaves none.

    Returns the paths of those that are tables for MLflow's table view.
    """
    staging, debug = run.staging, run.request.debug
    copies = {
        JUDGED_PAGE: REPORT_ARTIFACT,
        RESULTS: "validation/results.json",
        SUITE: "validation/suite.json",
        DOCS_PAGE: DOCS_ARTIFACT,
    }
    written = steps.seals
    for name, target in copies.items():
        if name in written:
            _copy(staging, name, written[name], folder / target)
    summaries = {"extract": "extraction_summary.json", "transform": "transformation_summary.json"}
    for step, target in summaries.items():
        if step in steps:
            hidden = () if debug else ("sql",)
            said = steps[step].to_json()
            shown = {key: value for key, value in said.items() if key not in hidden}
            _write_json(folder / target, shown)
    samples = _samples(run, steps)
    if samples:
        _write(folder / "data_sample.csv", list(samples.values())[-1])
    if debug:
        _write_debug(folder / "debug", run, steps, samples)
    return _write_tables(folder, staging, written.get(FAILING), report) if report else []


def _write_tables(
    folder: Path, staging: "Staging", seal: str | None, report: ReportDocument
) -> list[str]:
    _expectations_table(folder / EXPECTATIONS_TABLE, report.expectations)
    _symbols_table(folder / SYMBOLS_TABLE, report.symbols)
    failing = staging.read_table(FAILING, seal)
    if not failing.num_rows:
        return [EXPECTATIONS_TABLE, SYMBOLS_TABLE]
    _copy(staging, FAILING, seal, folder / "validation" / FAILING)
    worst = worst_rows(failing)
    write_table(
        folder / FAILING_TABLE,
        worst.column_names,
        zip(*(column.to_pylist() for column in worst.columns), strict=True),
    )
    return [FAILING_TABLE, EXPECTATIONS_TABLE, SYMBOLS_TABLE]


def worst_rows(failing: "pa.Table") -> "pa.Table":
    """The worst TABLE_ROWS: by severity, by the number of expectations missed, by position."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ranks = pa.table(
        {
            "severity": pc.index_in(failing["severity"], pa.array(SEVERITIES)),
            "missed": pc.list_value_length(failing["expectations"]),
            "row": failing["row"],
        }
    )
    order = [("severity", "ascending"), ("missed", "descending"), ("row", "ascending")]
    return failing.take(pc.sort_indices(ranks, sort_keys=order)[:TABLE_ROWS])


def _expectations_table(path: Path, expectations: list[OutcomeDocument]) -> None:
    columns = (
        *("status", "severity", "expectation", "what", "observed"),
        *("unexpected_count", "unexpected_share", "looked_at", "symbols"),
    )
    rows = [
        (
            entry.status,
            entry.severity,
            name,
            entry.description,
            entry.exception or entry.observed,
            entry.unexpected_count,
            entry.unexpected_share,
            entry.looked_at,
            _bounded(", ".join(entry.symbols)),
        )
        for name, entry in zip(expectation_names(expectations), expectations, strict=True)
    ]
    write_table(path, columns, sorted(rows, key=lambda row: row[0] in ("passed", "skipped")))


def _symbols_table(path: Path, symbols: Mapping[str, SymbolDocument]) -> None:
    columns = ("symbol", "verdict", "rows", "failing_rows", "failing_share", "reasons")
    rows = [
        (
            name,
            symbol.verdict,
            symbol.rows,
            symbol.failing_rows,
            symbol_share(symbol),
            _bounded("; ".join(symbol.reasons)),
        )
        for name, symbol in symbols.items()
    ]
    write_table(path, columns, sorted(rows, key=lambda row: (-row[3], row[0])))


def _write_debug(folder: Path, run: "Run", steps: Records, samples: Mapping[str, str]) -> None:
    if extracted := steps.found(Extracted):
        _write(folder / "extract.sql", extracted.sql)
    for step, sample in samples.items():
        _write(folder / f"after_{step}.csv", sample)
    _write_json(folder / "settings.json", run.settings.masked())
    _write_json(
        folder / "versions.json",
        {"python": platform.python_version(), **{name: version(name) for name in VERSIONED}},
    )
    _write_json(folder / "timings.json", {step: record.seconds for step, record in steps.items()})


def _samples(run: "Run", steps: Records) -> dict[str, str]:
    """The first rows after each step that came to its end, as CSV; half a file is no sample."""
    from dags.work.lanes import lane_of

    written = {"extract": BARS, "transform": ENRICHED}
    found = {
        step: lane_of(run).folder_with(name).read_table(name).slice(0, SAMPLE_ROWS)
        for step, name in written.items()
        if steps.succeeded(step)
    }
    return {step: table.to_pandas().to_csv(index=False) for step, table in found.items()}


def _copy(staging: "Staging", name: str, seal: str | None, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(staging.read_bytes(name, seal))


def _bounded(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 2] + " …"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, document: object) -> None:
    _write(path, json.dumps(document, indent=1, default=str))
