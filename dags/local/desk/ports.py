"""Are the ports free, and if not, who has them?"""

import errno
import socket
from contextlib import suppress

import psutil

from dags.local.errors import LocalError


def require_free(host: str, port: int, what: str, option: str) -> None:
    """Raise LocalError when ``what`` cannot listen on ``port``, with the option to choose another.

    Also raised for a host that is not this machine's.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = addresses[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LocalError(
                f"port {port} for {what} is taken{_holder(port)}; choose another with {option}"
            ) from None
        raise LocalError(
            f"{what} cannot listen on {host}:{port} ({error.strerror or error}); "
            f"choose others with --host and {option}"
        ) from None


def _holder(port: int) -> str:
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
                if connection.pid is None:
                    break
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
