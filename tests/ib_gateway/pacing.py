"""What was asked, and IB's limits on how fast.

https://interactivebrokers.github.io/tws-api/historical_limitations.html: no identical request
within 15 seconds, fewer than six for a contract, exchange and tick type within two, at most 60
within ten minutes (BID_ASK counts twice), and 50 open at once. IB writes the first three of small
bars, 30 seconds or less; here the 60 hold for small bars alone, the others for all.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from tests.ib_gateway.bars import SIZES
from tests.ib_gateway.contracts import Asked as AskedContract


@dataclass
class Asked:
    """A request, and what became of it.

    ``request`` is ``historical``, ``contract``, ``head`` or another of `session.NAMES`; ``answer``
    begins as "open" and ends as "5 bars", "error 162", "silence", "cut", "cancelled" and so on.
    ``seconds`` is the gateway's clock, in seconds since it started.
    """

    request: str
    number: int
    client_id: int
    at: datetime
    seconds: float
    contract: AskedContract | None = None
    end: str = ""
    duration: str = ""
    bar_size: str = ""
    what: str = ""
    use_rth: bool = False
    format_date: int = 1
    answer: str = "open"

    @property
    def symbol(self) -> str:
        """The symbol that was asked for; empty where a conId says it, or there is none."""
        return self.contract.symbol if self.contract else ""

    @property
    def same(self) -> tuple[object, ...]:
        """What makes two requests identical."""
        return (self.contract, self.end, self.duration, self.bar_size, self.what, self.use_rth)


@dataclass(frozen=True)
class Limits:
    """IB's limits; a test that wants to see one alone lifts the others."""

    identical_seconds: float = 15.0
    contract_requests: int = 6
    contract_seconds: float = 2.0
    requests: int = 60
    requests_seconds: float = 600.0
    small_bar: int = 30
    open_requests: int = 50


@dataclass
class Pacing:
    """Tells which request for history breaks which limit. One that does is counted as well."""

    limits: Limits = field(default_factory=Limits)
    _recent: "deque[Asked]" = field(default_factory=deque)

    def breach(self, asked: Asked) -> str:
        """The limit that ``asked`` breaks, in words; empty if none."""
        while self._recent and asked.seconds - self._recent[0].seconds >= self._longest:
            self._recent.popleft()
        found = self._identical(asked) or self._of_contract(asked) or self._in_all(asked)
        self._recent.append(asked)
        return found

    @property
    def _longest(self) -> float:
        limits = self.limits
        return max(limits.requests_seconds, limits.identical_seconds, limits.contract_seconds)

    def _since(self, asked: Asked, seconds: float) -> list[Asked]:
        return [one for one in self._recent if asked.seconds - one.seconds < seconds]

    def _identical(self, asked: Asked) -> str:
        seconds = self.limits.identical_seconds
        same = any(one.same == asked.same for one in self._since(asked, seconds))
        return f"identical within {seconds:g} seconds" if same else ""

    def _of_contract(self, asked: Asked) -> str:
        limits = self.limits
        alike = [
            one
            for one in self._since(asked, limits.contract_seconds)
            if (one.contract, one.what) == (asked.contract, asked.what)
        ]
        many = 1 + len(alike) >= limits.contract_requests
        return f"{1 + len(alike)} for a contract in {limits.contract_seconds:g} s" if many else ""

    def _in_all(self, asked: Asked) -> str:
        limits = self.limits
        if not self._small(asked):
            return ""
        recent = [one for one in self._since(asked, limits.requests_seconds) if self._small(one)]
        weight = sum(2 if one.what == "BID_ASK" else 1 for one in (*recent, asked))
        many = weight > limits.requests
        return f"{weight} requests in {limits.requests_seconds:g} seconds" if many else ""

    def _small(self, asked: Asked) -> bool:
        return SIZES.get(asked.bar_size, 0) <= self.limits.small_bar
