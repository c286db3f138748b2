insert into stock_data_publications (
    run_id, symbols, first_date, last_date, extracted_at, rows, verdict, extract_digest
)
values (
    %(run_id)s, %(symbols)s, %(start)s, %(end)s, %(extracted_at)s, %(rows)s,
    %(verdict)s, %(extract_digest)s
)
