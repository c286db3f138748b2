"""What a person can get wrong before anything runs."""


class RequestError(Exception):
    """A parameter of a run that cannot be meant."""


class GateClosed(Exception):
    """The gate is closed: the bars must not be published. No retry can change that."""


class StagingError(Exception):
    """The staging folder cannot be written."""


class StagingLostError(StagingError):
    """The store of the staging folder does not answer; a retry may find it back."""


class PartitionError(Exception):
    """The partitions of a run do not add up."""


class AlertError(Exception):
    """No channel took an alert."""
