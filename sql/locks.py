"""Writers of one table take turns, so that they can neither deadlock nor double rows."""

from sqlalchemy import Connection

SCHEMA = 7_310_001
LOAD = 7_310_002
PUBLISH = 7_310_003
EVIDENCE = 7_310_004
HELD = 7_310_005
REPAIRS = 7_310_006
IB = 7_310_007


def lock(connection: Connection, key: int) -> None:
    """Wait for the turn of this transaction; its end gives the turn back."""
    connection.exec_driver_sql("select pg_advisory_xact_lock(%s)", (key,))
