"""The other side of the workbench: a process of its own that knows Great Expectations.

Started as ``python -m gx.web.suites.trial_work FD``; it answers one question after another on the
connection that it was given, and ends when the asker is gone or has been silent for long.
"""

import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from gx.dataset.trial import new_dataset
from gx.editing import trials
from gx.errors import DatasetError, GateError

SILENT_S = 1800.0
QUESTIONS: dict[str, Callable[..., object]] = {
    "catalogue": trials.catalogue_document,
    "check": trials.check_document,
    "trust": trials.trust,
    "try": trials.try_draft,
    "tune": trials.tune,
    "effects": trials.effects,
    "draft": trials.draft_document,
    "new_dataset": new_dataset,
}


def answer(question: str, arguments: dict[str, object]) -> tuple[str, object]:
    """How a question ended: answered, refused (somebody can mend it) or failed (nobody can)."""
    try:
        return "answered", QUESTIONS[question](**arguments)
    except GateError as error:
        where = {key: getattr(error, key, None) for key in ("entry", "field")}
        # Of a dataset; a suite's faults are errors themselves.
        faults = error.faults if isinstance(error, DatasetError) else None
        return "refused", {"message": str(error), "faults": faults, **where}
    except Exception as error:  # whatever a draft makes Great Expectations raise is an answer
        return "failed", f"{type(error).__name__}: {error}"


def serve(connection: Connection) -> None:
    """Answer until nobody asks any more."""
    while connection.poll(SILENT_S):
        try:
            question, arguments = connection.recv()
            connection.send(answer(question, arguments))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then goes
    serve(Connection(int(sys.argv[1])))
