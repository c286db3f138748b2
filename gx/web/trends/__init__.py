"""What a symbol or an expectation did over the last runs."""
