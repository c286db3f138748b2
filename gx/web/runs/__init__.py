"""The latest runs, and the share of failing bars over them."""
