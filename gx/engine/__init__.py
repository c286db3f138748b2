"""Great Expectations as this project uses it: its contexts, batches and results."""
