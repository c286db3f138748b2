"""Mutants of SQL files, made by hand: rules for what occurs often, and single edits for the rest.

A condition is dropped, a comparison is turned or moved by one, a column is left out of two
compared rows, a join loses a key, an order is reversed, and so on: one at a time.
"""

import re
from collections.abc import Iterator

from tests.mutation.mutants import ROOT, Mutant, squeezed

# (what stands, what stands in the mutant), wherever it occurs.
RULES = [
    (r"(?<= )>=(?= )", ">"),
    (r"(?<= )<=(?= )", "<"),
    (r"(?<= )>(?= )", ">="),
    (r"(?<= )<(?= )", "<="),
    (r"(?<= )<>(?= )", "="),
    (r"is not distinct from", "is distinct from"),
    (r"is distinct from", "is not distinct from"),
    (r"is null", "is not null"),
    (r"is not null", "is null"),
    (r"not exists", "exists"),
    (r"(?<!not )(?<!if )exists(?= \()", "not exists"),
    (r"coalesce\(((?:%\(\w+\)s|[^(),])+), ('[^']+'(?:::date)?|\d+)\)", r"\1"),
    (r"'-infinity'", "'infinity'"),
    (r"'infinity'", "'-infinity'"),
    (r"full join", "left join"),
    (r"full join", "right join"),
    (r"full join", "inner join"),
    (r"using \(symbol, date\)", "using (symbol)"),
    (r"using \(symbol, date\)", "using (date)"),
    (r"\bmin\(", "max("),
    (r"\bmax\(", "min("),
    (r" desc\b", ""),
    (r"(order by (?:[\w.]+, )*(?:\w+\.)?(?:date|symbol|since))(?! desc|[\w.])", r"\1 desc"),
    (r"\n\s*order by .*(?=\n|$)", ""),
    (r"\blimit 1\b", "limit 2"),
    (r"\bdistinct (?=\()", ""),
    (r"\bunion\b", "union all"),
    (r"partition by symbol ", ""),
    (r"\[1\]", "[2]"),
    (r"1 \+ coalesce", "0 + coalesce"),
    (r"<> all\(", "<> any("),
    (r"&&", "@>"),
    (r"&&", "<@"),
    (r"'same'", "'corrected'"),
    (r"now\(\)", "null"),
    (r"\n    \w+ = [^\n]+,(?=\n)", ""),
    (r"%\(start\)s", "%(end)s"),
    (r"%\(end\)s", "%(start)s"),
    (r"%\(by\)s", "%(reason)s"),
]

# (file, what stands, what stands in the mutant) for what no rule makes, where it occurs last.
EDITS = [
    ("queries/insert_enriched", "high, low", "low, high"),
    ("queries/insert_enriched", "open, high, low, close", "close, high, low, open"),
    ("queries/insert_enriched", "close, volume", "volume, close"),
    ("queries/insert_enriched", "daily_return, price_range,", "price_range, daily_return,"),
    ("queries/insert_enriched", "price_range, price_range_pct", "price_range_pct, price_range"),
    ("queries/insert_enriched", "remarks", "null"),
    ("queries/insert_enriched", "%(extracted_at)s", "null"),
    ("queries/insert_publication", "%(start)s, %(end)s", "null, %(end)s"),
    ("queries/insert_publication", "%(start)s, %(end)s", "%(start)s, null"),
    ("queries/insert_publication", "%(rows)s", "0"),
    ("queries/insert_publication", "%(extracted_at)s", "now()"),
    (
        "queries/insert_quarantined",
        "created_at, staged.reasons, %(",
        "date, staged.reasons, %(",
    ),
    ("queries/insert_quarantined", "staged.reasons, %(", "'{}', %("),
    ("queries/insert_quarantined", "%(extracted_at)s::timestamptz\nfrom", "null\nfrom"),
    ("queries/insert_quarantined", "staged.high, staged.low,\n", "staged.low, staged.high,\n"),
    ("queries/insert_quarantined", "staged.open, staged.high, staged.low,\n", "1, 1, 1,\n"),
    ("queries/insert_quarantined", "max(held.attempt)", "count(*)"),
    ("queries/correct_returns", "= corrected.daily_return", "= kept.daily_return"),
    ("queries/find_staged_twice", "group by symbol, date", "group by symbol, date, close"),
    ("queries/open_quarantined", "count(*)", "count(date)"),
    ("queries/open_quarantined", "array_agg(run_id order", "array_agg(symbol order"),
    ("queries/open_quarantined", "order by since, symbol", "order by symbol, since"),
    ("queries/count_open_quarantined", "(symbol, coalesce(date, '-infinity'))", "symbol"),
    ("queries/count_open_quarantined", "symbol, coalesce(date, '-infinity')", "date"),
    ("queries/count_open_quarantined", "coalesce(date, '-infinity')", "1"),
    ("schema/stock_data_enriched", "primary key (symbol, date)", "unique (symbol, date, run_id)"),
    ("schema/stock_data_quarantine", "primary key (run_id, attempt, row_number)", "check (true)"),
    ("schema/stock_data_quarantine_no_delete", "before delete", "before truncate"),
    ("schema/stock_data_quarantine_no_truncate", "before truncate", "before delete"),
    ("schema/stock_data_quarantine_resolve_once", "old.released_by is not null\n    or ", ""),
    ("schema/stock_data_quarantine_resolve_once", "or old.superseded_by is not null", ""),
    ("schema/stock_data_quarantine_resolve_once", "or old.discarded_by is not null", ""),
    ("schema/stock_data_quarantine_resolved", "raise exception", "raise notice"),
    ("schema/stock_data_quarantine_keep", "raise exception", "raise notice"),
]

WORD = r"\b(?:and|or|where|having|when)\b"
ENDS = (
    r"\b(?:and|or|then|(?<!distinct )from|group by|order by|having|limit|returning|select|union)\b"
    r"|\)|\(|'[^']*'"
)
ROWS = re.compile(r"\(([^()]+)\)(\s+is (?:not )?distinct from\s+)\(([^()]+)\)")
TRIGGER_COLUMNS = re.compile(r"(?<=before update of\n)[\w\s,]+(?=\non )")


def sql_mutants(file: str) -> Iterator[Mutant]:
    """Every mutant of a file of sql/, none twice."""
    yield from mutants_of((ROOT / file).read_text(encoding="utf-8"), file)


def mutants_of(source: str, file: str) -> Iterator[Mutant]:
    """Every mutant of this text of `file`."""
    # Comments give way to blanks, so that places stay what they are.
    plain = re.sub(r"--.*", lambda found: " " * len(found[0]), source)
    seen = {plain}
    for start, end, new in _edits(plain, file):
        text = plain[:start] + new + plain[end:]
        if text not in seen:
            seen.add(text)
            yield _mutant(file, plain, text, start, end, new)


def _mutant(file: str, plain: str, text: str, start: int, end: int, new: str) -> Mutant:
    """Named by the changed part with the rest of its first and last lines."""
    first, last = plain.rfind("\n", 0, start) + 1, plain.find("\n", end)
    last = last if last >= 0 else len(plain)
    line = plain.count("\n", 0, start) + 1
    old = squeezed([plain[first:last]])
    return Mutant(file, line, old, squeezed([plain[first:start] + new + plain[end:last]]), text)


def _edits(plain: str, file: str) -> Iterator[tuple[int, int, str]]:
    if "/queries/" in file:
        yield from _by_rule(plain)
    for found in TRIGGER_COLUMNS.finditer(plain):
        names = found[0].split(",")
        for left in range(len(names)):
            yield *found.span(), ",".join(names[:left] + names[left + 1 :]).lstrip()
    for name, old, new in EDITS:
        if file == f"sql/{name}.sql":
            start = plain.rindex(old)
            yield start, start + len(old), new


def _by_rule(plain: str) -> Iterator[tuple[int, int, str]]:
    for pattern, new in RULES:
        for found in re.finditer(pattern, plain):
            yield *found.span(), found.expand(new)
    for start, end, neutral in conditions(plain):
        yield start, end, neutral
        for found in re.finditer(r" = ", plain[start:end]):
            yield start + found.start(), start + found.end(), " <> "
    for found in ROWS.finditer(plain):
        yield from _narrower_rows(found)


def _narrower_rows(found: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    """Two compared rows, each column left out in turn."""
    one, other = found[1].split(","), found[3].split(",")
    for left in range(len(one)):
        shorter = [",".join(row[:left] + row[left + 1 :]) for row in (one, other)]
        yield *found.span(), f"({shorter[0]}){found[2]}({shorter[1]})"


def conditions(plain: str) -> Iterator[tuple[int, int, str]]:
    """Where each condition of a statement stands, and what takes its place to be without it."""
    for found in re.finditer(WORD, plain):
        yield from _condition(plain, found[0], found.end())
    for found in re.finditer(r"(?<!\w)\((?!\s*(?:select|where)\b)", plain):
        if _end(plain, found.end())[1] in ("and", "or"):
            yield from _condition(plain, "", found.end())  # the first in brackets has no word


def _condition(plain: str, word: str, start: int) -> Iterator[tuple[int, int, str]]:
    end, stop = _end(plain, start)
    text = plain[start:end]
    start, end = end - len(text.lstrip()), start + len(text.rstrip())
    if start < end:
        yield start, end, "false" if "or" in (word, stop) else "true"


def _end(plain: str, start: int) -> tuple[int, str]:
    """Where the condition that begins at `start` ends, and the word that ends it."""
    depth = 0
    for found in re.finditer(ENDS, plain[start:]):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")" and depth:
            depth -= 1
        elif not depth and not found[0].startswith("'"):
            return start + found.start(), found[0]
    return len(plain), ""
