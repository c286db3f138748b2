"""Try a draft of a suite on bars, and say what differs from the saved one.

Everything goes in and out as plain values: the pages ask from another process.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from great_expectations.expectations.expectation import Expectation

from gx.editing.catalogue import catalogue
from gx.editing.store import canonical
from gx.editing.suggest import CALENDARS, draft_suite
from gx.editing.tuning.curve import curve
from gx.errors import SuiteError
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.checkpoint import run_in_memory
from gx.names import short_name
from gx.plugins.expectations.declared import declared_in, with_declared
from gx.report.model import Outcome, QualityReport
from gx.report.sentences import counted
from gx.suite.calendars import Calendars
from gx.suite.custom.load import load_custom
from gx.suite.diff import pair_entries
from gx.suite.entries.read import PARAMETERS
from gx.suite.exceptions.table import SymbolException, Table, rows_of
from gx.suite.read import Suite, entries_of, parse_suite, with_calendars
from gx.suite.texts import new_weaknesses, text_faults
from gx.suite.waivers import read_waivers
from gx.suite.wording import is_outdated, sentence_of, with_wordings_noted
from gx.terms import SEVERITIES

SHOWN_SYMBOLS = 12
SHOWN_HELD = 50
SHOWN_EXCEPTIONS = 25
Document = Mapping[str, Any]


def catalogue_document() -> dict[str, object]:
    """The catalogue as JSON values, with what its forms offer."""
    return {
        "entries": [asdict(entry) for entry in catalogue()],
        "severities": list(SEVERITIES),
        "calendars": list(CALENDARS),
        "parameters": list(PARAMETERS),
        "custom_faults": [str(fault) for fault in load_custom()],
    }


def trust(raw: bytes, name: str) -> tuple[str, ...]:
    """The weaknesses of a suite; raises SuiteError for bytes that cannot be trusted."""
    return parse_suite(raw, where=name, name=name).weaknesses


def check_document(
    document: Document, name: str, saved: Document | None = None
) -> dict[str, object]:
    """Every fault of a draft (message, entry, field), and for each entry a name and a sentence.

    There is no sentence for an entry with a fault.
    The weaknesses are those of a draft without a fault, the new ones those that ``saved`` has not.
    ``outdated`` tells of which entries the wording is for other parameters.
    """
    faults = [_fault(error) for error in text_faults(document)]
    sentences = [
        sentence_of(one) if isinstance(one, Expectation) else ""
        for one in entries_of(document, name)
    ]
    weaknesses: tuple[str, ...] = ()
    try:
        weaknesses = _parse(document, name).weaknesses
    except SuiteError as error:
        faults += [_fault(fault) for fault in error.faults]
    if faults:
        weaknesses = ()
    known = _parse(saved, name).weaknesses if weaknesses and saved and _sound(saved) else ()
    return {
        "faults": faults,
        "names": [_name(entry) for entry in _drafted(document)],
        "sentences": sentences,
        "outdated": _outdated(document, saved),
        "weaknesses": list(weaknesses),
        "new_weaknesses": list(new_weaknesses(weaknesses, known)),
    }


def try_draft(
    document: Document,
    name: str,
    bars: pd.DataFrame,
    *,
    saved: Document | None = None,
    entry: int | None = None,
    as_of: str | None = None,
    asked: Asked = NOTHING_ASKED,
    lookback: pd.DataFrame | None = None,
    calendars: Calendars | None = None,
    sample: str = "",
    actions: pd.DataFrame | None = None,
    dataset: str | None = None,
) -> dict[str, object]:
    """What the draft would find in ``bars``, and how that differs from the saved suite.

    ``entry`` (from 1) tries that expectation alone; ``calendars`` go before those that a suite
    gives; of a ``dataset`` its waivers count. ``sample`` says which part of a run the bars are,
    where they are not all; ``actions``, what is declared of them (see
    ``gx.plugins.expectations.declared.declared_in``). Raises SuiteError for a draft that cannot be
    trusted; a saved suite that cannot is left out of the comparison.
    """
    started = time.perf_counter()
    bars = bars if actions is None else with_declared(bars, declared_in(actions))
    drafted, compared, partners = _chosen(document, saved, entry)
    given: dict[str, Any] = {"as_of": as_of, "asked": asked, "lookback": lookback}
    given["waivers"] = [
        one for one in read_waivers(name) if dataset is None or one.counts_for(dataset)
    ]
    draft = run_in_memory(bars, with_calendars(_parse(drafted, name), calendars), **given)
    before = None
    if compared is not None:
        before = run_in_memory(bars, with_calendars(_parse(compared, name), calendars), **given)
    first = entry or 1
    return {
        "rows": draft.rows,
        "sample": sample,
        "symbols": len(draft.symbols),
        "first_date": draft.first_date,
        "last_date": draft.last_date,
        "draft": _verdict(draft),
        "saved": _verdict(before) if before else None,
        "outcomes": _compared(draft, before, partners, first),
        "dropped": _dropped(before, partners),
        "seconds": round(time.perf_counter() - started, 2),
    }


def tune(document: Document, name: str, entry: int, bars: pd.DataFrame) -> dict[str, object]:
    """The curve of entry ``entry`` (from 1) of a draft on ``bars``; raises SuiteError."""
    drafted = _drafted(document)
    if not 1 <= entry <= len(drafted) or not isinstance(drafted[entry - 1], Mapping):
        raise SuiteError(f"the draft has no entry {entry}")
    _parse({**document, "expectations": [drafted[entry - 1]]}, name)
    found = curve(drafted[entry - 1], bars)
    return {**asdict(found), "sentence": found.sentence}


def effects(
    document: Document, name: str, bars: pd.DataFrame, *, saved: Document, **given: Any
) -> tuple[str, ...]:
    """What a draft would newly do to bars that a run has judged, as sentences to be accepted.

    Crashes, critical expectations that look at nothing, and symbols that would be held: each of an
    expectation that did not do so in the suite ``saved``; and exceptions that fit no symbol.
    ``given`` is as in ``try_draft``.
    """
    if document == saved:
        return ()
    found: Any = try_draft(document, name, bars, saved=saved, **given)
    part = f" ({found['sample']})" if found["sample"] else ""
    said = [_effect(one, found["symbols"], whole=not part) for one in found["outcomes"]]
    if not part:  # whether a symbol is in no sample says nothing
        symbols = sorted(map(str, bars["symbol"].dropna().unique()))
        said += _unmatched(document, saved, symbols)
    return tuple(f"On the bars of the last run{part}, {one}." for one in said if one)


def _effect(outcome: Mapping[str, Any], symbols: int, *, whole: bool) -> str:
    """What is new and blocks; empty when nothing is."""
    status, before = outcome["status"], outcome["before"] or {}
    blocks = outcome["severity"] == "critical"
    if before.get("status") == status and (before.get("severity") == "critical") >= blocks:
        return ""
    name, closes = outcome["name"], "which closes the gate for every symbol"
    if status in ("error", "missing"):
        return f"{name} crashes, {closes}: {outcome['exception'] or 'it was never run'}"
    if blocks and status == "unchecked":
        return f"{name} looks at no bar (its condition fits none, or its column is empty), {closes}"
    return (
        f"{name} {_holding(outcome, symbols, whole=whole)}" if blocks and status == "failed" else ""
    )


def _unmatched(document: Document, saved: Document, symbols: Sequence[str]) -> Iterator[str]:
    """The new exceptions that rule none of these symbols: a letter may be wrong."""
    drafted, before = _drafted(document), _drafted(saved) if _sound(saved) else []
    partners = {there: here for here, there in pair_entries(before, drafted)}
    for number, entry in enumerate(drafted):
        rows = rows_of(entry)
        table = Table(tuple(map(SymbolException.read, rows)))
        ruled = {table.ruling(symbol) for symbol in symbols} if rows else set()
        known = rows_of(before[partners[number]]) if number in partners else ()
        patterns = [row.get("symbols") for row in known]
        for place, row in enumerate(table.rows, 1):
            if place not in ruled and row.symbols not in patterns:
                yield f"the exception for {row.symbols} of {_name(entry)} fits no symbol"


def _holding(outcome: Mapping[str, Any], symbols: int, *, whole: bool) -> str:
    count = outcome["symbol_count"]
    if not count or count == symbols:
        what = "nothing would be published" if whole else "none of these would be published"
        return f"fails for all {symbols:,} symbols: {what}"
    named = ", ".join(outcome["symbols"]) + (", …" if count > len(outcome["symbols"]) else "")
    bars = counted(outcome["count"], "bar")
    return f"fails on {bars} of {counted(count, 'symbol')}, which it holds: {named}"


def draft_document(bars: pd.DataFrame, name: str) -> dict[str, object]:
    """A suite drafted from ``bars``."""
    if bars.empty:
        raise SuiteError("there is no bar to draft a suite from; choose more symbols or dates")
    return draft_suite(bars, name).document


def _outdated(document: Document, saved: Document | None) -> list[bool]:
    noted = with_wordings_noted(document, saved) if saved else document
    return [
        isinstance(entry, Mapping) and is_outdated(entry.get("kwargs"), entry.get("meta"))
        for entry in _drafted(noted)
    ]


def _parse(document: Document, name: str) -> Suite:
    return parse_suite(canonical(document).encode(), where=name, name=name)


def _fault(error: SuiteError) -> dict[str, object]:
    said = str(error).partition(": ")[2] if error.entry else str(error)
    return {"message": said or str(error), "entry": error.entry, "field": error.field}


def _name(entry: object) -> str:
    """Short; empty for what is no entry."""
    return (
        short_name(entry.get("type", "?"), entry.get("kwargs"))
        if isinstance(entry, Mapping)
        else ""
    )


def _drafted(document: Document) -> list[Any]:
    entries = document.get("expectations")
    return entries if isinstance(entries, list) else []


def _chosen(
    document: Document, saved: Document | None, entry: int | None
) -> tuple[Document, Document | None, dict[int, int]]:
    """The draft, the saved suite, and which entry of the one is which of the other (from 0)."""
    drafted = _drafted(document)
    before = list((saved or {}).get("expectations") or [])
    if any(not isinstance(e, Mapping) for e in [*drafted, *before]):
        return document, None, {}
    partners = {there: here for here, there in pair_entries(before, drafted)}
    if entry is not None:
        if not 1 <= entry <= len(drafted):
            raise SuiteError(f"the draft has no entry {entry}")
        here = partners.get(entry - 1)
        drafted = drafted[entry - 1 : entry]
        before = [] if here is None else [before[here]]
        partners = {} if here is None else {0: 0}
    compared = {**(saved or {}), "expectations": before} if before else None
    if compared is not None and not _sound(compared):
        compared, partners = None, {}
    return {**document, "expectations": drafted}, compared, partners


def _sound(document: Document) -> bool:
    try:
        _parse(document, str(document.get("name")))
    except SuiteError:
        return False
    return True


def _verdict(report: QualityReport) -> dict[str, object]:
    return {
        "open": report.success,
        "sentence": report.sentence,
        "failing_rows": len(report.failing),
        "held": list(report.held[:SHOWN_HELD]),
        "held_count": len(report.held),
    }


def _compared(
    draft: QualityReport, saved: QualityReport | None, partners: Mapping[int, int], first: int
) -> list[dict[str, object]]:
    found = []
    for position, outcome in enumerate(draft.outcomes):
        before = saved.outcomes[partners[position]] if saved and position in partners else None
        found.append(
            {
                "entry": position + first,
                **_shown(outcome),
                "before": _shown(before) if before else None,
                "change": _change(outcome, before, compared=saved is not None),
            }
        )
    return found


def _shown(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.name,
        "status": outcome.status,
        "severity": outcome.severity,
        "description": outcome.description,
        "count": outcome.unexpected_count,
        "share": outcome.unexpected_share,
        "looked_at": outcome.looked_at,
        "symbols": list(outcome.symbols[:SHOWN_SYMBOLS]),
        "symbol_count": len(outcome.symbols),
        "observed": outcome.observed[:500],
        "exception": (outcome.exception or "")[:500],
        "examples": [dict(example) for example in outcome.examples],
        "by_symbol": [one.sentence for one in outcome.exceptions[:SHOWN_EXCEPTIONS]],
    }


def _change(outcome: Outcome, before: Outcome | None, *, compared: bool) -> str:
    if before is None:
        return "new" if compared else ""
    good, was_good = outcome.status == "passed", before.status == "passed"
    if good != was_good:
        return "newly passing" if good else "newly failing"
    if outcome.unexpected_count != before.unexpected_count:
        return f"{outcome.unexpected_count - before.unexpected_count:+,} rows"
    return "other severity" if not good and outcome.severity != before.severity else ""


def _dropped(
    saved: QualityReport | None, partners: Mapping[int, int]
) -> Sequence[dict[str, object]]:
    """What the saved suite checks and the draft does not."""
    if saved is None:
        return []
    partnered = set(partners.values())
    return [_shown(o) for position, o in enumerate(saved.outcomes) if position not in partnered]
