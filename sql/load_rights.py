"""What a load needs besides a table: rights, told all at once before a bar is looked at."""

from sqlalchemy import Connection

from sql.errors import LoadError
from sql.session import session_faults, session_of
from sql.statements import statement
from sql.target import Target
from sql.terms import BAR, NUMBERS


def require_rights(connection: Connection, target: Target) -> None:
    """Raise LoadError that names every right that is missing, and how to give it."""
    touched = [*NUMBERS, "created_at"] if target.has_created_at else list(NUMBERS)
    bound = {"columns": list(BAR), "touched": touched}
    lacking = connection.exec_driver_sql(statement("queries/load_rights"), bound).one()
    faults = list(session_faults(session_of(connection)))
    if lacking.rights:
        rights = ", ".join(lacking.rights)
        faults.append(
            f"{lacking.role} may not {rights} in stock_data: grant {rights} on stock_data to "
            f"{lacking.role}"
        )
    faults += [
        f"{lacking.role} may not use sequence {name}: grant usage on sequence {name} to "
        f"{lacking.role}"
        for name in lacking.sequences
    ]
    if faults:
        raise LoadError(f"{'; '.join(faults)}. Nothing was loaded.")
