-- Delete exactly the rows that came out of a file, to the last letter of each column; of copies as many
-- as the file has. One that is changed in this moment is another row then, and is not deleted.
with filed as (
    select
        (given.*)::text as row_text,
        row_number() over (partition by (given.*)::text) as place
    from archived_rows as given
),

there as (
    select
        given.tableoid as of_table,
        given.ctid as at,
        (given.*)::text as row_text,
        row_number() over (partition by (given.*)::text) as place
    from {table} as given
    where {symbol} = any(%(symbols)s) and {moment} >= %(first)s and {moment} < %(end)s
),

deleted as (
    delete from {table} as given
    using there inner join filed on there.row_text = filed.row_text and there.place = filed.place
    where given.tableoid = there.of_table and given.ctid = there.at
    returning 1
)

select count(*) from deleted
