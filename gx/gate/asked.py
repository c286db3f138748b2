"""What a run asked for: by it the gate knows what should be there and is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """The symbols, and the first and last date of the range (2025-10-05; None: open)."""

    symbols: tuple[str, ...] = ()
    first_date: str | None = None
    last_date: str | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> Self:
        """From its JSON form; None of a run that did not say."""
        return cls(**{**document, "symbols": tuple(document["symbols"])}) if document else cls()


NOTHING_ASKED = Asked()
