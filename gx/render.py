"""Render a report for people: one HTML page that needs nothing from outside, or Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gx.report import QualityReport, date_label, explain

WORST_ROWS = 200
WORST_SYMBOLS = 200
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["date"] = lambda value: date_label(value) or "–"
_PAGES.filters["number"] = lambda value: _number(value)
_PAGES.filters["bars"] = lambda count: f"{count:,} bar{'' if count == 1 else 's'}"
_PAGES.filters["percent"] = lambda share: f"{100 * share:.3g} %"


def render_html(report: QualityReport, *, provenance: Mapping[str, Any] | None = None) -> str:
    """The report as one self-contained page: the verdict first, then what failed, worst first.

    At most 200 failing rows and 200 symbols are shown, whatever their number; ``provenance`` is
    listed at the end.
    """
    order = {"held": 0, "warned": 1, "passed": 2}
    symbols = sorted(report.symbols.items(), key=lambda s: (order[s[1].verdict], s[0]))
    return _PAGES.get_template("report.html").render(
        report=report,
        severities={name: report.failures(name) for name in ("critical", "warning", "info")},
        rows=report.failing.head(WORST_ROWS).to_dict("records"),
        symbols=symbols[:WORST_SYMBOLS],
        passed=[o for o in report.outcomes if o.status in ("passed", "skipped")],
        provenance={"Suite sha256": report.suite_sha256, **(provenance or {})},
    )


def render_markdown(report: QualityReport) -> str:
    """The verdict and what failed, as short Markdown."""
    lines = [f"**{report.sentence}**"]
    if report.failed:
        lines += ["", "| Severity | What | Bars | Symbols |", "|---|---|---:|---|"]
    for outcome in report.failed:
        shown = ", ".join(outcome.symbols[:8]) + (" …" if len(outcome.symbols) > 8 else "")
        what = explain(outcome) if not outcome.unexpected_count else outcome.description
        lines.append(
            f"| {outcome.severity} | {_cell(what)} | {outcome.unexpected_count:,} "
            f"| {_cell(shown) or '–'} |"
        )
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())


def _number(value: Any) -> str:
    if value is None or value != value:
        return "NULL"
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.10g}"
