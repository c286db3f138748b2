"""What is different from the run before: expectations, the suite, and the bars themselves."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from gx.report.bar_changes import BarChanges, compare_bars
from gx.report.document import OutcomeDocument, ReportDocument, read_document
from gx.report.overlap import Overlap, labelled
from gx.suite import diff as suite_diff
from gx.terms import AS_REPAIRED, STILL_THERE


@dataclass(frozen=True)
class ReportedRun:
    """What a run looked at and found.

    ``report`` is QualityReport.to_dict(every_row=False); ``suite_text`` the suite file that judged;
    ``digest`` tells equal bars without reading them; ``bars`` reads them, None when none are kept.
    ``failing`` reads the failing bars (``symbol``, ``date``, ``reasons``); None when no others are
    kept than those that the report names.
    """

    report: Mapping[str, object]
    suite_text: str | None = None
    digest: str | None = None
    bars: Callable[[], pd.DataFrame | None] = lambda: None
    failing: Callable[[], pd.DataFrame | None] = lambda: None

    @cached_property
    def document(self) -> ReportDocument:
        """The report, read; raises ReportError for what is none."""
        return read_document(self.report)


@dataclass(frozen=True)
class StillFailing:
    """An expectation that failed in both runs, and on how many bars."""

    description: str
    before: int
    now: int


@dataclass(frozen=True)
class Expectations:
    """Descriptions of expectations, by what became of them.

    ``unseen`` fail only on symbols or dates that the run before did not look at.
    """

    newly_failing: tuple[str, ...]
    newly_fixed: tuple[str, ...]
    still_failing: tuple[StillFailing, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What is different from the run before.

    ``bars`` is None when they are the ``same_bars`` or when either run's are not kept; ``suite``
    is None when either suite is not known. ``shared`` counts the symbols that both looked at, and
    ``dates`` are the first and last of both (the first after the last: they share none), to which
    expectations are compared; None when these are all.
    """

    verdict_before: str
    expectations: Expectations
    suite: tuple[suite_diff.Change, ...] | None
    same_bars: bool
    bars: BarChanges | None
    shared: int | None = None
    dates: tuple[str, str] | None = None


_FORM = TypeAdapter(Changes)


def to_json(changes: Changes) -> object:
    """The changes as plain values, for `from_json`."""
    return _FORM.dump_python(changes, mode="json")


def from_json(document: object) -> Changes:
    """What `to_json` made; dates stay text. Raises ValueError for anything else."""
    return _FORM.validate_python(document)


def compare(before: ReportedRun, now: ReportedRun) -> Changes:
    """What is different in ``now``."""
    same = bool(same_bars(before, now))
    old, new = (None, None) if same else (before.bars(), now.bars())
    overlap = Overlap.of(before.document, now.document)
    return Changes(
        verdict_before=before.document.verdict,
        expectations=compare_expectations(before, now, overlap),
        shared=None if overlap.symbols is None else len(overlap.symbols),
        dates=overlap.dates,
        suite=compare_suites(before.suite_text, now.suite_text),
        same_bars=same,
        bars=compare_bars(old, new) if old is not None and new is not None else None,
    )


def same_bars(before: ReportedRun, now: ReportedRun) -> bool | None:
    """Whether both judged the same bars, number for number; None where a digest is not known."""
    return before.digest == now.digest if before.digest and now.digest else None


def compare_expectations(
    before: ReportedRun, now: ReportedRun, overlap: Overlap | None = None
) -> Expectations:
    """Compare two runs, expectation by expectation: one is the same when its check is.

    What fails outside of the ``overlap`` (None: both looked at the same) counts as met: a run of
    two symbols has fixed nothing of the 700 before.
    """
    both = overlap or Overlap()
    old, new = _by_check(before, both), _by_check(now, both)
    failing = [entry for entry in now.document.expectations if not entry.success]
    shared = [key for key in new if key in old]

    return Expectations(
        # One that the earlier suite did not have is new to the reader as well.
        newly_failing=tuple(
            entry.description
            for key, entry in new.items()
            if not entry.success and (key not in old or old[key].success)
        ),
        newly_fixed=tuple(
            new[key].description for key in shared if not old[key].success and new[key].success
        ),
        still_failing=tuple(
            StillFailing(new[key].description, old[key].unexpected_count, new[key].unexpected_count)
            for key in shared
            if not old[key].success and not new[key].success
        ),
        added=tuple(new[key].description for key in new if key not in old),
        removed=tuple(old[key].description for key in old if key not in new),
        unseen=tuple(one.description for one in failing if new[_check(one)].success),
    )


_OWN = (AS_REPAIRED, STILL_THERE)


def compare_suites(before: str | None, now: str | None) -> tuple[suite_diff.Change, ...] | None:
    """What was changed in the text of a suite; None where a text is not known."""
    if not before or not now:
        return None
    return () if before == now else suite_diff.compare(json.loads(before), json.loads(now))


def no_longer_critical(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Descriptions of the critical expectations of ``before`` that are gone, or count for less.

    Both are reports (`QualityReport.to_dict`). One whose kwargs are others is still there.
    """
    old, new = (
        [entry for entry in report["expectations"] if entry["type"] not in _OWN]
        for report in (before, now)
    )
    pairs = dict(suite_diff.pair_entries(old, new))
    return tuple(
        str(entry["description"])
        for here, entry in enumerate(old)
        if _own_severity(entry) == "critical"
        and (here not in pairs or _own_severity(new[pairs[here]]) != "critical")
    )


def _by_check(run: ReportedRun, overlap: Overlap) -> dict[str, OutcomeDocument]:
    expectations = run.document.expectations
    if overlap.whole:
        return {_check(one): one for one in expectations}
    failing = run.failing()
    bars = overlap.inside(labelled(run.document) if failing is None else failing)
    return {_check(one): overlap.within(one, bars) for one in expectations}


def _own_severity(entry: Mapping[str, Any]) -> str:
    """That of the suite's entry, whatever its exceptions failed as."""
    return str(entry.get("own_severity") or entry["severity"])


def _check(entry: OutcomeDocument) -> str:
    return json.dumps([entry.type, entry.kwargs], sort_keys=True)
