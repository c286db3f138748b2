insert into {schema}.archived_bars (
    source, place, file, digest, bytes, rows, symbols, first_moment, last_moment, archived_by
)
values (
    %(source)s, %(place)s, %(file)s, %(digest)s, %(bytes)s, %(rows)s, %(symbols)s,
    %(first_moment)s, %(last_moment)s, %(archived_by)s
)
