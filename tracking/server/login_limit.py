"""Slow down whoever guesses passwords: per user and address, without a password ever kept."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

FREE_FAILURES = 5
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0
# About 5 MB. What is known longest goes first: 10,000 made-up users buy a guesser 5 free failures.
MOST_REMEMBERED = 10_000
_Answer = TypeVar("_Answer")


class TooManyFailuresError(Exception):
    """A login comes too soon after failed ones; `seconds` says how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many failed logins; try again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Attempt:
    """Somebody who says who he is. `address` is where from, as the server sees it."""

    user: str
    password: str = field(repr=False)
    address: str


@dataclass
class _Failures:
    number: int = 0
    blocked_until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class LoginLimit:
    """Counts failures in a row; the sixth login must wait 1 s, the next 2 s, and so on up to 30 s.

    Logins of one user from one address are checked one after the other, so that sending many at
    once gains nothing. A password that was right before is never made to wait: whoever guesses
    beside it cannot keep its owner out. Of that password a keyed digest is kept, in memory alone.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._proven: OrderedDict[str, bytes] = OrderedDict()
        self._key = secrets.token_bytes(32)

    async def check(
        self,
        attempt: Attempt,
        answer: Callable[[], Awaitable[_Answer]],
        let_in: Callable[[_Answer], bool | None],
    ) -> _Answer:
        """What ``answer`` says, which ``let_in`` reads: right, wrong, or None for no login at all.

        Raises TooManyFailuresError instead of asking when the login comes too soon.
        """
        digest = self._digest(attempt.password)
        if hmac.compare_digest(self._proven.get(attempt.user, b""), digest):
            return await self._asked(attempt, digest, answer, let_in)
        failures = self._of(attempt)
        async with failures.turn:
            wait = failures.blocked_until - self._clock()
            if wait > 0:
                raise TooManyFailuresError(wait)
            return await self._asked(attempt, digest, answer, let_in)

    async def _asked(
        self,
        attempt: Attempt,
        digest: bytes,
        answer: Callable[[], Awaitable[_Answer]],
        let_in: Callable[[_Answer], bool | None],
    ) -> _Answer:
        found = await answer()
        right = let_in(found)
        if right:
            self._failures.pop(_key(attempt), None)
            self._proven[attempt.user] = digest
            _keep_newest(self._proven)
        elif right is False:
            if hmac.compare_digest(self._proven.get(attempt.user, b""), digest):
                del self._proven[attempt.user]  # it was changed
            self._fail(self._of(attempt))
        return found

    def _of(self, attempt: Attempt) -> _Failures:
        failures = self._failures.setdefault(_key(attempt), _Failures())
        self._failures.move_to_end(_key(attempt))
        _keep_newest(self._failures)
        return failures

    def _fail(self, failures: _Failures) -> None:
        failures.number += 1
        beyond = failures.number - FREE_FAILURES
        if beyond >= 0:
            wait = FIRST_WAIT_SECONDS * 2.0 ** min(beyond, 16)
            failures.blocked_until = self._clock() + min(wait, LONGEST_WAIT_SECONDS)

    def _digest(self, password: str) -> bytes:
        return hmac.digest(self._key, password.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _key(attempt: Attempt) -> tuple[str, str]:
    return attempt.user[:256].strip().casefold(), attempt.address


def _keep_newest(remembered: OrderedDict) -> None:  # type: ignore[type-arg]
    while len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
