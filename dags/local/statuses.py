"""The exit statuses of `gate`. Ctrl-C gives 130; `make` itself makes 2 of every failure."""

DONE = 0  # of a run: everything was published
CLOSED = 1  # the gate closed
COULD_NOT_RUN = 2
IN_PART = 3  # of a run: symbols are held, or have no bars
