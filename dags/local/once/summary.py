"""What a run did and where to look, for a person to read."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dags.reporting.missing import missing_symbols
from dags.reporting.verdict import run_sentence
from dags.staging.records import Extracted, Logged, Published, Records, Validated
from gx.report.document import OutcomeDocument, ReportDocument
from gx.report.published import Removal
from gx.report.sentences import in_events
from gx.statuses import CLOSED, COULD_NOT_RUN, DONE, IN_PART
from sql.nearest import did_you_mean

_SHOWN = 12


@dataclass(frozen=True)
class RunEnd:
    """How `make run` ended: its exit status, and the text to print."""

    status: int
    text: str


@dataclass(frozen=True)
class Traces:
    """What a run left behind: its steps' records, its report (None before the gate), and places.

    ``outage`` is what ended the run from outside, if anything did. ``run_id`` is what accepting the
    repairs takes that the run proposes for ``dataset``.
    """

    steps: Records
    report: ReportDocument | None
    places: Mapping[str, str]
    outage: str = ""
    run_id: str = ""
    dataset: str = ""


def summarise(traces: Traces, *, succeeded: bool) -> RunEnd:
    """The summary, and the exit status that goes with it."""
    status = _status(traces, succeeded)
    lines = [*_headline(traces, status), "", *_bars(traces), *_expectations(traces)]
    lines += [*_of_before(traces), *_proposed(traces), *_published(traces), *_where(traces)]
    return RunEnd(status, "\n".join(lines))


def _status(traces: Traces, succeeded: bool) -> int:
    if succeeded:
        return IN_PART if _left_out(traces) else DONE
    validated = traces.steps.found(Validated)
    if validated and validated.waits:
        return IN_PART
    return CLOSED if validated and not validated.open else COULD_NOT_RUN


def _left_out(traces: Traces) -> list[str]:
    """How many symbols of the request are not published, and why."""
    held = len(_held(traces))
    missing = len(missing_symbols(traces.steps, traces.report))
    counts = {"held": held, "without bars": missing}
    return [f"{n:,} symbol{'s' * (n != 1)} {what}" for what, n in counts.items() if n]


def _held(traces: Traces) -> tuple[str, ...]:
    validated = traces.steps.found(Validated)
    return validated.held if validated else ()


def _headline(traces: Traces, status: int) -> Iterator[str]:
    errors = [f"{step}: {record.error}" for step, record in traces.steps.items() if record.error]
    error = traces.outage or next(iter(errors), "Its log says why.")
    failed = status == COULD_NOT_RUN
    if failed and traces.report is None:
        yield f"The run failed. {error}"
        return
    yield run_sentence(traces.steps, traces.report, error if failed else None)
    if failed:
        yield f"The run failed. {error}"


def _bars(traces: Traces) -> Iterator[str]:
    extracted = traces.steps.found(Extracted)
    if extracted is None:
        return
    by_symbol = extracted.rows_by_symbol
    shown = [f"{symbol} {rows:,}" for symbol, rows in list(by_symbol.items())[:_SHOWN]]
    more = f", and {len(by_symbol) - _SHOWN} more symbols" if len(by_symbol) > _SHOWN else ""
    span = f"{extracted.first_date} to {extracted.last_date}"
    yield _line("Bars", f"{extracted.rows:,} ({', '.join(shown)}{more}), {span}")
    missing = missing_symbols(traces.steps, traces.report)
    if missing:
        others = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        absent = f"{', '.join(missing[:_SHOWN])}{others}"
        hint = did_you_mean(extracted.meant)
        yield _line("Missing", f"{absent}: no bars in this range{hint}")
    if extracted.rounded:
        yield _line(
            "Rounded",
            f"{extracted.rounded:,} numbers to 15 to 17 digits, as a float64 holds them; the "
            f"first is {extracted.rounded_example}",
        )


def _expectations(traces: Traces) -> Iterator[str]:
    if not traces.report:
        return
    entries, bad = traces.report.expectations, traces.report.failed
    by_severity = [f"{n} {name}" for name, n in traces.report.failures_by_severity.items()]
    yield _line(
        "Expectations",
        f"{len(entries) - len(bad)} of {len(entries)} met; failed: {', '.join(by_severity)}",
    )
    for entry in bad:
        yield _line("", f"{entry.weight:<8} {entry.description} {_size(entry)}".rstrip())
    held = traces.report.symbols_with("held")
    # Where nothing at all may pass, nothing is in quarantine either.
    name = "Held" if _held(traces) else "Not published"
    for symbol in held[:_SHOWN]:
        yield _line(name, f"{symbol}: {traces.report.symbols[symbol].reasons[0]}")
    if len(held) > _SHOWN:
        yield _line(name, f"and {len(held) - _SHOWN} more symbols, see the report")


def _size(entry: OutcomeDocument) -> str:
    if entry.exception:
        return f"(could not be checked: {entry.exception})"
    if not entry.unexpected_count:
        return f"({entry.observed})" if entry.observed else ""
    symbols = ", ".join(entry.symbols[:4]) + (", …" if len(entry.symbols) > 4 else "")
    rows = in_events(entry.unexpected_count, entry.event_count)
    return f"({rows}: {symbols})" if symbols else f"({rows})"


def _of_before(traces: Traces) -> Iterator[str]:
    """Where the suite is weak, and which bars of those published before are in doubt."""
    report = traces.report
    if not report:
        return
    doubtful = report.doubtful
    for description in report.no_longer_critical[:_SHOWN]:
        yield _line("Not critical", f"any more, as it was in the run before: {description}")
    for weakness in report.weaknesses[:_SHOWN]:
        yield _line("Weak", weakness)
    for doubt in doubtful[:_SHOWN]:
        bar = f"{doubt.symbol} {doubt.date}, published on {doubt.published_at[:10]}"
        yield _line("Doubtful", f"{bar}: {' '.join(doubt.reasons)}")
    if len(doubtful) > _SHOWN:
        yield _line("Doubtful", f"and {len(doubtful) - _SHOWN} more bars, see the report")


def _proposed(traces: Traces) -> Iterator[str]:
    """How to see what could be repaired, and how to accept it."""
    validated = traces.steps.found(Validated)
    if not (validated and validated.proposed and traces.run_id):
        return
    named = "" if traces.dataset == "stock_data" else f" --dataset {shlex.quote(traces.dataset)}"
    yield _line("Repairs", f"gate repair list --run {shlex.quote(traces.run_id)}{named}")
    accept = f"gate repair accept {shlex.quote(traces.run_id)}{named}"
    yield _line("", f"{accept} --reason 'why' accepts all of it")


def _published(traces: Traces) -> Iterator[str]:
    published = traces.steps.found(Published)
    if published:
        counts = [
            f"{published.new:,} new",
            f"{published.changed:,} changed",
            f"{published.removed:,} removed",
        ]
        place = f" as {published.place}" if "." in published.place else ""  # not the default's
        yield _line("Published", f"{published.rows:,} bars ({', '.join(counts)}){place}")
        yield from _removed(traces)
        if published.superseded:
            by = ", ".join(published.newer[:3])
            yield _line("Superseded", f"{published.superseded:,} bars, by {by}")
        if published.held:
            yield _line("Quarantined", f"{published.held:,} bars")
        if published.released:
            yield _line("Released", f"{published.released:,} bars from quarantine")
        if published.still_held:
            yield _line("Still held", f"{published.still_held:,} bars that the source has no more")
    elif "extract" in traces.steps:
        yield _line("Published", "nothing")
        yield from _removed(traces)


def _removed(traces: Traces) -> Iterator[str]:
    removed = traces.report.removed if traces.report else []
    for removal in removed[:_SHOWN]:
        yield _line("Gone", _gone(removal))
    if len(removed) > _SHOWN:
        yield _line("Gone", f"and bars of {len(removed) - _SHOWN} more symbols, see the report")


def _gone(removal: Removal) -> str:
    said = f"{removal.bars:,} of {removal.published:,} published bars of {removal.symbol}"
    if removal.held:
        return f"{said}; --accept-removals {shlex.quote(removal.symbol)} lets them go away"
    return f"{said} are not in the source any more"


def _where(traces: Traces) -> Iterator[str]:
    tracked = traces.steps.found(Logged)
    if tracked:
        yield _line("MLflow run", tracked.mlflow_run_id)
    for name, place in traces.places.items():
        yield _line(name, place)
    took = {step: record.seconds for step, record in traces.steps.items()}
    seconds = [f"{step} {taken:.1f}" for step, taken in took.items() if taken is not None]
    if seconds:
        yield _line("Seconds", ", ".join(seconds))


def _line(name: str, text: str) -> str:
    return f"  {name:<13} {text}"
