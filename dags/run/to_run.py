"""Which days a run has to cover for repairs to be in what is published, or to be out of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from shlex import quote

from gx.report.published import AtOdds
from sql.at_odds import BarAtOdds
from sql.repairs import NewRepair, spans


def days_to_run(repairs: Iterable[NewRepair]) -> dict[str, tuple[date, date]]:
    """First and last day by symbol: a run of fewer would leave a step beside the others."""
    return {symbol: (_day(first), _day(last)) for symbol, (first, last) in spans(repairs).items()}


def commands_of(dataset: str, days: Mapping[str, tuple[date, date]]) -> Iterator[str]:
    """The command for each symbol, ready to be run."""
    named = "" if dataset == "stock_data" else f" --dataset {quote(dataset)}"
    for symbol, (first, last) in days.items():
        yield f"gate run{named} --symbols {quote(symbol)} --start {first} --end {last}"


def at_odds_of(bars: Sequence[BarAtOdds], *, held: bool = False) -> AtOdds:
    """What a report says of such bars of one symbol."""
    return AtOdds(
        symbol=bars[0].symbol,
        bars=len(bars),
        lacking=sum(one.is_open for one in bars),
        first_date=str(bars[0].date),
        last_date=str(bars[-1].date),
        held=held,
    )


def _day(moment: date) -> date:
    return date.fromisoformat(str(moment)[:10])
