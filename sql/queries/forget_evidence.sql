-- What the run handed over when it was logged before.
delete from stock_data_evidence
where run_key = %(run_key)s
