"""What IB says when it gives no bars, in a trader's words, and whether waiting helps.

Codes and texts: TWS API, "Message codes" and "Historical data limitations".
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "no data",
    "unknown",
    "ambiguous",
    "rights",
    "pacing",
    "request",
    "silence",
    "disconnected",
    "farm",
    "late",
    "client id",
    "other",
]
# What time mends.
PASSING = frozenset({"pacing", "silence", "disconnected", "farm", "late"})


class FetchFault(Exception):
    """Why a request brought no bars; ``kind`` tells what to do about it."""

    def __init__(self, kind: Kind, said: str) -> None:
        super().__init__(said)
        self.kind = kind

    @property
    def passes(self) -> bool:
        """Does it help to ask again?"""
        return self.kind in PASSING


@dataclass(frozen=True)
class _Rule:
    codes: frozenset[int]
    text: str
    kind: Kind
    said: str


def _rule(codes: "tuple[int, ...]", text: str, kind: Kind, said: str) -> _Rule:
    return _Rule(frozenset(codes), text, kind, said)


FARM = "the gateway has lost IB's data farm"
_RULES = (
    _rule((162, 165, 10314), r"no data", "no data", "IB has no such bars"),
    _rule(
        (162, 100, 420, 322),
        r"pacing|max rate|too many|max number|only \d+ simultaneous|already in use",
        "pacing",
        "IB says that it was asked too often",
    ),
    _rule(
        (162, 354, 420, 10089, 10090, 10168, 10186, 10187, 10189),
        r"permission|subscri",
        "rights",
        "this account has no market data for it: subscribe to the exchange's data in IB's Client "
        "Portal (Settings, Market Data Subscriptions)",
    ),
    _rule(
        (200, 321),
        r"ambiguous",
        "ambiguous",
        "IB knows several such contracts: name its con_id (TWS, right click, Contract Info) or its "
        "primary_exchange in the dataset's file",
    ),
    _rule(
        (200, 203),
        r"",
        "unknown",
        "IB knows no such contract: correct symbol, exchange, currency or type in the dataset's "
        "file",
    ),
    _rule(
        (10197, 162),
        r"competing live session|different ip|trading tws session",
        "rights",
        "the account is logged in elsewhere, and IB gives its data only there: log out there",
    ),
    _rule((321, 10299, 366), r"", "request", "IB does not take the request"),
    _rule((1100, 1300, 2110), r"", "disconnected", "the gateway has lost its connection to IB"),
    _rule((504, 507, 502), r"", "disconnected", "there is no connection to the gateway"),
    _rule((2103, 2105, 2157, 10182), r"", "farm", FARM),
    _rule((162, 165), r"connect|reconnect|broken|temporar|timed? ?out", "farm", FARM),
    _rule(
        (326,),
        r"",
        "client id",
        "another program is connected with this client id: set IB_CLIENT_ID to a free one",
    ),
    _rule((162,), r"cancel", "silence", "IB gave up on the request"),
)
# The gateway's own news of its connections, which are about no request.
LOST, RESTORED = frozenset({1100, 2110}), frozenset({1101, 1102})
# Of a farm that history or contracts come from; the text names it after a colon.
FARM_LOST, FARM_BACK = frozenset({2105, 2157}), frozenset({2106, 2158})


def fault(code: int, text: str) -> FetchFault:
    """The fault that a message of IB's is about one request."""
    words = " ".join(text.split())
    for rule in _RULES:
        if code in rule.codes and re.search(rule.text, words, re.IGNORECASE):
            return FetchFault(rule.kind, f"{rule.said} (IB {code}: {words[:200]})")
    return FetchFault("other", f"IB {code}: {words[:200]}")
