"""The pictures of a report, as numbers for an SVG."""
