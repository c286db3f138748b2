"""The exit statuses of `gate`. Ctrl-C gives 130; `make` itself makes 2 of every failure."""

DONE = 0  # of a run: everything was published; of a check: it passed
CLOSED = 1  # the gate closed, or would close
COULD_NOT_RUN = 2
IN_PART = 3  # of a run: symbols are held, or have no bars; of a conversion: entries are left out
# What a shell says of a program that the reader of its output left alone.
NOBODY_READS = 141
