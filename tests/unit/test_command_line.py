"""What the command line tells of errors, and with which status."""

import psycopg2
import pytest
import typer
from sqlalchemy.exc import OperationalError, ProgrammingError

from dags.errors import RequestError
from dags.local.messages import explain_error
from gx.cli import new_app, run_app


def ends_with(error: BaseException | None, *, status: int = 0) -> int:
    app = new_app("", "")

    @app.command()
    def fail() -> int:
        if error is not None:
            raise error
        return status

    @app.command()
    def other() -> None:
        """A second one, so that the first has a name."""

    return run_app(app, "gate", explain=explain_error, arguments=["fail"])


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_a_command_ends_with_the_status_that_it_returns(status: int):
    assert ends_with(None, status=status) == status


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RequestError("no such day"), "error: no such day"),
        (PermissionError(13, "Permission denied", "x.csv"), "error: [Errno 13] Permission denied"),
        (
            OperationalError("select secret", {}, psycopg2.OperationalError("no route\nLINE 1: s")),
            "error: the database does not answer: no route",
        ),
        (psycopg2.InterfaceError("connection already closed"), "error: the database does not"),
        (
            ProgrammingError("select secret", {}, psycopg2.ProgrammingError("denied\nLINE 1: s")),
            "error: the database refuses: denied",
        ),
        (typer.BadParameter("no such thing"), "Usage: gate fail [OPTIONS]"),
        (KeyboardInterrupt(), "stopped"),
    ],
)
def test_what_a_person_can_mend_is_a_line(
    error: BaseException, line: str, capsys: pytest.CaptureFixture[str]
):
    assert ends_with(error) == (130 if isinstance(error, KeyboardInterrupt) else 2)
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert "Traceback" not in said and "secret" not in said and "LINE" not in said


def test_a_fault_of_the_program_is_no_closed_gate_and_shows_where(
    capsys: pytest.CaptureFixture[str],
):
    assert ends_with(ZeroDivisionError("division by zero")) == 2
    said = capsys.readouterr().err
    assert "Traceback" in said and "ZeroDivisionError" in said
    assert "error: this is a fault of the program" in said
