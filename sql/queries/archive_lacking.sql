-- How many of the rows that came out of a file the table does not have to the last letter.
select count(*)
from (
    select
        row({columns})::text as row_text,
        row_number() over (partition by row({columns})::text) as place
    from archived_rows as given
) as filed
left join (
    select
        row({columns})::text as row_text,
        row_number() over (partition by row({columns})::text) as place
    from {table} as given
    where {symbol} = any(%(symbols)s) and {moment} >= %(first)s and {moment} < %(end)s
) as there on filed.row_text = there.row_text and filed.place = there.place
where there.place is null
