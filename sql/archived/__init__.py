"""Old bars in files: taken out of their table, put back, and read as if they were still there.

A file holds rows of a table as PostgreSQL writes each value, so that every digit and letter comes
back. The list `archived_bars`, beside the table, says which files count: a row of it is written in
the transaction that deletes the bars.
"""
