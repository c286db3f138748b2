"""The steps up to publishing. Each reads what it needs, thinks, and writes the run's folder.

Each can run again. A run of many symbols goes through the same steps, which then frame what its
partitions do (see dags.work.lanes).
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import Engine

from dags.errors import GateClosed, NothingDue, NotPublished, Superseded
from dags.reporting.lineage.emit import telling_begin
from dags.reporting.report_files import write_report
from dags.reporting.verdict import run_sentence
from dags.run.context import Run
from dags.run.due import (
    as_of,
    asked,
    refuse_without_bars,
    suite_of,
    why_not_published,
    why_nothing_was_due,
)
from dags.run.known_symbols import remember
from dags.staging.layout import PROPOSED, REPORT
from dags.staging.proposals import read_proposals
from dags.staging.records import Extracted, Published, Records, StepRecord, Validated
from dags.work.extract import extract_into
from dags.work.lanes import lane_of
from dags.work.partitions import Mapped, Plan, divide, write_plan
from dags.work.proposals import not_waived, proposals_of
from dags.work.publish import Share, transform_share
from dags.work.published_before import with_published, write_doubts
from dags.work.question import about, question_of
from dags.work.refusals import record_refusals
from dags.work.repairs import accept_allowed, repairs_of
from gx.dataset.faults import require_sound
from gx.report.document import read_document
from gx.report.published import Doubt
from sql.audit import note
from sql.connection import clock, connected
from sql.errors import NoBarsError
from sql.extract import in_order, known_symbols
from sql.nearest import did_you_mean, nearest_symbols
from sql.preflight import make_ready
from sql.published import published_symbols
from transforms.indicators import columns_of

if TYPE_CHECKING:
    from gx.report.deeds import DecisionUse
    from gx.report.model import QualityReport
    from gx.suite.waivers import Waiver

log = logging.getLogger(__name__)


def extract(run: Run) -> list[Mapped]:
    """Stream the bars of the request from PostgreSQL into the run's folder.

    A run of more symbols than PARTITION_SYMBOLS is only divided here: its partitions are returned,
    for mapped tasks to extract and judge them.
    """
    settings, staging = run.settings, run.staging
    staging.prepare()
    staging.clean_others(keep_days=settings.staging_keep_days)
    with (
        staging.recorded("extract") as record,
        telling_begin(run),
        connected(run.read_from) as engine,
        connected(run.published_at) as own,
    ):
        require_sound(run.dataset)
        schema, view = run.dataset.own_schema, run.dataset.view
        columns = columns_of(run.dataset.indicators)
        for remark in make_ready(
            own, engine, run.source, schema=schema, view=view, indicators=columns
        ):
            log.warning("%s", remark)
        held = known_symbols(engine, run.source)
        remember(settings.results_dir, held, run.dataset.name)
        if run.request.every:
            record.symbols = _every_symbol(run, held, own)
            run = replace(run, request=replace(run.request, symbols=record.symbols))
        many = len(run.request.symbols) > settings.partition_symbols
        plan = _plan(run, engine) if many else None
        record.found = found = None if plan else _extracted(run, engine, own)
        if found:
            record.found = found = found.with_meant(nearest_symbols(found.missing_symbols, held))
        record.partitions = len(plan.partitions) if plan else None
        mapped = write_plan(run, plan) if plan else []
    if found:
        _remark(found)
    return mapped


def _remark(found: Extracted) -> None:
    if found.missing_symbols:
        absent, hint = ", ".join(found.missing_symbols), did_you_mean(found.meant)
        log.warning("no bars of %s in the range, the others go on%s", absent, hint)
    if found.repaired or found.dropped:
        log.info(
            "%s bars are read as accepted, %s copies left out: %s",
            *(found.repaired, found.dropped, found.repaired_example),
        )
    if found.void:
        log.warning(
            "%s accepted repairs are void, the source has other bars now: %s",
            *(found.void, found.void_example),
        )
    if found.rounded:
        log.warning(
            "%s numbers have more digits than are judged and published (15 to 17): %s",
            found.rounded,
            found.rounded_example,
        )


def _extracted(run: Run, engine: Engine, own: Engine) -> Extracted:
    try:
        return extract_into(run, engine, own)
    except NoBarsError as error:
        refuse_without_bars(run, suite_of(run), error)


def _every_symbol(run: Run, held: Sequence[str], own: Engine) -> tuple[str, ...]:
    """Every symbol that the table holds, and those that are published and it holds no more."""
    start, end = run.moments
    published = published_symbols(own, start=start, end=end)
    return tuple(dict.fromkeys([*held, *published]))


def _plan(run: Run, engine: Engine) -> Plan:
    """The partitions to be; a suite that cannot be trusted stops the run before bars are read."""
    request, suite = run.request, suite_of(run)
    symbols = in_order(engine, request.symbols, run.source)
    partitions = divide(symbols, run.settings.partition_symbols, nameless=request.every)
    log.info("%s symbols in %s partitions", len(symbols), len(partitions))
    return Plan(
        as_of=as_of(request.end, clock(engine)),
        suite=suite.name,
        suite_text=suite.text,
        partitions=partitions,
    )


class Judged(TypedDict):
    """What validating says; `questions` are what somebody is asked, one at most."""

    verdict: str
    held: int
    report: str
    questions: list[str]


def validate(run: Run) -> Judged:
    """Judge the staged bars; raises GateClosed when they may not pass.

    What AUTO_REPAIR allows is accepted; then bars are read again with it, and judged anew, once.
    """
    lane = lane_of(run)
    lane.read_again()
    lane.complete_records()
    said: Judged | None = None
    with run.staging.recorded("validate") as record:
        report = judge(run, record)
        repaired = accept_allowed(run, read_proposals(run.staging, record.seals))
        if not repaired:
            said = _decided(run, record, report)
    if said is None:
        lane.read_again(repaired)
        lane.complete_records()
        with run.staging.recorded("validate") as record:
            said = _decided(run, record, judge(run, record))
    lane.add_seconds("validate")
    return said


def _decided(run: Run, record: StepRecord, report: "QualityReport") -> Judged:
    """Say what the gate has decided; raises GateClosed when nothing passes and nothing is held."""
    decision, question = report.decide(run.request.policy), None
    if run.request.policy == "ask" and decision.held:
        question = question_of(report, run.staging.found(Extracted).digest)
        record.found = judged(record).model_copy(update={"question": question})
    said = run_sentence(Records(validate=record), report.document(every_row=False))
    if report.blocking:
        _say_why(said, report, run)
    # With every symbol held there are bars to set aside before the run fails.
    if not decision.open and not decision.held:
        record_refusals(run, report)
        why = "; ".join(decision.reasons)
        raise GateClosed(f"{said} {why}. The report: {run.report_url}")
    return {
        "verdict": said,
        "held": len(decision.held),
        "report": run.report,
        "questions": [about(question)] if question else [],
    }


def judged(record: StepRecord) -> Validated:
    """What the gate has just decided."""
    found = record.of(Validated)
    assert found is not None
    return found


def judge(
    run: Run,
    record: StepRecord,
    waivers: Sequence["Waiver"] = (),
    decision: "DecisionUse | None" = None,
) -> "QualityReport":
    """Judge the staged bars, also by these waivers; write the report, and what the gate decides.

    ``decision`` is somebody's that made the waivers.
    """
    staging = run.staging
    extracted, extracting = staging.found(Extracted), staging.finished("extract")
    lane = lane_of(run)
    judgement = lane.judge(waivers)
    report = with_published(run, judgement.report, extracted.gone)
    parts = lane.bars()
    proposals = proposals_of(report, parts)
    if waivers:
        proposals = not_waived(proposals, report)
    report = replace(report, decision=decision, repairs=repairs_of(parts, proposals))
    report = write_report(run, report, judgement, extracted, seconds=extracting.seconds or 0.0)
    if proposals:
        staging.write_json(PROPOSED, [one.to_json() for one in proposals])
    decided = report.decide(run.request.policy)
    record.found = Validated(
        open=decided.open,
        held=decided.held,
        reasons=decided.reasons,
        rows=report.rows,
        proposed=len(proposals),
        asked=asked(run),
        parts=judgement.parts,
        first_rows=judgement.first_rows,
        suite=run.suite,
        instead_of=run.instead_of,
        made_up=run.dataset.made_up,
        beside={one.symbol: one.sentence for one in report.at_odds if one.held},
    )
    return report


def _say_why(said: str, report: "QualityReport", run: Run) -> None:
    """What an operator looks for first in the log: the verdict, a link, what failed."""
    log.error("%s", said)
    log.error("The report: %s", run.report_url)
    for outcome in report.blocking:
        shown = ", ".join(outcome.symbols[:10]) + (", …" if len(outcome.symbols) > 10 else "")
        rows = f"{outcome.unexpected_count:,} failing" if outcome.unexpected_count else "failed"
        log.error("%s: %s, in %s", outcome.name, rows, shown or "the table as a whole")


def transform(run: Run) -> dict[str, object]:
    """Enrich the bars that the gate let through."""
    return {"rows": transform_share(Share(run, run.staging)).rows}


def publish(run: Run) -> dict[str, object]:
    """Publish what passed and set aside what is held; of partitions, check that they did.

    Raises GateClosed when every symbol is held, Superseded when newer bars were left as they are,
    NothingDue when there is nothing to publish and nothing was due.
    """
    reason = why_nothing_was_due(run.staging.records())
    if reason:
        raise NothingDue(reason)
    lane, staging = lane_of(run), run.staging
    with staging.recorded("publish") as record:
        share = Share(run, staging)
        decision = share.decision
        report = read_document(staging.read_json(REPORT, share.judging.seals.get(REPORT)))
        record.found = done = lane.publish(share)
        _audit_suite(run, done)
        _write_doubts(run, report.doubtful)
        if not decision.open:
            raise GateClosed(
                f"Every symbol is held; their {done.held:,} bars are in quarantine, nothing was "
                f"published. The report: {run.report_url}"
            )
        if done.superseded:
            raise Superseded(_superseded(done))
    lane.add_seconds("publish")
    return {"rows": done.rows, "held": done.held}


def _audit_suite(run: Run, done: Published) -> None:
    """Tell who had bars published that another suite than the dataset's own had judged."""
    if not run.instead_of or not done.rows:
        return
    what = f"{done.rows:,} bars, judged by {run.suite} instead of {run.instead_of}"
    with connected(run.published_at) as engine, engine.begin() as connection:
        who, run_id = run.identity.user, run.identity.run_id
        note(connection, action="judge by", who=who, what=what, why="", run_id=run_id)


def _write_doubts(run: Run, doubts: Sequence[Doubt]) -> None:
    if doubts:
        with connected(run.published_at) as engine, engine.begin() as connection:
            write_doubts(connection, doubts)


def _superseded(done: Published) -> str:
    newer = done.newer
    more = f" and {len(newer) - 1:,} more" if len(newer) > 1 else ""
    return (
        f"{done.superseded:,} of {done.superseded + done.rows:,} bars are superseded: run "
        f"{newer[0]}{more} has published a newer extract of them, which stays. "
        f"{done.rows:,} bars were published."
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
