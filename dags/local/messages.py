"""What to tell of an error that a person can mend, without a traceback and without SQL."""

from collections.abc import Sequence


def explain_error(error: Exception) -> Sequence[str] | None:
    """The lines to tell; None for an error that is nobody's to mend but the program's.

    What it takes to know an error is imported here: most commands end without one.
    """
    import psycopg2
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError

    from dags.errors import RequestError, StagingError, TrainingError
    from dags.fetch.faults import FetchFault
    from dags.local.errors import LocalError
    from gx.errors import GateError
    from sql.errors import BarStoreError, PreflightError
    from tracking.errors import TrackingError

    of_ours = (
        *(RequestError, StagingError, TrainingError, LocalError, FetchFault),
        *(GateError, BarStoreError, TrackingError),
    )
    if isinstance(error, PreflightError):
        return error.faults
    if isinstance(error, of_ours):
        return [str(error)]
    if isinstance(error, OSError):
        return [f"{error}; see that it can be used, and that there is room"]
    if isinstance(error, ValidationError):
        return [_setting(fault["loc"], fault["msg"]) for fault in error.errors()]
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg2.Error):
        unanswered = isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError)
        does = "does not answer" if unanswered else "refuses"
        return [f"the database {does}: {_first_line(cause)}"]
    return None


def _setting(place: Sequence[int | str], fault: str) -> str:
    return f"setting {''.join(str(part).upper() for part in place)}: {fault}"


def _first_line(error: BaseException) -> str:
    """What the server says; the lines behind it quote the statement."""
    return str(error).strip().partition("\n")[0]
