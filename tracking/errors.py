"""What can go wrong while a run is tracked. Messages never hold a password."""


class TrackingError(Exception):
    """The run could not be tracked."""


class StoreUnreachableError(TrackingError):
    """The tracking server or database does not answer, or is no tracking store."""


class ExperimentDeletedError(TrackingError):
    """The experiment is in MLflow's trash, where no run can be logged."""


class RunIncompleteError(TrackingError):
    """Logging broke half-way; the run is marked, and logging it again completes it."""


class UnknownRunError(TrackingError):
    """No run is called so, or several are."""


class NothingToCompareError(TrackingError):
    """A run left no report: it ended before its bars were judged."""


class NoChampionError(TrackingError):
    """No version of a model has beaten its baselines yet."""
