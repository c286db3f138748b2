"""What a verdict says beside itself; each gives a sentence, or none where nothing is to be said."""

from collections.abc import Iterator, Mapping, Sequence

from gx.report.published import AtOdds, Doubt, Removal

NAMED = 5
MADE_UP = "These bars are made up."


def absent(missing: Sequence[str]) -> Iterator[str]:
    """Of symbols that were asked for and have no bar."""
    if missing:
        named = ", ".join(missing[:NAMED]) + (", …" if len(missing) > NAMED else "")
        verb = "is" if len(missing) == 1 else "are"
        yield f"{counted(len(missing), 'symbol')} {verb} missing: {named}."


def decided(choice: str, who: str | None, why: str, unkept: str = "") -> str:
    """Of what somebody was asked; ``who`` is None when nobody answered."""
    if who is None:
        return f"Held by the time limit: {why}."
    said = {"hold": "hold", "publish": "publish all the same", "fail": "fail the run"}[choice]
    alone = f", for this run alone: {unkept}" if unkept else ""
    return f"{who} decided to {said}{f' ({why})' if why else ''}{alone}."


def judged_by(suite: str, instead_of: str) -> Iterator[str]:
    """Which suite judged, where it is another one than the dataset's own."""
    if instead_of:
        yield f"Judged by {suite} instead of {instead_of}."


def made_up(is_so: bool) -> Iterator[str]:
    """Of bars of which no price was ever paid."""
    if is_so:
        yield MADE_UP


def waived(failures: int) -> Iterator[str]:
    """Of failures that somebody has accepted."""
    if failures:
        verb = "is" if failures == 1 else "are"
        yield f"{counted(failures, 'failure')} {verb} waived."


def changed(symbols: Sequence[str]) -> Iterator[str]:
    """Of symbols with bars that somebody accepted, and that are not as they were then."""
    if symbols:
        named = ", ".join(symbols[:NAMED]) + (", …" if len(symbols) > NAMED else "")
        yield f"Accepted bars of {named} have changed since, and count again."


def and_others(by: Mapping[str, int]) -> str:
    """``, and 80 more; accepted by admin (75), root (6)``: beside the one that is named before."""
    more = sum(by.values()) - 1
    whose = sorted(by, key=lambda one: (-by[one], one))
    named = ", ".join(f"{one} ({by[one]:,})" for one in whose[:NAMED])
    all_of_them = f"; accepted by {named}{', …' if len(by) > NAMED else ''}" if len(by) > 1 else ""
    return f", and {more:,} more{all_of_them}" if more > 0 else ""


def in_events(bars: int, events: int) -> str:
    """``3 bars``, or ``12 bars in 2 events`` where some follow each other."""
    size = counted(bars, "bar")
    return f"{size} in {counted(events, 'event')}" if 0 < events < bars else size


def off(names: Sequence[str], symbols: Sequence[str]) -> Iterator[str]:
    """Of expectations that an exception switches off for symbols."""
    if names:
        verb = "is" if len(names) == 1 else "are"
        named = ", ".join(symbols[:NAMED]) + (", …" if len(symbols) > NAMED else "")
        yield f"{counted(len(names), 'expectation')} {verb} off for {named}."


def of_published(
    doubtful: Sequence[Doubt], removed: Sequence[Removal], at_odds: Sequence[AtOdds] = ()
) -> Iterator[str]:
    """Of bars that earlier runs published."""
    if doubtful:
        bars = counted(len(doubtful), "bar")
        yield f"{bars} published before {'is' if len(doubtful) == 1 else 'are'} now doubtful."
    gone = sum(removal.bars for removal in removed)
    if gone:
        bars = counted(gone, "published bar")
        yield f"{bars} {'is' if gone == 1 else 'are'} gone from the source."
    yield from (f"{one.sentence}." for one in at_odds[:NAMED])
    if len(at_odds) > NAMED:
        yield f"{counted(len(at_odds) - NAMED, 'symbol')} more, in the report."


def of_the_suite(lost: Sequence[str]) -> Iterator[str]:
    """Of critical expectations that the suite has lost, by their descriptions."""
    if lost:
        named = " ".join(lost[:3]) + (" …" if len(lost) > 3 else "")
        many = counted(len(lost), "critical expectation")
        yield f"The suite has {many} fewer than in the run before: {named}"


def counted(number: int, noun: str) -> str:
    """``1 bar``, ``2 bars``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
