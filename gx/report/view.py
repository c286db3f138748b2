"""What of a report is shown: everything has a bound, and says what it leaves out."""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from gx.report.changes import Changes
from gx.report.deeds import RepairsUse
from gx.report.document import MET
from gx.report.model import Outcome, QualityReport, SymbolVerdict
from gx.report.numbers import told
from gx.report.pictures.choose import NOTHING, Picture, draw
from gx.report.published import Doubt, Removal
from gx.report.waived import WaiverUse
from gx.terms import SEVERITIES

ENDED = 20  # symbols in the line that a person may copy


@dataclass(frozen=True)
class Bounds:
    """How many of each are shown at most."""

    failed: int = 80
    pictures: int = 12
    rows: int = 200
    symbols: int = 200
    met: int = 200
    doubtful: int = 100
    removed: int = 100
    waived: int = 100
    repairs: int = 100
    weaknesses: int = 20

    def smaller(self) -> "Bounds":
        """A third of everything."""
        return Bounds(*(max(1, number // 3) for number in vars(self).values()))


@dataclass(frozen=True)
class Failed:
    """An expectation that was not met, and its picture."""

    outcome: Outcome
    picture: Picture = NOTHING


@dataclass(frozen=True)
class ReportView:
    """What a page shows of ``report``; ``rows`` are failing bars, ``changes`` since the run before.

    ``waived`` are the waivers that were used, ``waiver_remarks`` what to do about waivers.
    ``ended`` is the line that tells a suite which symbols trade no more, empty if none stopped.
    ``provenance`` says by name where the verdict comes from. ``made_up``: it says that no price
    of these bars was ever paid.
    """

    report: QualityReport
    failed: tuple[Failed, ...]
    rows: tuple[Mapping[Hashable, object], ...]
    symbols: tuple[tuple[str, SymbolVerdict], ...]
    met: tuple[Outcome, ...]
    doubtful: tuple[Doubt, ...]
    removed: tuple[Removal, ...]
    waived: tuple[WaiverUse, ...]
    waiver_remarks: tuple[str, ...]
    repairs: RepairsUse
    weaknesses: tuple[str, ...]
    ended: str
    provenance: Mapping[str, object]
    changes: Changes | None = None
    made_up: bool = False

    @property
    def kind(self) -> Literal["passed", "warned", "closed"]:
        """The verdict in a word."""
        if not self.report.success:
            return "closed"
        report = self.report
        found = (
            *(report.failed, report.doubtful, report.removed, report.at_odds),
            report.no_longer_critical,
        )
        return "warned" if any(found) or report.waived else "passed"

    @property
    def severities(self) -> dict[str, int]:
        """How many expectations of each severity were not met."""
        return {name: self.report.failures(name) for name in SEVERITIES}

    @property
    def met_in_all(self) -> int:
        """How many were met, waived or skipped; ``met`` may show fewer."""
        return len(self.report.outcomes) - len(self.report.failed)

    @property
    def waived_in_all(self) -> int:
        """How many waivers were used; ``waived`` may show fewer."""
        return sum(one.is_in_force for one in self.report.waivers)


def view_of(
    report: QualityReport,
    bounds: Bounds = Bounds(),
    *,
    bars: pd.DataFrame | None = None,
    provenance: Mapping[str, object] | None = None,
    changes: Changes | None = None,
) -> ReportView:
    """Choose the worst of everything; pictures only when the judged ``bars`` are given."""
    failed = report.failed[: bounds.failed]
    pictures: Sequence[Picture] = (NOTHING,) * len(failed)
    if bars is not None:
        pictures = draw(
            failed, report.failing, bars, judged_rows=report.rows, limit=bounds.pictures
        )
    met = [outcome for outcome in report.outcomes if outcome.status in MET]
    used = [one for one in report.waivers if one.is_in_force]
    remarks = [one.remark for one in report.waivers if one.remark]
    return ReportView(
        report=report,
        failed=tuple(Failed(*pair) for pair in zip(failed, pictures, strict=True)),
        rows=_rows(report, bounds.rows, bars),
        symbols=tuple(worst_first(report.symbols)[: bounds.symbols]),
        met=tuple(met[: bounds.met]),
        doubtful=report.doubtful[: bounds.doubtful],
        removed=tuple(_most_first(report.removed)[: bounds.removed]),
        waived=tuple(used[: bounds.waived]),
        waiver_remarks=tuple(remarks[: bounds.weaknesses]),
        repairs=report.repairs.at_most(bounds.repairs),
        weaknesses=report.weaknesses[: bounds.weaknesses],
        ended=ended_line(report),
        provenance=provenance or {},
        changes=changes,
    )


def _rows(
    report: QualityReport, most: int, bars: pd.DataFrame | None
) -> tuple[Mapping[Hashable, object], ...]:
    rows: list[Any] = report.failing.head(most).to_dict("records")
    numbers = told(rows, report.outcomes, bars)
    return tuple({**row, "numbers": said} for row, said in zip(rows, numbers, strict=True))


def ended_line(report: QualityReport) -> str:
    """What to add to the suite's meta if the symbols that have stopped trade no more."""
    stopped = dict(list(report.ended.items())[:ENDED])
    return f'"ended": {json.dumps(stopped, ensure_ascii=False)}' if stopped else ""


def _most_first(removed: Sequence[Removal]) -> list[Removal]:
    return sorted(removed, key=lambda one: (not one.held, -one.bars, one.symbol))


def worst_first(symbols: Mapping[str, SymbolVerdict]) -> list[tuple[str, SymbolVerdict]]:
    """Symbols with their verdicts: held, missing, warned, waived, passed; the most bars first."""
    order = {"held": 0, "missing": 1, "warned": 2, "passed": 3}
    return sorted(
        symbols.items(),
        key=lambda s: (order[s[1].verdict], -s[1].failing_rows, -s[1].waived, s[0]),
    )
