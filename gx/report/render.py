"""Render a report for people: one HTML page that needs nothing from outside, or Markdown."""

import base64
import hashlib
import html
import platform
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gx.report.changes import Changes
from gx.report.deeds import DecisionUse
from gx.report.labels import date_label
from gx.report.model import QualityReport, explain
from gx.report.view import Bounds, ReportView, view_of

MAX_BYTES = 480_000
_TEMPLATES = Path(__file__).parent / "templates"
_PAGES = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_SCRIPT = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
_SCRIPT_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()


def add_filters(pages: Environment) -> None:
    """Teach an environment how dates, numbers, counts and shares are written in a report."""
    pages.filters["date"] = lambda value: date_label(value) or "–"
    pages.filters["number"] = lambda value: _number(value)  # noqa: PLW0108  # made below
    pages.filters["bars"] = lambda count: f"{count:,} bar{'' if count == 1 else 's'}"
    pages.filters["percent"] = lambda share: f"{100 * share:.3g} %"
    pages.filters["cut"] = _cut


def _cut(value: object, most: int) -> str:
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


add_filters(_PAGES)


def render_html(
    report: QualityReport,
    *,
    provenance: Mapping[str, object] | None = None,
    bars: pd.DataFrame | None = None,
    changes: Changes | None = None,
    every_row: str = "",
    made_up: bool = False,
) -> str:
    """The report as one self-contained page below 500 KB, whatever was found.

    The verdict first, then what failed, worst first; given the judged ``bars``, with a picture for
    the 12 worst. At most 200 failing bars and 200 symbols are shown; ``every_row`` says where the
    others are. ``changes`` are those since the run before; ``provenance`` is listed at the end. Of
    bars that are ``made_up`` the page begins with saying so.
    """
    known = {**_known(report), **(provenance or {})}
    bounds = Bounds()
    while True:
        view = view_of(report, bounds, bars=bars, provenance=known, changes=changes)
        page = _render(replace(view, made_up=made_up), every_row)
        # Only long names and texts come here: less is shown until the page is small again.
        if len(page.encode()) <= MAX_BYTES or bounds == bounds.smaller():
            return page
        bounds = bounds.smaller()


def with_verdict(page: str, sentence: str, decision: DecisionUse | None = None) -> str:
    """The page of `render_html`, with the verdict of who knows what followed at its head.

    ``decision`` is what somebody decided about it since.
    """
    page = _filled(_filled(page, "<title>", sentence), "<h1>", sentence)
    return page if decision is None else _filled(page, '<p id="decision">', decision.sentence)


def _filled(page: str, tag: str, text: str) -> str:
    """The page with this text in the first element that begins so."""
    before, opening, rest = page.partition(tag)
    name = tag.strip("<>").partition(" ")[0]
    _, closing, after = rest.partition(f"</{name}>")
    return f"{before}{opening}{html.escape(text)}{closing}{after}"


def _render(view: ReportView, every_row: str) -> str:
    return _PAGES.get_template("report.html").render(  # noqa: S604  # a template's block
        shell="file.html",
        view=view,
        every_row=every_row,
        script=_SCRIPT,
        script_hash=_SCRIPT_HASH,
    )


def _known(report: QualityReport) -> dict[str, str]:
    """What the report itself says of where it comes from."""
    return {"Suite": report.suite, "Suite sha256": report.suite_sha256, "Versions": _versions()}


@cache
def _versions() -> str:
    libraries = ("great-expectations", "pandas", "numpy", "pyarrow")
    named = [f"{library} {version(library)}" for library in libraries]
    return ", ".join([f"Python {platform.python_version()}", *named])


def render_markdown(report: QualityReport) -> str:
    """The verdict and what failed, as short Markdown."""
    lines = [f"**{report.sentence}**"]
    if report.failed:
        lines += ["", "| Severity | What | Bars | Symbols |", "|---|---|---:|---|"]
    for outcome in report.failed:
        shown = ", ".join(outcome.symbols[:8]) + (" …" if len(outcome.symbols) > 8 else "")
        what = explain(outcome) if not outcome.unexpected_count else outcome.description
        lines.append(
            f"| {outcome.weight} | {_cell(what)} | {outcome.unexpected_count:,} "
            f"| {_cell(shown) or '–'} |"
        )
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())


def _number(value: object) -> str:
    if value is None or value != value:
        return "NULL"
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.10g}"
