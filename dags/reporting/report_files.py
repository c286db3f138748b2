"""What the gate found, written into the run's folder, with what the run before found."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dags.reporting.run_before import account_before
from dags.reporting.tracked.artifacts import EVERY_ROW
from dags.run.context import Run
from dags.staging.layout import (
    CHANGES,
    DOCS_PAGE,
    FAILING,
    JUDGED_PAGE,
    REPORT,
    REPORT_PAGE,
    RESULTS,
    SUITE,
    WAIVED,
)
from dags.staging.records import Extracted
from dags.staging.run_folder import Staging
from dags.work.judgement import RunJudgement

if TYPE_CHECKING:
    from gx.report.deeds import DecisionUse
    from gx.report.model import QualityReport

log = logging.getLogger(__name__)


def write_report(
    run: Run,
    report: "QualityReport",
    judgement: RunJudgement,
    extracted: Extracted,
    *,
    seconds: float,
) -> "QualityReport":
    """Write the report in every form; returns it with what the suite has lost since the run before.

    ``seconds`` is how long extracting took.
    """
    from gx.docs.pages import with_note
    from gx.gate.verdicts import waived_bars
    from gx.report.changes import ReportedRun, compare, no_longer_critical, to_json
    from gx.report.render import render_html
    from gx.report.sentences import MADE_UP

    staging = run.staging
    before = account_before(staging, report.suite)
    if before:
        lost = no_longer_critical(before.report, report.to_dict(every_row=False))
        report = replace(report, no_longer_critical=lost)
        for description in lost:
            log.warning("not critical any more, as it was in the run before: %s", description)
    document = report.to_dict(every_row=False)
    now = ReportedRun(
        document,
        report.suite_text,
        extracted.digest,
        bars=lambda: judgement.compared,
        failing=lambda: report.failing,
    )
    changes = compare(before, now) if before else None
    page = render_html(
        report,
        provenance={
            "Run": staging.root.name,
            "Data digest": extracted.digest,
            "Query": extracted.sql,
            "Timings": f"extract {seconds:g} s",
        },
        bars=judgement.pictured,
        changes=changes,
        every_row=EVERY_ROW,
        made_up=run.dataset.made_up,
    )
    staging.write_frame(FAILING, report.failing)
    waived = waived_bars(report.outcomes)
    if len(waived):
        staging.write_frame(WAIVED, waived)
    staging.write_json(RESULTS, report.to_dict())
    staging.write_json(REPORT, document)
    docs = with_note(report.page, MADE_UP) if run.dataset.made_up else report.page
    staging.write_text(DOCS_PAGE, docs)
    staging.write_text(SUITE, report.suite_text)
    if changes:
        staging.write_json(CHANGES, to_json(changes))
    staging.write_text(JUDGED_PAGE, page)
    return report


def finish_report(
    staging: Staging, copy: Path, sentence: str, decision: "DecisionUse | None"
) -> None:
    """Let the report's page begin with what was published, in the run's folder and in ``copy``.

    ``copy`` is the page as it was judged; there is none of a run without a report.
    """
    from gx.report.render import with_verdict

    if copy.exists():
        page = with_verdict(copy.read_text(encoding="utf-8"), sentence, decision)
        copy.write_text(page, encoding="utf-8")
        staging.write_text(REPORT_PAGE, page)
