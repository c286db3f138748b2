"""What people did, as the page of it and `gate audit` list it; and what histories tell of it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

from gx.editing.history import History, Version, digest_of
from gx.errors import GateError, SuiteError, WaiverError
from gx.report.sentences import counted
from gx.suite.diff import compare
from gx.suite.waivers import Waiver, parse_waivers

_WAIVERS = ".waivers"


@dataclass(frozen=True)
class Deed:
    """Who did what to what, why and when.

    ``run_id`` is the run that it was about, ``dataset`` whose bars it was done to, ``suite`` which
    suite; each is empty where there is none.
    """

    at: datetime
    who: str
    action: str
    what: str
    why: str
    run_id: str = ""
    dataset: str = ""
    suite: str = ""

    def about(self, symbol: str) -> bool:
        """Does it name this symbol? Case counts for nothing."""
        edge = r"[\w.^=/-]"
        named = rf"(?<!{edge}){re.escape(symbol)}(?!{edge})"
        return re.search(named, self.what, re.IGNORECASE) is not None


def newest_first(deeds: Iterable[Deed]) -> list[Deed]:
    """All of them in the order of a list."""
    return sorted(deeds, key=lambda one: one.at, reverse=True)


def saved_deeds(
    suites: Path, waivers: Path, history: Path, *, since: datetime | None = None
) -> tuple[list[Deed], list[str]]:
    """Saved versions of suites and waivers, as their histories tell them; and what can't be read.

    Those are told by whoever saved them; what was written by hand has no entry.
    """
    found: list[Deed] = []
    faults: list[str] = []
    folders = [path for path in history.glob("*") if path.is_dir()] if history.is_dir() else []
    for folder in sorted(folders):
        is_waivers = folder.name.endswith(_WAIVERS)
        name = folder.name.removesuffix(_WAIVERS)
        file = (waivers if is_waivers else suites) / f"{name}.json"
        try:
            versions = History(folder).versions(
                digest_of(file.read_bytes() if file.exists() else b"")
            )
            told = _waived(versions) if is_waivers else _suite_saved(name, versions)
            found += [one for one in told if since is None or one.at >= since]
        except GateError as error:
            faults.append(str(error))
    return newest_first(found), faults


def _suite_saved(name: str, versions: Sequence[Version]) -> Iterator[Deed]:
    for now, before in _with_before(versions):
        if now.author and now.deleted:
            yield _deed(now, "delete suite", name)
        elif now.author:
            yield _deed(now, "save suite", f"{name}: {_changed(before, now)}")


def _changed(before: Version | None, now: Version) -> str:
    """How much of a suite is another."""
    if before is None or before.deleted:
        return "first version"
    try:
        changes = len(compare(before.document, now.document))
    except (SuiteError, LookupError, TypeError):
        return "a new version"
    return counted(changes, "change")


def _waived(versions: Sequence[Version]) -> Iterator[Deed]:
    for now, before in _with_before(versions):
        after, there = _waivers_of(now), _waivers_of(before)
        for waiver in (one for key, one in after.items() if key not in there):
            yield _deed(now, "waive", _told(waiver))
        for waiver in (one for key, one in there.items() if key not in after):
            yield _deed(now, "withdraw", _told(waiver))


def _with_before(versions: Sequence[Version]) -> Iterator[tuple[Version, Version | None]]:
    """Each version, newest first, with the one that it replaced."""
    return zip_longest(versions, versions[1:])


def _waivers_of(version: Version | None) -> dict[str, Waiver]:
    if version is None:
        return {}
    try:
        return {one.id: one for one in parse_waivers(version.name, version.text.encode())}
    except WaiverError:  # of an older form, or damaged by hand: its neighbours tell what they can
        return {}


def _told(waiver: Waiver) -> str:
    days = f"from {waiver.first_date} " + (f"to {waiver.last_date}" if waiver.last_date else "on")
    count = len(waiver.bars)
    bars = f", {counted(count, 'bar')} as they were" if count else ""
    return f"{waiver.symbol or 'all symbols'}: {waiver.expectation}, {days}{bars}"


def _deed(version: Version, action: str, what: str) -> Deed:
    at = datetime.fromisoformat(version.time)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Deed(at, version.author, action, what, version.reason, suite=version.name)
