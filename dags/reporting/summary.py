"""What a run came to, in short."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dags.reporting.missing import missing_symbols
from dags.reporting.verdict import verdict_sentence
from dags.run.context import Run
from dags.staging.layout import FAILING
from dags.staging.records import Judged, Published, Records
from gx.names import short_name
from gx.terms import SEVERITIES
from gx.web.summary import RunSummary

SYMBOLS = 50


def summarise(
    run: Run,
    steps: Records,
    report: Mapping[str, Any] | None,
    error: str | None,
) -> RunSummary:
    """What the run came to, however far it came; links are left to whoever shows it."""
    identity = run.identity
    short = RunSummary(
        run_id=identity.run_id,
        dag_id=identity.dag_id,
        started=identity.started.isoformat(timespec="seconds"),
        verdict=f"No verdict: {error}",
        state="no_verdict",
        missing=missing_symbols(steps, report),
        as_of=run.request.end.isoformat() if run.request.end else None,
    )
    judged = steps.found(Judged)
    if report is None or judged is None:
        return short
    failed = [entry for entry in report["expectations"] if not entry["success"]]
    return replace(
        short,
        verdict=verdict_sentence(report["verdict"], judged, steps.found(Published)),
        state="open" if judged.open else "closed",
        rows=report["rows"],
        failing_rows=run.staging.read_table(FAILING).num_rows,
        failures={name: sum(e["severity"] == name for e in failed) for name in SEVERITIES},
        held=judged.held,
        suite=report["suite"],
        suite_sha256=report["suite_sha256"],
        expectations=tuple(sorted({short_name(e["type"], e["kwargs"]) for e in failed})),
        symbols=_at_fault(report),
        doubtful=len(report.get("doubtful", ())),
        removed=sum(removal["bars"] for removal in report.get("removed", ())),
        no_longer_critical=len(report.get("no_longer_critical", ())),
    )


def _at_fault(report: Mapping[str, Any]) -> tuple[str, ...]:
    """The symbols with failures: the held ones first, then those with the most failing bars."""
    bad = [(s, v) for s, v in report["symbols"].items() if v["reasons"]]
    bad.sort(key=lambda pair: (pair[1]["verdict"] != "held", -pair[1]["failing_rows"], pair[0]))
    return tuple(symbol for symbol, _ in bad[:SYMBOLS])
