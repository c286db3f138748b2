"""Render a report for people: one HTML page that needs nothing from outside, or Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gx.charts import PriceChart, price_charts, worst_symbols
from gx.report import BAR_COLUMNS, QualityReport, SymbolVerdict, date_label, explain

WORST_ROWS = 200
WORST_SYMBOLS = 200
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def add_filters(pages: Environment) -> None:
    """Teach an environment how dates, numbers, counts and shares are written in a report."""
    pages.filters["date"] = lambda value: date_label(value) or "–"
    pages.filters["number"] = lambda value: _number(value)
    pages.filters["bars"] = lambda count: f"{count:,} bar{'' if count == 1 else 's'}"
    pages.filters["percent"] = lambda share: f"{100 * share:.3g} %"


add_filters(_PAGES)


def render_html(
    report: QualityReport,
    *,
    provenance: Mapping[str, Any] | None = None,
    bars: pd.DataFrame | None = None,
) -> str:
    """The report as one self-contained page: the verdict first, then what failed, worst first.

    At most 200 failing rows and 200 symbols are shown, whatever their number; ``provenance`` is
    listed at the end. Given the judged ``bars``, prices around the worst ones are drawn, for at
    most 6 symbols.
    """
    return _PAGES.get_template("report.html").render(
        report=report,
        severities={name: report.failures(name) for name in ("critical", "warning", "info")},
        rows=report.failing.head(WORST_ROWS).to_dict("records"),
        symbols=worst_first(report.symbols)[:WORST_SYMBOLS],
        charts=_charts(report, bars),
        passed=[o for o in report.outcomes if o.status in ("passed", "skipped")],
        provenance={"Suite sha256": report.suite_sha256, **(provenance or {})},
    )


def worst_first(symbols: Mapping[str, SymbolVerdict]) -> list[tuple[str, SymbolVerdict]]:
    """Symbols with their verdicts: held, then warned, then passed; each in alphabetical order."""
    order = {"held": 0, "warned": 1, "passed": 2}
    return sorted(symbols.items(), key=lambda s: (order[s[1].verdict], s[0]))


def _charts(report: QualityReport, bars: pd.DataFrame | None) -> tuple[PriceChart, ...]:
    if bars is None or not set(BAR_COLUMNS) <= set(bars.columns):
        return ()
    return price_charts(bars, report.failing, worst_symbols(report.failing))


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
