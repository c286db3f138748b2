"""Which symbols are good, up to which bar and by which run: the one verdict for machines."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gx.report import sentences
from gx.report.sentences import counted

Status = Literal["good", "behind", "held", "refused", "unknown"]


class SymbolStanding(BaseModel):
    """A symbol: ``good`` up to its ``last_bar``, as ``run_id`` published it, or else why not.

    ``held``: bars of it are in quarantine; ``refused``: the gate closed on it and nothing that was
    published since answers that; ``behind``: its last bar is before ``due``; ``unknown``: nothing
    of it was ever published. ``notes`` are the expectations that the last bar is known to miss,
    below critical. ``at_odds`` says which days are published not as repairs now say.
    """

    model_config = ConfigDict(frozen=True)

    symbol: str
    status: Status
    good: bool
    why: str
    last_bar: date | datetime | None = None
    due: date | None = None
    run_id: str | None = None
    published_at: datetime | None = None
    held_bars: int = 0
    notes: tuple[str, ...] = ()
    at_odds: str = ""


class DatasetVerdict(BaseModel):
    """What a job asks before it trades; ``good`` only if every symbol that was asked for is.

    Nothing of bars that are ``made_up`` is good to trade on, whatever the gate says of its symbols.
    """

    model_config = ConfigDict(frozen=True)

    dataset: str
    asked_at: datetime
    as_of: date | None
    good: bool
    made_up: bool = False
    symbols: tuple[SymbolStanding, ...]

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        good, every = sum(one.good for one in self.symbols), len(self.symbols)
        if not every:
            return "Nothing of this dataset was ever published."
        asked = f" as of {self.as_of}" if self.as_of else ""
        told = sentences.made_up(self.made_up)
        return " ".join([f"{good:,} of {counted(every, 'symbol')} good{asked}.", *told])


def standing(
    symbol: str,
    *,
    due: date | None,
    last_bar: date | None = None,
    session: date | None = None,
    run_id: str | None = None,
    published_at: datetime | None = None,
    held_bars: int = 0,
    refused_by: str | None = None,
    refused_for: Iterable[str] = (),
    notes: tuple[str, ...] = (),
    at_odds: str = "",
) -> SymbolStanding:
    """Where a symbol stands, whose newest published bar is of ``session`` and should be of ``due``.

    What is worst is said: held before refused, refused before behind.
    """
    status: Status = "good"
    why = f"published by {run_id}"
    if held_bars:
        verb = "is" if held_bars == 1 else "are"
        status, why = "held", f"{counted(held_bars, 'bar')} {verb} in quarantine"
    elif refused_by:
        status, why = "refused", f"the gate closed in {refused_by}: {'; '.join(refused_for)}"
    elif session is None:
        status, why = "unknown", "nothing of it was ever published"
    elif due and session < due:
        status, why = "behind", f"its last bar is of {session}, and one of {due} is due"
    return SymbolStanding(
        symbol=symbol,
        status=status,
        good=status == "good",
        why=why,
        last_bar=last_bar,
        due=due,
        run_id=run_id,
        published_at=published_at,
        held_bars=held_bars,
        notes=notes,
        at_odds=at_odds,
    )


def verdict_of(
    dataset: str,
    found: Iterable[SymbolStanding],
    as_of: date | None,
    *,
    made_up: bool = False,
) -> DatasetVerdict:
    """The verdict over symbols; of none there is nothing good."""
    symbols = tuple(found)
    return DatasetVerdict(
        dataset=dataset,
        asked_at=datetime.now(UTC),
        as_of=as_of,
        good=bool(symbols) and not made_up and all(one.good for one in symbols),
        made_up=made_up,
        symbols=symbols,
    )
