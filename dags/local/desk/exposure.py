"""What a desk that listens beyond this machine exposes, and that it does so only with logins."""

import socket
from collections.abc import Mapping
from ipaddress import ip_address

import psutil

from dags.local.desk.parts import SIMPLE_AUTH_MANAGER, Addresses
from dags.local.errors import LocalError

_ON, _OFF = ("true", "t", "1", "yes", "on"), ("false", "f", "0", "no", "off")
# Variables that would take away what a desk in a network relies on, and what they would do.
_WEAKENS = {
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "lets everybody into Airflow as its admin",
    "AIRFLOW__CORE__AUTH_MANAGER": "has Airflow ask for other logins than the desk's",
    "MLFLOW_AUTH_CONFIG_PATH": "has MLflow ask for other logins than the desk's, or for none",
    "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "opens what MLflow has no rule for",
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "lets other sites' pages use MLflow's logins",
    "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "lets other sites' pages use MLflow's logins",
}


def is_exposed(addresses: Addresses) -> bool:
    """Whether other machines can reach the desk. Raises LocalError for a host that is none."""
    return not all(ip_address(found).is_loopback for found in _listened(addresses.host))


def require_logins(addresses: Addresses, outside: Mapping[str, str]) -> None:
    """Raise LocalError when other machines could reach a desk whose logins are switched off."""
    if not is_exposed(addresses):
        return
    for name, effect in _WEAKENS.items():
        if _weakens(name, outside.get(name, "").strip()):
            raise LocalError(
                f"HOST={addresses.host} lets other machines in, so both Airflow and MLflow must "
                f"ask for the desk's logins; but {name}={outside[name]} {effect}. Unset it, or "
                "leave HOST out to listen on this machine alone"
            )


def notice(addresses: Addresses) -> str:
    """What is exposed, for whoever starts the desk; empty when nothing is."""
    if not is_exposed(addresses):
        return ""
    places = [_bracketed(found) for found in _reached(addresses.host)]
    lines = "".join(
        f"    http://{place}:{addresses.airflow_port} (Airflow)"
        f"   http://{place}:{addresses.mlflow_port} (MLflow)\n"
        for place in places
    )
    return (
        "  OTHER MACHINES can reach this desk, with a login, at\n"
        f"{lines}"
        "  Nothing is encrypted: passwords and bars can be read on their way. For more than a\n"
        "  trusted network put a proxy with TLS in front. PostgreSQL has its socket alone.\n"
    )


def _weakens(name: str, value: str) -> bool:
    if name == "AIRFLOW__CORE__AUTH_MANAGER":
        return value not in ("", SIMPLE_AUTH_MANAGER)
    if name == "MLFLOW_BASIC_AUTH_FAIL_CLOSED":
        return value.lower() in _OFF
    if name in ("MLFLOW_AUTH_CONFIG_PATH", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"):
        return bool(value)
    return value.lower() in _ON


def _listened(host: str) -> list[str]:
    """The addresses that a server listens on when it is told this host."""
    if not host.strip():  # servers take it for every address
        raise LocalError("HOST is empty; leave it out, or name an address of this machine")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise LocalError(f"HOST={host} is no address of this machine ({error.strerror})") from None
    return sorted({str(address[0]).partition("%")[0] for *_, address in found})


def _reached(host: str) -> list[str]:
    """The addresses by which other machines reach the desk."""
    listened = _listened(host)
    if not any(ip_address(found).is_unspecified for found in listened):
        return [found for found in listened if not ip_address(found).is_loopback]
    families = {socket.AF_INET} | ({socket.AF_INET6} if "::" in listened else set())
    found = {
        entry.address.partition("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in families
    }
    return sorted(
        f for f in found if not (ip_address(f).is_loopback or ip_address(f).is_link_local)
    )


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
