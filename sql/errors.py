"""What can go wrong between the bars and PostgreSQL. Every message says what to do."""

from collections.abc import Sequence


class BarStoreError(Exception):
    """Base of every error that this package raises itself."""


class EmbeddedServerError(BarStoreError):
    """The embedded PostgreSQL could not be started or stopped."""


class DatabaseLostError(BarStoreError):
    """The database does not answer, or broke off; a retry may find it back."""


class PreflightError(BarStoreError):
    """The database is not as a run needs it; ``faults`` are sentences that say what to do."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class MissingTableError(BarStoreError):
    """The table that holds the bars does not exist."""


class MissingColumnError(BarStoreError):
    """The table that holds the bars lacks a column."""


class UnreadableColumnError(BarStoreError):
    """A value in the table cannot be read as the number or date that its column should hold."""


class SlowSourceError(BarStoreError):
    """A table cannot be looked through in the time that somebody waits for it."""


class NoBarsError(BarStoreError):
    """No bar of any requested symbol lies in the requested range."""


class LoadError(BarStoreError):
    """A bar cannot be stored as it stands; nothing was loaded."""


class FetchError(BarStoreError):
    """A table cannot take the bars that are fetched."""


class ArchiveError(BarStoreError):
    """Old bars cannot be archived, restored or read; no bar is lost."""


class FaultyRowsError(LoadError):
    """Rows of the file have faults of their own; they could be set aside."""


class PublishError(BarStoreError):
    """The bars to publish contradict each other or the run; nothing was published."""


class UnvouchedError(BarStoreError):
    """Published bars that no run vouches for: nobody may rely on them."""


class DiscardError(BarStoreError):
    """Held bars cannot be discarded in this way; nothing was discarded."""


class AuditError(BarStoreError):
    """What was to be done could not be told in the audit; nothing was done."""


class RepairError(BarStoreError):
    """Repairs cannot be accepted or revoked in this way; nothing was done."""


class RepairTakenError(RepairError):
    """Somebody else accepted or revoked one of these first; nothing was done."""


class StaleError(BarStoreError):
    """What is held is not what somebody saw and decided on; nothing was done."""


class EvidenceError(BarStoreError):
    """The digests of a run's artifacts cannot be kept, or asked for."""
