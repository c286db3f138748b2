"""One desk for every test in this folder: it is a package so that a fixture can last as long."""
