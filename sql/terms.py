"""The columns of bars, and what PostgreSQL calls the places where they are: quick to import."""

NUMBERS = ("open", "high", "low", "close", "volume")
BAR = ("symbol", "date", *NUMBERS)
DERIVED = ("daily_return", "price_range", "price_range_pct")
EXTRACTED = (*BAR, "created_at")
# What PostgreSQL calls a table, and what is read like one.
TABLES = ("r", "p")
VIEWS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}
