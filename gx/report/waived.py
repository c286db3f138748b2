"""What a report says of waivers: which ones were used on its bars, and which ones are over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from gx.report.sentences import counted

State = Literal["applied", "expires_soon", "expired", "unknown", "impossible", "changed"]
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class WaiverUse:
    """A waiver (see gx.suite.waivers.Waiver) and what of this batch it accepts.

    ``failures`` counts failing bars, symbols that are behind, and sessions that the market lacks;
    ``symbols`` and ``days`` name some of them. ``expires_soon``: within a week. ``expired``: it
    accepts no more what it would have accepted here. ``unknown``: the suite has no expectation of
    this name. ``impossible``: nothing that it names can be accepted. ``refused`` bars are among
    what it names, and can be stored by nobody. ``changed``: of the single bars that it accepts as
    they were, none that fails is so any more; so many fail with other values.
    """

    id: str
    expectation: str
    symbol: str | None
    first_date: str
    last_date: str | None
    reason: str
    author: str
    expires: str
    state: State
    failures: int = 0
    refused: int = 0
    changed: int = 0
    symbols: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)

    @property
    def is_in_force(self) -> bool:
        """Did it accept what it names?"""
        return self.state in ("applied", "expires_soon")

    @property
    def whose(self) -> str:
        """Whose failures it accepts, and when: ``TSLA, from 2025-10-01 on``."""
        end = f" to {self.last_date}" if self.last_date else " on"
        same = self.last_date == self.first_date
        span = f"on {self.first_date}" if same else f"from {self.first_date}{end}"
        return f"{self.symbol or 'all symbols'}, {span}"

    @property
    def remark(self) -> str:
        """What somebody has to do about it; empty when nothing."""
        about = f"The waiver of {self.expectation} for {self.whose} ({self.reason}, {self.author})"
        if self.state == "impossible" or self.refused:
            return f"{about} {self._refusal}"
        if self.changed:
            return f"{about}: {self._change}"
        if self.state == "expires_soon":
            return f"{about} expires on {self.expires}: what it accepts blocks again after that."
        if self.state == "expired":
            return f"{about} expired on {self.expires}: what it accepted counts again."
        if self.state == "unknown":
            return f"{about} accepts nothing: the suite has no {self.expectation} any more."
        return ""

    @property
    def _refusal(self) -> str:
        if not self.refused:
            return "accepts nothing: no bar could be accepted by it. Withdraw it."
        return (
            f"does not accept {counted(self.refused, 'bar')} that it names: one without a price "
            "or volume, or of a date that has two, cannot be stored. Mend it in the source, or "
            "discard it."
        )

    @property
    def _change(self) -> str:
        bars = counted(self.changed, "bar")
        one = self.changed == 1
        said = "is not as it was" if one else "are not as they were"
        them = "it" if one else "them"
        return (
            f"{bars} that it names {said} when accepted, in numbers or in what is missing before "
            f"{them}, and count{'s' if one else ''} again. Look at {them}, and accept {them} anew."
        )


def named(values: Sequence[str]) -> list[str]:
    """Some of them, each once."""
    return list(dict.fromkeys(values))[:_NAMED]


def changed_since(uses: Sequence[WaiverUse]) -> list[str]:
    """Symbols of which single bars were accepted that are not as they were; each once."""
    return list(dict.fromkeys(one.symbol for one in uses if one.changed and one.symbol))
