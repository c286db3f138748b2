"""Ask about a verdict, and carry out the answer: held, published all the same, or failed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from dags.errors import AnswerError, GateClosed
from dags.run.context import Run
from dags.staging.layout import FAILING, REPORT, RESULTS
from dags.staging.records import Answer, Choice, Question, Validated
from dags.steps import judge, judged
from dags.work.question import about, wanted_waivers
from dags.work.refusals import record_refusals
from gx.report.deeds import DecisionUse
from gx.report.sentences import counted, decided
from sql.audit import note
from sql.connection import connected

if TYPE_CHECKING:
    from gx.editing.waivers import WaiverStore
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
    found = run.staging.found(Validated)
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
        changed: dict[str, object] = {"attempt": "", "on": {}, "found": found}
        run.staging.amend("validate", changed, _with_decision(run, None))
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
    found = run.staging.found(Validated)
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
    if given.choice == "publish":
        _publish(run, asked, answer, what)
    else:
        with connected(run.published_at) as engine, engine.begin() as connection:
            _note(connection, run, answer, what)
            closed = {"open": False, "held": ()} if given.choice == "fail" else {}
            done = found.model_copy(update={**closed, "answer": answer})
            told = _with_decision(run, _decision(asked, answer))
            run.staging.amend("validate", {"found": done}, told)
    log.info("%s", decided(answer.choice, answer.who, answer.why))
    if given.choice == "fail":
        record_refusals(run, reported(run))
        raise GateClosed(f"{decided('fail', given.who, given.why)} The report: {run.report_url}")


_DONE: dict[Choice, str] = {
    "hold": "held",
    "publish": "published all the same",
    "fail": "the run fails",
}


def _note(connection: Connection, run: Run, answer: Answer, what: str) -> None:
    note(
        connection,
        action="decide",
        who=answer.who or NOBODY,
        what=what,
        why=answer.why,
        run_id=run.identity.run_id,
    )


def _decision(asked: Question, answer: Answer) -> DecisionUse:
    """What a report says of an answer."""
    return DecisionUse(
        choice=answer.choice,
        symbols=list(asked.symbols),
        who=answer.who,
        why=answer.why,
        at=answer.at.astimezone(UTC).isoformat(timespec="seconds"),
        waivers=list(answer.waivers),
        unkept=answer.unkept,
    )


def _with_decision(run: Run, decision: DecisionUse | None) -> dict[str, object]:
    """The report's files, which say nothing else than before but of the decision."""
    said = None if decision is None else asdict(decision)
    return {name: {**run.staging.read_json(name), "decision": said} for name in (REPORT, RESULTS)}


def _publish(run: Run, asked: Question, answer: Answer, what: str) -> None:
    """Accept exactly these failures, and judge the same bars again with that.

    The waivers are kept when the bars are judged, and only as long as the audit tells of them.
    """
    from gx.editing.waivers import made_waivers

    assert answer.who is not None, "nobody answers by publishing"
    author, reason = answer.who, answer.why
    wanted = [{**one, "dataset": run.dataset.name} for one in wanted_waivers(reported(run))]
    waivers = made_waivers(wanted, author=author, reason=reason)
    answer = answer.model_copy(update={"waivers": tuple(one.id for one in waivers)})
    store = _store()
    store.require_new(run.suite, waivers)
    with connected(run.published_at) as engine, engine.connect() as connection:
        _note(connection, run, answer, what)
        with run.staging.recorded("validate") as record:
            judge(run, record, waivers, _decision(asked, answer))
            with _kept(store, run.suite, waivers) as unkept:
                connection.commit()
            answer = answer.model_copy(update={"unkept": unkept})
            if unkept:
                for name, told in _with_decision(run, _decision(asked, answer)).items():
                    run.staging.write_json(name, told)
            record.found = judged(record).model_copy(update={"question": asked, "answer": answer})


def _store() -> "WaiverStore":
    from gx.editing.waivers import WaiverStore
    from gx.project import HISTORY, SUITES, WAIVERS

    return WaiverStore(WAIVERS, HISTORY, SUITES)


@contextmanager
def _kept(store: "WaiverStore", suite: str, waivers: "tuple[Waiver, ...]") -> Iterator[str]:
    """Keep waivers beside the suite, unless what is done meanwhile fails; why they cannot be kept.

    The run carries them anyhow: a worker may have a copy of the project that is read only.
    """
    unkept = ""
    try:
        store.add(suite, waivers)
    except OSError as error:
        unkept = f"gx/waivers cannot be written here ({error.strerror})"
        log.warning("%s: they count for this run alone", unkept)
    try:
        yield unkept
    except BaseException:
        if not unkept:
            store.take_back(suite, waivers)
        raise
