"""The page of one run: its verdict, and the bars that failed."""
