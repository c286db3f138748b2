"""The steps up to publishing. Each reads and writes the run's folder, and can run again.

A run of many symbols goes through the same steps, which then frame what its partitions do (see
partition_steps).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import Engine

from dags.errors import GateClosed, NothingDue, NotPublished, Superseded
from dags.reporting.run_before import COMPARED_BARS, account_before
from dags.run.context import Run
from dags.run.due import asked, refuse_without_bars, why_not_published, why_nothing_was_due
from dags.staging.layout import (
    CHANGES,
    DOCS_PAGE,
    FAILING,
    REPORT,
    REPORT_PAGE,
    RESULTS,
    SUITE,
)
from dags.work.extract import extract_into, staged_bars, staged_lookback
from dags.work.known_symbols import remember
from dags.work.partition import account, judged_parts, merged_report
from dags.work.partition_records import add_seconds, settle
from dags.work.partitions import Plan, divide, is_partitioned, write_plan
from dags.work.publish import Done, Share, publish_share, transform_share
from dags.work.published_before import keep_doubts, with_published
from sql.connection import clock, connected
from sql.errors import NoBarsError
from sql.extract import in_order, known_symbols
from sql.nearest import meant, nearest_symbols
from sql.preflight import make_ready
from sql.published import published_symbols

if TYPE_CHECKING:
    from gx.report.model import QualityReport

log = logging.getLogger(__name__)
JUDGED_BY = "stock_data"


def extract(run: Run) -> list[dict[str, Any]]:
    """Stream the bars of the request from PostgreSQL into the run's folder.

    A run of more symbols than PARTITION_SYMBOLS is only divided here: its partitions are returned,
    for mapped tasks to extract and judge them.
    """
    settings, staging = run.settings, run.staging
    staging.prepare()
    staging.clean_others(keep_days=settings.staging_keep_days)
    with staging.recorded("extract") as record, connected(settings.bars()) as engine:
        for remark in make_ready(engine):
            log.warning("%s", remark)
        if run.request.every:
            symbols = _every_symbol(run, engine)
            record["symbols"] = symbols
            run = replace(run, request=replace(run.request, symbols=tuple(symbols)))
        planned: list[dict[str, Any]] = []
        if len(run.request.symbols) > settings.partition_symbols:
            planned = _divide(run, engine)
            record.update(partitions=len(planned))
        else:
            record.update(_extracted(run, engine))
        held = known_symbols(engine)
        remember(settings.results_dir, held)
        absent = record.get("missing_symbols", [])
        record["meant"] = nearest_symbols(absent, held)
    if absent:
        hint = meant(record["meant"])
        log.warning("no bars of %s in the range, the others go on%s", ", ".join(absent), hint)
    if record.get("rounded"):
        log.warning(
            "%s numbers have more digits than are judged and published (15 to 17): %s",
            record["rounded"],
            record["rounded_example"],
        )
    return planned


def _extracted(run: Run, engine: Engine) -> dict[str, Any]:
    try:
        return extract_into(run, engine)
    except NoBarsError as error:
        from gx.suite.read import read_suite, suite_path

        refuse_without_bars(run, read_suite(suite_path(JUDGED_BY)), error)


def _every_symbol(run: Run, engine: Engine) -> list[str]:
    """Every symbol that the table holds, and those that are published and it holds no more."""
    request = run.request
    published = published_symbols(engine, start=request.start, end=request.end)
    return list(dict.fromkeys([*known_symbols(engine), *published]))


def _divide(run: Run, engine: Engine) -> list[dict[str, Any]]:
    """Plan the partitions; a suite that cannot be trusted stops the run before anything is read."""
    from gx.suite.read import read_suite, suite_path

    request = run.request
    suite = read_suite(suite_path(JUDGED_BY))
    symbols = in_order(engine, request.symbols)
    plan = Plan(
        as_of=_as_of(request.end, clock(engine)),
        suite=JUDGED_BY,
        suite_text=suite.text,
        partitions=divide(symbols, run.settings.partition_symbols, nameless=request.every),
    )
    log.info("%s symbols in %s partitions", len(symbols), len(plan.partitions))
    return write_plan(run, plan)


def validate(run: Run) -> dict[str, Any]:
    """Judge the staged bars; raises GateClosed when they may not pass."""
    staging = run.staging
    partitioned = is_partitioned(run)
    if partitioned:
        settle(run)
    with staging.recorded("validate") as record:
        # Seconds of import, which belong to this step alone.
        from dags.reporting.artifacts import EVERY_ROW
        from gx.report.changes import Account, compare, no_longer_critical, to_json
        from gx.report.render import render_html

        extracted = staging.finished("extract")
        record.update(judged_parts(run) if partitioned else {})
        report, bars = merged_report(run) if partitioned else _checked(run, extracted)
        report = with_published(run, report, extracted["gone"])
        before = account_before(staging, report.suite)
        if before:
            lost = no_longer_critical(before.report, report.to_dict(every_row=False))
            report = replace(report, no_longer_critical=lost)
            for description in lost:
                log.warning("not critical any more, as it was in the run before: %s", description)
        staging.write_frame(FAILING, report.failing)
        staging.write_json(RESULTS, report.to_dict())
        document = report.to_dict(every_row=False)
        staging.write_json(REPORT, document)
        staging.write_text(DOCS_PAGE, report.page)
        staging.write_text(SUITE, report.suite_text)
        kept = None if partitioned or len(bars) > COMPARED_BARS else bars
        account_now = Account(document, report.suite_text, extracted["digest"], lambda: kept)
        changes = compare(before, account_now) if before else None
        if changes:
            staging.write_json(CHANGES, to_json(changes))
        staging.write_text(
            REPORT_PAGE,
            render_html(
                report,
                provenance={"Run": staging.root.name, **_provenance(extracted)},
                bars=bars,
                changes=changes,
                every_row=EVERY_ROW,
            ),
        )
        decision = report.decide(run.request.policy)
        record.update(open=decision.open, held=list(decision.held), reasons=list(decision.reasons))
        record.update(rows=report.rows, asked=asdict(asked(run)))
        # With every symbol held there are bars to set aside before the run fails.
        if not decision.open and not decision.held:
            _say_why(report, run)
            raise GateClosed(
                f"{report.sentence} {'; '.join(decision.reasons)}. The report: {run.report}"
            )
    if partitioned:
        add_seconds(run, "validate")
    return {"verdict": report.sentence, "held": len(decision.held), "report": run.report}


def _checked(run: Run, extracted: Mapping[str, Any]) -> "tuple[QualityReport, pd.DataFrame]":
    """Run the checkpoint on the staged bars; the report, and the bars for its pictures."""
    from gx.gate import checkpoint

    staging, settings = run.staging, run.settings
    bars = staged_bars(staging).to_pandas(date_as_object=False)
    report = checkpoint.run(
        bars,
        results=settings.results_dir,
        run_name=staging.root.name,
        as_of=_as_of(run.request.end, _read_at(extracted)),
        asked=asked(run),
        lookback=staged_lookback(staging),
    )
    return report, bars


def _read_at(extracted: Mapping[str, Any]) -> datetime:
    """The database's clock at the read; an older version's record has it under another name."""
    return datetime.fromisoformat(extracted.get("read_at", extracted["extracted_at"]))


def _as_of(end: date | None, read: datetime) -> str:
    """The last day of the request, or else the moment of ``read``; no bar to come is excused.

    The database's clock says when bars were read: a worker's may be wrong, and a step that is tried
    again is to judge as it did before. Said once, so that all parts of a run are judged alike.
    """
    read = read.astimezone(UTC)
    return end.isoformat() if end and end < read.date() else read.isoformat(timespec="seconds")


def _say_why(report: "QualityReport", run: Run) -> None:
    """What an operator looks for first in the log of the failed task."""
    log.error("%s", report.sentence)
    for outcome in report.blocking:
        shown = ", ".join(outcome.symbols[:10]) + (", …" if len(outcome.symbols) > 10 else "")
        rows = f"{outcome.unexpected_count:,} failing" if outcome.unexpected_count else "failed"
        log.error("%s: %s, in %s", outcome.name, rows, shown or "the table as a whole")
    log.error("The report: %s", run.report_url)


def transform(run: Run) -> dict[str, Any]:
    """Enrich the bars that the gate let through."""
    return {"rows": transform_share(Share(run, run.staging))["rows"]}


def publish(run: Run) -> dict[str, Any]:
    """Publish what passed and set aside what is held; of partitions, check that they did.

    Raises GateClosed when every symbol is held, Superseded when newer bars were left as they are,
    NothingDue when there is nothing to publish and nothing was due.
    """
    reason = why_nothing_was_due(run.staging.records())
    if reason:
        raise NothingDue(reason)
    partitioned, staging = is_partitioned(run), run.staging
    with staging.recorded("publish") as record:
        share = Share(run, staging)
        is_open = share.decision["open"]
        doubts = staging.read_json(REPORT, share.decision["seals"].get(REPORT))["doubtful"]
        done = account(run) if partitioned else publish_share(share)
        record.update(asdict(done.counts), newer=list(done.newer))
        _keep_doubts(run, doubts)
        if not is_open:
            raise GateClosed(
                f"Every symbol is held; their {done.counts.held:,} bars are in quarantine, nothing "
                f"was published. The report: {run.report}"
            )
        if done.counts.superseded:
            raise Superseded(_superseded(done))
    if partitioned:
        add_seconds(run, "publish")
    return {"rows": done.counts.rows, "held": done.counts.held}


def _keep_doubts(run: Run, doubts: Sequence[Mapping[str, Any]]) -> None:
    if doubts:
        with connected(run.settings.bars()) as engine, engine.begin() as connection:
            keep_doubts(connection, doubts)


def _superseded(done: Done) -> str:
    counts, newer = done.counts, done.newer
    more = f" and {len(newer) - 1:,} more" if len(newer) > 1 else ""
    return (
        f"{counts.superseded:,} of {counts.superseded + counts.rows:,} bars are superseded: run "
        f"{newer[0]}{more} has published a newer extract of them, which stays. "
        f"{counts.rows:,} bars were published."
    )


def confirm(run: Run, published: str | None) -> None:
    """Raise NotPublished unless the run came through publishing and tracking, or nothing was due.

    ``published`` is the state of the task behind those two. Airflow skips it when a person marks
    the run as failed, and a skipped task would let the run end green.
    """
    records = run.staging.records()
    if why_nothing_was_due(records):
        return
    if published == "skipped":
        raise NotPublished("The run was marked as failed while it was under way.")
    if published != "success":
        raise NotPublished("The run has not come to its end: the task that failed says why.")
    reason = why_not_published(records)
    if reason:
        raise NotPublished(reason)


def _provenance(extracted: dict[str, Any]) -> dict[str, Any]:
    timing = f"extract {extracted['seconds']:g} s"
    return {"Data digest": extracted["digest"], "Query": extracted["sql"], "Timings": timing}
