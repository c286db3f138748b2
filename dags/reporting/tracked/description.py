"""The description on a run's page in MLflow: the verdict, what failed, and where to read on."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from gx.report.document import OutcomeDocument, ReportDocument
from gx.symbols import LONGEST
from gx.terms import SEVERITIES

# MLflow shows 8,000 characters; the rest of the room is for what stands around the table, and for
# the links, of which an artifact's grows by 100 characters when it is sent.
TABLE_CHARACTERS = 4_200
TEXT_CHARACTERS = 800
CELL_CHARACTERS = 240
SYMBOLS_IN_CELL = 5
SYMBOL_CHARACTERS = LONGEST + 8  # an escaped sign takes five, and some have two
HELD_SYMBOLS = 40

# What begins markup, or an address that would become a link.
_MARKUP = re.compile(r"[!#$&*+<=>@\[\\\]^_`{|}~]|:(?=//)")
_SPACE = re.compile(r"\s+")


def describe(
    verdict: str,
    report: ReportDocument | None,
    *,
    held: Sequence[str] = (),
    missing: Sequence[str] = (),
    error: str | None = None,
    links: Mapping[str, str],
) -> str:
    """Markdown: the verdict, links, failed expectations, held and missing symbols; bounded.

    Whatever comes from the data or a suite is escaped. `error` is what ended the run, if that was
    not the gate. `links` are addresses by label.
    """
    # MLflow folds a description after some four lines: what leads on must stand above the fold.
    pages = " · ".join(f"[{label}]({to})" for label, to in links.items())
    paragraphs = [f"**{escape(verdict, TEXT_CHARACTERS)}**", pages]
    if report:
        paragraphs.append(_table(report))
    if held:
        paragraphs.append(f"Held: {_listed(held, HELD_SYMBOLS)}")
    if missing:
        paragraphs.append(f"Missing: {_listed(missing, HELD_SYMBOLS)}")
    if report and error and not error.startswith("GateClosed"):
        paragraphs.append(f"Then: {escape(error, TEXT_CHARACTERS)}")
    return "\n\n".join(filter(None, paragraphs))


def escape(text: str, limit: int = CELL_CHARACTERS) -> str:
    """The text in one line that Markdown shows as it is, cut so that it takes `limit` characters.

    Entities, not backslashes: a backslash before ``|`` or ``<`` is no escape everywhere.
    """
    # More of it has no room, and an error may hold a whole query.
    plain = _SPACE.sub(" ", text[: 4 * limit]).strip()
    entities = {found.start(): f"&#{ord(found[0])};" for found in _MARKUP.finditer(plain)}
    pieces = [entities.get(place, letter) for place, letter in enumerate(plain)]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    room = limit - 2
    kept = [
        piece
        for piece, end in zip(pieces, accumulate(map(len, pieces)), strict=True)
        if end <= room
    ]
    return "".join(kept) + " …"


def _table(report: ReportDocument) -> str:
    """The failed expectations, the worst first, as many as there is room for."""
    bad = sorted(report.failed, key=_gravity)
    if not bad:
        return ""
    lines = ["| Severity | Expectation | Rows | Symbols |", "|---|---|---:|---|"]
    room = TABLE_CHARACTERS
    for entry in bad:
        line = _row(entry)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    left = len(bad) - (len(lines) - 2)
    return "\n".join(lines) + (f"\n\nand {left:,} more in the report" if left else "")


def _row(entry: OutcomeDocument) -> str:
    unchecked = {
        "error": " (could not be checked)",
        "missing": " (was never checked)",
        "unchecked": " (looked at no bar)",
    }
    what = escape(str(entry.description)) + unchecked.get(entry.status, "")
    rows = f"{entry.unexpected_count:,}" if entry.unexpected_count else ""
    return f"| {entry.weight} | {what} | {rows} | {_listed(entry.symbols)} |"


def _listed(symbols: Sequence[str], limit: int = SYMBOLS_IN_CELL) -> str:
    shown = ", ".join(escape(symbol, SYMBOL_CHARACTERS) for symbol in symbols[:limit])
    return shown + (f" and {len(symbols) - limit:,} more" if len(symbols) > limit else "")


def _gravity(entry: OutcomeDocument) -> tuple[bool, int, int]:
    crashed = entry.status in ("error", "missing")
    return not crashed, SEVERITIES.index(entry.severity), -entry.unexpected_count
