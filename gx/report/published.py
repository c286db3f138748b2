"""What a report says of bars that earlier runs published: doubtful now, or gone from the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer

Texts = Annotated[tuple[str, ...], PlainSerializer(list)]  # JSON has lists


@dataclass(frozen=True)
class Doubt:
    """A published bar that fails now, and did not when it was published.

    ``date`` and ``published_at`` are ISO 8601; ``published_by`` is a run's id; ``severity`` the
    worst of what it fails, ``expectations`` their names and ``reasons`` their descriptions;
    ``bar`` has open, high, low, close and volume as they are in the source now.
    """

    symbol: str
    date: str
    published_by: str
    published_at: str
    severity: str
    expectations: Texts
    reasons: Texts
    bar: Mapping[str, float | None]


@dataclass(frozen=True)
class Removal:
    """Published bars of a symbol that the source does not have any more.

    ``bars`` are gone of ``published`` in the range, from ``first_date`` to ``last_date``; ``dates``
    names some of them (all ISO 8601). ``accepted`` by a person; ``held``: too many to go without.
    """

    symbol: str
    bars: int
    published: int
    first_date: str
    last_date: str
    dates: Texts = ()
    accepted: bool = False
    held: bool = False
