"""What became of a run, in one sentence that everything which tells of a run says alike.

The pages and their lists, MLflow's description and report, alerts, the desk's lines, the tasks'
logs and the console.
"""

from dags.staging.records import Extracted, Published, Records, Validated
from gx.report import sentences
from gx.report.document import ReportDocument
from gx.report.sentences import counted
from gx.report.waived import changed_since

NAMED = 5


def run_sentence(steps: Records, report: ReportDocument | None, error: str | None = None) -> str:
    """What was published; then what was not, and why; then what else is to be known.

    ``error`` is what ended the run, if anything did. Of a run that has not come to publishing the
    sentence says what it is about to publish.
    """
    validated = steps.found(Validated)
    if report is None or validated is None:
        return f"Nothing published, not judged: {error or 'the run came to no verdict'}"
    if not validated.open and not validated.held:
        why = report.verdict.removeprefix("Gate closed: ")
        closed = f"Nothing published: gate closed, {why}"
        told = sentences.made_up(validated.made_up)
        why_again = sentences.changed(changed_since(report.waivers))
        decided = _decided(validated)
        return " ".join([closed, *told, *decided, *why_again, *_repairs(steps, validated)])
    return " ".join(
        [
            _first(steps.found(Published), validated, report, error),
            *sentences.made_up(validated.made_up),
            *sentences.judged_by(validated.suite, validated.instead_of),
            *_decided(validated),
            *_repairs(steps, validated),
            *_more(report),
        ]
    )


def _first(
    published: Published | None, validated: Validated, report: ReportDocument, error: str | None
) -> str:
    passed = {s: v.rows for s, v in report.symbols.items() if v.rows and s not in validated.held}
    size = f"{counted(sum(passed.values()), 'bar')} of {counted(len(passed), 'symbol')}"
    rest = _rest(validated, report)
    if validated.waits:
        return f"Waits for a decision: {rest}; {size} passed."
    if not validated.open:
        return f"Nothing published: gate closed, {rest}."
    if published and published.superseded:
        return _superseded(published)
    if published:
        rows = f"{counted(published.rows, 'bar')} of {counted(len(passed), 'symbol')}"
        begun = f"Published {rows}" if published.rows else "Nothing published: no bar was there"
        return f"{begun}; {rest}."
    if error:
        # Of a run that is done as a whole both are one transaction, which did not come to its end.
        unwritten = rest if validated.parts else rest.replace(" held: ", " to be held: ", 1)
        return f"Not all published: {size} passed; {unwritten}; then: {error}"
    return f"To be published: {size}; {rest}."


def _rest(validated: Validated, report: ReportDocument) -> str:
    """What stands beside the bars that pass: who is held and why, or how the others did."""
    checks = sum(outcome.status != "skipped" for outcome in report.expectations)
    if validated.held:
        named = ", ".join(validated.held[:NAMED]) + (", …" if len(validated.held) > NAMED else "")
        blocking = sum(outcome.blocks for outcome in report.expectations)
        why = f"{blocking} of {counted(checks, 'expectation')} failed critically"
        return f"{len(validated.held):,} held: {named} ({why})"
    if report.failed:
        return counted(len(report.failed), "remark")
    waived = sum(outcome.status == "waived" for outcome in report.expectations)
    met = f"{checks - waived} of " if waived else ""
    return f"{met}{counted(checks, 'expectation')} met"


def _decided(validated: Validated) -> list[str]:
    """Who decided, where somebody was asked."""
    answer = validated.answer
    if answer is None or validated.waits:
        return []
    return [sentences.decided(answer.choice, answer.who, answer.why, answer.unkept)]


def _repairs(steps: Records, validated: Validated) -> list[str]:
    """What was repaired, what is not any more, and what could be."""
    said = []
    read = steps.found(Extracted)
    if read and read.repaired + read.dropped:
        by_setting = f" ({read.automatic:,} by AUTO_REPAIR, unasked)" if read.automatic else ""
        said.append(f"{counted(read.repaired + read.dropped, 'bar')} repaired{by_setting}: ")
        said[-1] += f"{read.repaired_example}{sentences.and_others(read.repaired_by)}."
    if read and read.void:
        together = " (right or wrong together)" if read.void > read.void_blocks > 0 else ""
        more = f", and {read.void_blocks - 1:,} more" if read.void_blocks > 1 else ""
        said.append(f"{counted(read.void, 'accepted repair')} void{together}, the source has ")
        said[-1] += f"another bar: {read.void_example}{more}."
    if validated.proposed:
        said.append(f"{counted(validated.proposed, 'bar')} could be repaired.")
    return said


def _superseded(published: Published) -> str:
    stay = f"{counted(published.superseded, 'bar')} stay as the newer run {published.newer[0]} has"
    if not published.rows:
        return f"Nothing published: {stay} published them."
    return f"Published {counted(published.rows, 'bar')}; {stay} published them."


def _more(report: ReportDocument) -> list[str]:
    return [
        *sentences.waived(report.waived),
        *sentences.changed(changed_since(report.waivers)),
        *sentences.absent(report.symbols_with("missing")),
        *sentences.of_published(report.doubtful, report.removed, report.at_odds),
        *sentences.of_the_suite(report.no_longer_critical),
    ]
