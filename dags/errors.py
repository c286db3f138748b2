"""What a person can get wrong before anything runs."""


class RequestError(Exception):
    """A parameter of a run that cannot be meant."""


class GateClosed(Exception):
    """The gate is closed: the bars must not be published. No retry can change that."""


class AnswerError(Exception):
    """A decision that does not count: it is about other bars, or cannot be carried out."""


class StagingError(Exception):
    """The staging folder cannot be written."""


class StagingLostError(StagingError):
    """The store of the staging folder does not answer; a retry may find it back."""


class AlteredError(StagingError):
    """A staged file is not what the step before has written."""


class LostBarsError(Exception):
    """Bars that were extracted are neither to be published nor held."""


class NotPublished(Exception):
    """A run that did not publish what it judged good; it must not end green."""


class Superseded(NotPublished):
    """A newer extract of the same bars is published already; it stays."""


class NothingDue(Exception):
    """No exchange had a session in a scheduled range: there is nothing to check, and no fault."""


class GatewayLostError(Exception):
    """A fetch of which nothing came, for reasons that pass: a retry may bring it."""


class PartitionError(Exception):
    """The partitions of a run do not add up."""


class AlertError(Exception):
    """No channel took an alert."""


class TrainingError(Exception):
    """A model cannot be trained, or asked, with these bars; nothing was registered or written."""
