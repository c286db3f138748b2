"""The task that asks, in Airflow's *Required actions*; while it waits it holds no worker."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import TaskAwaitingInput

from dags.asking.choices import FAIL, HOLD, PUBLISH
from dags.reporting.alerts import QuestionAlert
from dags.run.context import Run, current_run

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from dags.asking.decide import Given
    from dags.staging.records import Choice, Question

CHOICES: "dict[str, Choice]" = {HOLD: "hold", PUBLISH: "publish", FAIL: "fail"}
NOT_ASKED = "nobody is asked where ASK_HOURS is 0"


class AskOperator(HITLOperator):
    """Ask about the verdict of the run, and carry out the answer.

    ``about`` is what Airflow calls the task. After ASK_HOURS the symbols are held.
    """

    template_fields = ()
    asks_for = ("reason",)

    def __init__(self, *, about: str, **kwargs: Any) -> None:
        # What a mapped task is handed under this name are the parameters of the whole run.
        kwargs["params"] = {
            "reason": Param(
                "",
                title="Reason",
                description="Why. Publishing all the same needs one: it is kept.",
                type=["null", "string"],
                maxLength=500,
                source="task",
            )
        }
        super().__init__(
            subject="Hold these symbols?", options=list(CHOICES), defaults=[HOLD], **kwargs
        )
        self.about = about

    def execute(self, context: "Context") -> None:
        """Ask, unless nobody is to be asked: then hold at once."""
        from dags.asking.decide import Given, carry_out, open_question

        run = current_run()
        question = open_question(run)
        if question is None:
            self.log.info("Nothing is asked: there is no question, or it was answered for good.")
            return
        hours = run.settings.ask_hours
        if not hours:
            carry_out(run, question.id, Given("hold", None, NOT_ASKED, datetime.now(UTC)))
            return
        self._word(run, question)
        self._wait(context, run, question.id, datetime.now(UTC) + timedelta(hours=hours))

    def execute_complete(  # type: ignore[override]  # `execute` hands on what it asked
        self, context: "Context", event: dict[str, Any], question: str, until: str
    ) -> None:
        """Carry out the answer; ask again when it lacks its reason, or is not theirs to give."""
        from dags.asking.decide import carry_out

        super().execute_complete(context, event)
        run, given = current_run(), given_of(event, self.response_hours)
        fault = fault_of(run, given)
        if fault:
            self.log.error("The answer does not count, and the question is asked again: %s", fault)
            self._wait(context, run, question, datetime.fromisoformat(until))
        carry_out(run, question, given)

    @property
    def response_hours(self) -> float:
        """How long somebody is waited for."""
        return current_run().settings.ask_hours

    def _word(self, run: Run, question: "Question") -> None:
        """Say what is asked, offer what is possible, and show that the run waits."""
        from dags.asking.decide import reported
        from dags.asking.deciders import assigned
        from dags.reporting.summary import summarise
        from dags.staging.layout import REPORT
        from dags.staging.summaries import write_summary
        from dags.work.question import body_of
        from gx.report.document import read_document

        document = read_document(run.staging.read_json(REPORT))
        summary = summarise(run, run.staging.records(), document, None)
        write_summary(run.staging, summary)
        self.subject = f"{run.dataset.name}: {self.about}"
        self.body = body_of(
            question, reported(run), summary.verdict, run.report_url, run.settings.ask_hours
        )
        self.options = [one for one in CHOICES if one != PUBLISH or not question.unpublishable]
        self.assigned_users = assigned(run.settings.named_deciders)
        self.notifiers = [QuestionAlert()] if run.settings.channels else []

    def _wait(self, context: "Context", run: Run, question: str, until: datetime) -> None:
        self.response_timeout = max(until - datetime.now(UTC), timedelta(seconds=1))
        try:
            super().execute(context)
        except TaskAwaitingInput as waiting:
            waiting.kwargs = {"question": question, "until": until.isoformat()}
            raise


def given_of(event: dict[str, Any], hours: float) -> "Given":
    """An answer as Airflow hands it on."""
    from dags.asking.decide import Given

    user = event.get("responded_by_user")
    if user is None:
        return Given("hold", None, f"nobody answered within {hours:g} h", event["responded_at"])
    why = str((event.get("params_input") or {}).get("reason") or "").strip()
    choice = CHOICES[event["chosen_options"][0]]
    return Given(choice, str(user["name"]), why, event["responded_at"])


def fault_of(run: Run, given: "Given") -> str:
    """Why an answer does not count; empty when it does."""
    from dags.asking.deciders import may_answer
    from gx.errors import SuiteError
    from gx.suite.texts import author_of, reason_of

    if given.who is None:
        return ""
    if not may_answer(given.who, run.settings.named_deciders):
        return f"{given.who} may not decide (see DECIDERS)"
    try:
        author_of(given.who)
        if given.choice == "publish" or given.why:
            reason_of(given.why)
    except SuiteError as error:
        return str(error)
    return ""
