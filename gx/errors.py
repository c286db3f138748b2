"""What can go wrong before a verdict exists."""

import re
from collections.abc import Sequence


def faults_told(faults: Sequence[str], where: str) -> str:
    """One message that tells all faults, of several a line each; ``where`` begins it."""
    if len(faults) == 1:
        return f"{where}: {faults[0]}"
    told = "\n".join(f"  {fault}" for fault in faults)
    return f"{where}: {len(faults)} faults\n{told}"


class GateError(Exception):
    """Base of everything that keeps the gate from judging; the message says what to do."""


class ConflictError(GateError):
    """Somebody else was first; the message tells what happened."""


class SuiteError(GateError):
    """A suite file that cannot be trusted; ``entry`` counts from 1, ``field`` is what is wrong.

    ``faults`` are all of them where there are several; entry and field are those of the first.
    """

    def __init__(self, message: str, *, entry: int | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.entry, self.field = entry, field
        self.faults: tuple[SuiteError, ...] = (self,)

    @classmethod
    def of(cls, faults: Sequence["SuiteError"], where: str) -> "SuiteError":
        """One error that tells all faults, a line each; ``where`` is what each begins with."""
        first = faults[0]
        if len(faults) == 1:
            return first
        lines = [re.sub(rf"^{re.escape(where)}(: |, )", "", str(fault)) for fault in faults]
        error = cls(faults_told(lines, where), entry=first.entry, field=first.field)
        error.faults = tuple(faults)
        return error


class UnknownSuiteError(SuiteError):
    """There is no such suite, or no such version of it."""


class SuiteConflictError(SuiteError):
    """Somebody saved another version after the editor had read its own.

    ``conflicts`` say what of the two cannot be merged; none where merging was no question.
    """

    def __init__(self, message: str, conflicts: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.conflicts = tuple(conflicts)


class WeakSuiteError(SuiteError):
    """A suite with weaknesses that its author has not accepted, one by one."""

    def __init__(self, message: str, weaknesses: tuple[str, ...]) -> None:
        super().__init__(message)
        self.weaknesses = weaknesses


class DatasetError(GateError):
    """A dataset's file that cannot be trusted; ``faults`` are all that is wrong with it."""

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @classmethod
    def of(cls, faults: Sequence[str], where: str) -> "DatasetError":
        """One error that tells all faults; ``where`` is the file."""
        return cls(faults_told(faults, where), faults)


class WaiverError(GateError):
    """A waiver that cannot be meant, or a file of waivers that cannot be trusted."""


class HistoryError(GateError):
    """A file of a suite's history that cannot be read."""


class JsonError(GateError):
    """A text that is no JSON, or that two readers would read differently."""


class BarFileError(GateError):
    """A file of bars that cannot be read completely."""


class ReportError(GateError):
    """A document that is no report, or not all of one."""


class PartsError(GateError):
    """The findings of the market's parts do not belong together."""
