"""What says in a cell that there is no value."""

# NaN and inf are read as numbers, to be judged.
MISSING = (
    *("", "NA", "N/A", "n/a", "#N/A", "N/D", "null", "NULL", "None", "NONE", "<NA>"),
    *("-", "--", "—", "–", "−"),
)
# Of a date only what has always been: a dash may be what is left of one.
NO_DATE = ("", "NA", "N/A", "n/a", "null", "NULL", "None", "NaT")
