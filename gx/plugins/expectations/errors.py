"""Named errors of the market expectations."""


class ExpectationInputError(ValueError):
    """The bars or a parameter cannot be read as what the expectation needs."""


class UnknownCalendarError(ExpectationInputError):
    """No exchange calendar has this name."""


class ColumnTypeError(ExpectationInputError):
    """A column holds values that are not the kind the expectation needs."""


class MissingColumnError(ExpectationInputError):
    """The bars lack a column that the expectation needs."""
