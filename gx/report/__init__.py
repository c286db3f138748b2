"""The report: what it holds, what of it is shown, as a page, as Markdown and in a terminal."""
