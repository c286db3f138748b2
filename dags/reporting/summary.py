"""What a run came to, in short."""

from dataclasses import replace
from datetime import date

from dags.reporting.missing import missing_symbols
from dags.reporting.verdict import run_sentence
from dags.run.context import Run
from dags.staging.layout import FAILING
from dags.staging.records import Published, Records, Validated
from gx.names import short_name
from gx.report.document import ReportDocument
from gx.web.summary import RunSummary

SYMBOLS = 50


def summarise(
    run: Run,
    steps: Records,
    report: ReportDocument | None,
    error: str | None,
) -> RunSummary:
    """What the run came to, however far it came; links are left to whoever shows it."""
    identity = run.identity
    short = RunSummary(
        run_id=identity.run_id,
        dag_id=identity.dag_id,
        started=identity.started.isoformat(timespec="seconds"),
        verdict=run_sentence(steps, report, error),
        state="no_verdict",
        trigger=identity.trigger_type,
        first_date=_day(run.request.start),
        last_date=_day(run.request.end),
        missing=missing_symbols(steps, report),
        as_of=_day(run.request.end),
    )
    validated = steps.found(Validated)
    if report is None or validated is None:
        return short
    return replace(
        short,
        state="waits" if validated.waits else "open" if validated.open else "closed",
        first_date=report.first_date,
        last_date=report.last_date,
        rows=report.rows,
        failing_rows=run.staging.read_table(FAILING).num_rows,
        failures=report.failures_by_severity,
        held=validated.held,
        suite=report.suite,
        instead_of=validated.instead_of,
        made_up=validated.made_up,
        unpublished=validated.open and error is not None and steps.found(Published) is None,
        suite_sha256=report.suite_sha256,
        expectations=tuple(sorted({short_name(e.type, e.kwargs) for e in report.failed})),
        symbols=_at_fault(report),
        doubtful=len(report.doubtful),
        removed=sum(removal.bars for removal in report.removed),
        no_longer_critical=len(report.no_longer_critical),
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _at_fault(report: ReportDocument) -> tuple[str, ...]:
    """The symbols with failures: the held ones first, then those with the most failing bars."""
    bad = [(s, v) for s, v in report.symbols.items() if v.reasons]
    bad.sort(key=lambda pair: (pair[1].verdict != "held", -pair[1].failing_rows, pair[0]))
    return tuple(symbol for symbol, _ in bad[:SYMBOLS])
