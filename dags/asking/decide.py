"""Ask about a verdict, and carry out the answer: held, published all the same, or failed."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dags.errors import AnswerError, GateClosed
from dags.run.context import Run
from dags.staging.layout import FAILING, REPORT
from dags.staging.records import Answer, Choice, Question, StepRecord, Validated
from dags.steps import judge, judged
from dags.work.question import about, wanted_waivers
from gx.report.sentences import counted, decided
from sql.audit import note
from sql.connection import connected

if TYPE_CHECKING:
    from gx.report.model import QualityReport
    from gx.suite.waivers import Waiver

log = logging.getLogger(__name__)
NOBODY = "nobody"  # whom the audit names where nobody answered


@dataclass(frozen=True)
class Given:
    """An answer as it came in; ``who`` is None when nobody gave one in time."""

    choice: Choice
    who: str | None
    why: str
    at: datetime


def open_question(run: Run) -> Question | None:
    """The question to ask of the run's verdict; an earlier answer to it does not count any more.

    None when there is none, or when the bars were published all the same: judging anew alone can
    undo that.
    """
    record, found = _judged(run)
    question, answer = found.question, found.answer
    if question is None or (answer and answer.choice == "publish"):
        return None
    if answer:
        # What was built on the earlier answer must not count: the record begins a new attempt.
        before = reported(run).decide("ask")
        again = question.model_copy(update={"id": f"{question.id}+"})
        found = found.model_copy(
            update={
                "open": before.open,
                "held": before.held,
                "reasons": before.reasons,
                "question": again,
                "answer": None,
            }
        )
        anew = record.model_copy(update={"attempt": "", "on": {}, "found": found})
        run.staging.write_record("validate", anew)
        return again
    return question


def reported(run: Run) -> "QualityReport":
    """The report of the run, with its failing bars."""
    from gx.report.model import read_report

    staging = run.staging
    failing = staging.read_table(FAILING).to_pandas(date_as_object=False)
    return read_report(staging.read_json(REPORT), failing)


def carry_out(run: Run, question: str, given: Given) -> None:
    """Record an answer to the question of this id, and do what it says.

    Raises AnswerError when it is the answer to another question, or not possible, GateClosed when
    the run is to fail.
    """
    record, found = _judged(run)
    asked = found.question
    if asked is None or asked.id != question:
        raise AnswerError(
            "the bars were judged anew after this was asked, so the answer does not count: clear "
            "this task, and everything after it, to be asked about the new verdict"
        )
    if given.choice == "publish" and asked.unpublishable:
        raise AnswerError(f"these bars cannot be published all the same: {asked.unpublishable}")
    answer = Answer(
        question=asked.id, choice=given.choice, who=given.who, why=given.why, at=given.at
    )
    bars = counted(asked.bars, "failing bar")
    what = f"{about(asked)} {_DONE[given.choice]} ({bars})"
    with connected(run.published_at) as engine, engine.begin() as connection:
        note(
            connection,
            action="decide",
            who=given.who or NOBODY,
            what=what,
            why=given.why,
            run_id=run.identity.run_id,
        )
        if given.choice == "publish":
            _publish(run, asked, answer)
        else:
            closed = {"open": False, "held": ()} if given.choice == "fail" else {}
            done = found.model_copy(update={**closed, "answer": answer})
            run.staging.write_record("validate", record.model_copy(update={"found": done}))
    log.info("%s", decided(answer.choice, answer.who, answer.why))
    if given.choice == "fail":
        raise GateClosed(f"{decided('fail', given.who, given.why)} The report: {run.report_url}")


_DONE: dict[Choice, str] = {
    "hold": "held",
    "publish": "published all the same",
    "fail": "the run fails",
}


def _judged(run: Run) -> tuple[StepRecord, Validated]:
    return run.staging.finished("validate"), run.staging.found(Validated)


def _publish(run: Run, asked: Question, answer: Answer) -> None:
    """Accept exactly these failures, and judge the same bars again with that."""
    assert answer.who is not None, "nobody answers by publishing"
    waivers, unkept = _accepted(run, author=answer.who, reason=answer.why)
    with run.staging.recorded("validate") as record:
        judge(run, record, waivers)
        made = tuple(one.id for one in waivers)
        told = answer.model_copy(update={"waivers": made, "unkept": unkept})
        record.found = judged(record).model_copy(update={"question": asked, "answer": told})


def _accepted(run: Run, *, author: str, reason: str) -> "tuple[tuple[Waiver, ...], str]":
    """The waivers, and why they are not kept beside the suite; the run carries them anyhow.

    A worker may have a copy of the project that is read only, or nobody else's.
    """
    from gx.editing.waivers import WaiverStore, made_waivers
    from gx.project import HISTORY, SUITES, WAIVERS

    made = made_waivers(wanted_waivers(reported(run)), author=author, reason=reason)
    try:
        WaiverStore(WAIVERS, HISTORY, SUITES).add(run.suite, made)
    except OSError as error:
        why = f"gx/waivers cannot be written here ({error.strerror})"
        log.warning("%s: they count for this run alone", why)
        return made, why
    return made, ""
