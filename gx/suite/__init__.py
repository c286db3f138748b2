"""Suite files: read strictly, tried, and fitted to the bars that they judge."""
