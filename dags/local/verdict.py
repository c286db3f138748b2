"""`gate verdict`: which symbols are good, for scripts and for people."""

from pathlib import Path

from dags.local.services import bars_alone
from dags.reporting.standings import dataset_verdict
from dags.run.request import parse_date, parse_symbols
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from gx.report.columns import TextColumn, room, table_lines
from gx.report.standing import DatasetVerdict, SymbolStanding
from gx.statuses import CLOSED, DONE, IN_PART

_COLUMNS = (
    *(TextColumn(name) for name in ("symbol", "verdict", "last bar", "by run")),
    TextColumn("why", sentences=True),
)


def print_verdict(
    var: Path, name: str, as_of: str | None, symbols: str | None, *, as_json: bool
) -> int:
    """Print where a dataset's symbols stand; 0: all are good, 1: none is, 3: some are.

    Of bars that are made up none is.
    """
    dataset, day = read_dataset(name), parse_date(as_of)
    asked = None if symbols is None else parse_symbols(symbols)
    with bars_alone(var) as environment:
        found = dataset_verdict(dataset, Settings.of(environment), as_of=day, symbols=asked)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        print(found.sentence)
        rows = [_row(one) for one in found.symbols]
        for line in table_lines(_COLUMNS, rows, room()) if rows else ():
            print(line)
    return _status(found)


def _status(found: DatasetVerdict) -> int:
    if found.good:
        return DONE
    if found.made_up:
        return CLOSED
    return IN_PART if any(one.good for one in found.symbols) else CLOSED


def _row(one: SymbolStanding) -> tuple[str, ...]:
    why = (
        *([] if one.good else [one.why]),
        *([f"misses {', '.join(one.notes)}"] if one.notes else []),
        *([one.at_odds] if one.at_odds else []),
    )
    return (one.symbol, one.status, str(one.last_bar or "–"), one.run_id or "–", "; ".join(why))
