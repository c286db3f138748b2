"""Accept failures and withdraw that again; every version of a suite's waivers is kept."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from gx.atomic import create_file, remove_drafts, remove_file, replace_file
from gx.editing.history import GONE, History, digest_of, version_of
from gx.errors import JsonError, SuiteError, WaiverError
from gx.names import short_name
from gx.nearest import nearest
from gx.suite.strict_json import read_json
from gx.suite.texts import author_of, reason_of
from gx.suite.waivers import (
    DAYS,
    Waiver,
    made_waiver,
    parse_waivers,
    read_waivers,
    unacceptable,
    waivers_text,
)
from gx.terms import LONGEST_WAIVER

Change = Callable[[Sequence[Waiver]], Sequence[Waiver]]


@dataclass(frozen=True)
class WaiverStore:
    """The waivers in one folder, a file a suite, and their versions in another.

    ``suites`` are the suites whose expectations can be waived.
    """

    waivers: Path
    history: Path
    suites: Path

    def names(self) -> list[str]:
        """The suites that have, or once had, waivers."""
        return sorted(path.stem for path in self.waivers.glob("*.json") if path.is_file())

    def read(self, suite: str) -> tuple[Waiver, ...]:
        """Those of a suite; raises WaiverError for a file that cannot be trusted."""
        return read_waivers(suite, self.waivers)

    def accept(
        self, suite: str, wanted: Sequence[dict[str, Any]], *, author: str, reason: str
    ) -> tuple[Waiver, ...]:
        """Add waivers, for one reason, all or none; returns them.

        Each of ``wanted`` has expectation, first_date and what else `Waiver` knows of it; without
        ``expires`` it lasts DAYS days. Raises WaiverError for one that cannot be meant, or that
        somebody else has made already.
        """
        made = made_waivers(wanted, author=author, reason=reason)
        self.add(suite, made)
        return made

    def require_new(self, suite: str, made: Sequence[Waiver]) -> None:
        """Raise WaiverError for what `add` would refuse by what is there now."""
        self._added(suite, made)(self.read(suite))

    def add(self, suite: str, made: Sequence[Waiver]) -> None:
        """Add waivers of one author and reason, all or none; raises WaiverError as `accept`."""
        added = self._added(suite, made)
        self._change(suite, added, author=made[0].author, reason=made[0].reason)

    def take_back(self, suite: str, made: Sequence[Waiver]) -> None:
        """Take out what was just added, because what it was for has failed; the history says so."""
        gone = {one.id for one in made}
        self._change(
            suite,
            lambda there: [one for one in there if one.id not in gone],
            author=made[0].author,
            reason="taken back: what they were made for has failed",
        )

    def _added(self, suite: str, made: Sequence[Waiver]) -> Change:
        if not made:
            raise WaiverError("say which expectation's failures are accepted")
        known = suite_names(self.suites / f"{suite}.json")
        for one in made:
            if one.expectation not in known:
                hint = nearest(one.expectation, known) or f"; it has {', '.join(known)}"
                raise WaiverError(f"the suite {suite} has no {one.expectation!r}{hint}")
            _refuse_impossible(one)

        def added(there: Sequence[Waiver]) -> Sequence[Waiver]:
            for one in made:
                _refuse_again(there, one, one.made.date())
            return (*there, *made)

        return added

    def withdraw(self, suite: str, waiver_id: str, *, author: str, reason: str) -> Waiver:
        """Take a waiver out and return it; raises WaiverError when there is none of this id."""
        found: list[Waiver] = []

        def without(there: Sequence[Waiver]) -> Sequence[Waiver]:
            found.extend(one for one in there if one.id == waiver_id)
            if not found:
                raise WaiverError(
                    f"the suite {suite} has no waiver {waiver_id!r}: somebody may have withdrawn it"
                )
            return [one for one in there if one.id != waiver_id]

        self._change(suite, without, author=author, reason=reason)
        return found[0]

    def carry(self, suite: str, to: str, *, author: str, reason: str) -> None:
        """Give the waivers of a suite to another one, which has none; the suite keeps its own.

        Raises WaiverError for a file that cannot be trusted, or when the other one has waivers.
        """
        if (self.waivers / f"{to}.json").exists():
            raise WaiverError(f"there are waivers of a suite {to!r} already (gx/waivers/{to}.json)")
        there = self.read(suite)
        if there:
            self._change(to, lambda _: there, author=author, reason=reason)

    def drop(self, suite: str, *, author: str, reason: str) -> None:
        """Take the waivers of a suite away, which is about to go; their history stays."""
        path, history = self.waivers / f"{suite}.json", self._history(suite)
        if not path.exists():
            return
        with history.locked():
            before = path.read_bytes()
            history.conclude(digest_of(before))
            after = history.newest(digest_of(before))
            if after is None or after.sha256 != digest_of(before):  # it was written by hand
                after = version_of(suite, before, digest_of(before), after=after)
                history.record(after)
            gone = version_of(suite, b"", GONE, after=after, author=author, reason=reason)
            with history.saving(gone):
                remove_file(path)

    def _change(self, suite: str, change: Change, *, author: str, reason: str) -> None:
        """Write what ``change`` makes of the waivers there; whoever is second sees the first's."""
        try:
            author, reason = author_of(author), reason_of(reason)
        except SuiteError as error:
            raise WaiverError(str(error)) from None
        path, history = self.waivers / f"{suite}.json", self._history(suite)
        self.waivers.mkdir(parents=True, exist_ok=True)
        with history.locked():
            before = path.read_bytes() if path.exists() else b""
            history.conclude(digest_of(before))
            remove_drafts(path)
            there = parse_waivers(suite, before) if before else ()
            raw = waivers_text(suite, change(there)).encode()
            newest = history.newest(digest_of(before))
            saved = version_of(
                suite, raw, digest_of(raw), after=newest, author=author, reason=reason
            )
            with history.saving(saved):
                if before:
                    replace_file(path, raw)
                else:
                    create_file(path, raw)

    def _history(self, suite: str) -> History:
        # A suite's name has no dot: nothing else is called so.
        return History(self.history / f"{suite}.waivers")


def made_waivers(
    wanted: Sequence[dict[str, Any]], *, author: str, reason: str
) -> tuple[Waiver, ...]:
    """The waivers of what is ``wanted``, as `WaiverStore.accept` makes them; nothing is kept."""
    now = datetime.now(UTC).replace(microsecond=0)
    usual = {"expires": now.date() + timedelta(days=DAYS)}
    given = {"author": author, "reason": reason, "made": now}
    return tuple(
        made_waiver(**{**usual, **one, **given, "id": secrets.token_hex(4)}) for one in wanted
    )


def suite_names(path: Path) -> list[str]:
    """The short names of a suite's expectations; raises WaiverError when they can't be read."""
    try:
        entries = read_json(path.read_bytes())["expectations"]
        return sorted({short_name(entry["type"], entry["kwargs"]) for entry in entries})
    except FileNotFoundError:
        raise WaiverError(f"there is no suite {path.stem!r}") from None
    except (JsonError, LookupError, TypeError) as error:
        raise WaiverError(f"the suite {path.stem} cannot be read: {error}") from None


def _refuse_impossible(wanted: Waiver) -> None:
    """What would be confirmed, and accept nothing."""
    last = wanted.made.date() + timedelta(days=LONGEST_WAIVER)
    if wanted.expires > last:
        raise WaiverError(
            f"it may last {LONGEST_WAIVER:,} days, until {last}, and not until "
            f"{wanted.expires}: what is right for longer is a matter of the suite"
        )
    why = unacceptable(wanted.expectation)
    if why:
        raise WaiverError(f"{wanted.expectation} cannot be waived: {why}")
    for bar in wanted.bars:
        if any(number is None or not isfinite(number) for number in bar.numbers()):
            raise WaiverError(
                f"the bar of {bar.date} cannot be waived: without a price or volume, or with an "
                "infinite one, it cannot be stored; mend it in the source, or discard it"
            )


def _refuse_again(there: Sequence[Waiver], wanted: Waiver, today: date) -> None:
    """Two people on the same thing: the second sees the first's."""
    for one in there:
        same = all(
            getattr(one, name) == getattr(wanted, name)
            for name in ("expectation", "symbol", "dataset", "first_date", "last_date", "bars")
        )
        if same and not one.expired(today):
            raise WaiverError(
                f"{one.author} has accepted this until {one.expires} ({one.reason}): withdraw that "
                f"waiver ({one.id}) first to make another one"
            )
