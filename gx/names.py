"""What an expectation is called for short: by its type, and the columns that it looks at."""

from collections.abc import Iterable, Mapping

COLUMN_KEYS = ("column", "column_A", "column_B", "column_list")


def short_name(type_: object, kwargs: object) -> str:
    """``column_values_to_be_between(close)``: stable, and for people to read.

    ``kwargs`` is a mapping; of a draft that nobody has checked it may be anything.
    """
    columns = columns_of(kwargs)
    return f"{_short_type(type_)}({', '.join(columns)})" if columns else _short_type(type_)


def dotted_name(type_: object, kwargs: object) -> str:
    """``column_values_to_be_between.close``: the same where there may be no brackets."""
    return ".".join([_short_type(type_), *columns_of(kwargs)])


def columns_of(kwargs: object) -> list[str]:
    """The columns that the kwargs name.

    Not a set of columns: that is what a check demands, and as long as the table is wide.
    """
    given = kwargs if isinstance(kwargs, Mapping) else {}
    return [
        str(name) for key in COLUMN_KEYS for part in _each(given.get(key)) for name in _each(part)
    ]


def _short_type(type_: object) -> str:
    return str(type_).removeprefix("expect_")


def _each(value: object) -> Iterable[object]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)
