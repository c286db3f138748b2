"""Who may answer, as far as a worker can know."""

from airflow.configuration import conf
from airflow.sdk.execution_time.hitl import HITLUser

# Who may change Airflow's connections, by the roles of its own simple logins.
OPERATORS = frozenset({"admin", "op"})


def assigned(deciders: frozenset[str]) -> list[HITLUser]:
    """The users whom Airflow lets answer; none: all whom it lets answer at all.

    Airflow tells a worker the users and roles of its own simple logins alone.
    """
    if _everybody_is_admin() or not _is_simple():
        return []
    wanted = deciders or OPERATORS
    found = {n for n, role in _users().items() if role in wanted or (deciders and n in deciders)}
    # Without any, Airflow would let all answer.
    return [HITLUser(id=name, name=name) for name in sorted(found | deciders)]


def may_answer(name: str, deciders: frozenset[str]) -> bool:
    """May this user, who has answered?

    With logins of another kind the names of users in DECIDERS count, since roles are not known.
    """
    if _everybody_is_admin():
        return True
    if _is_simple():
        return name in {user["name"] for user in assigned(deciders)}
    return not deciders or name in deciders


def _is_simple() -> bool:
    return str(conf.get("core", "auth_manager")).endswith(".SimpleAuthManager")


def _everybody_is_admin() -> bool:
    return _is_simple() and conf.getboolean("core", "simple_auth_manager_all_admins")


def _users() -> dict[str, str]:
    listed = str(conf.get("core", "simple_auth_manager_users", fallback="")).split(",")
    pairs = (one.strip().partition(":") for one in listed if one.strip())
    return {name: role for name, _, role in pairs}
