-- Of the rows that came out of a file those whose bar is in the table again: that one is newer.
delete from archived_rows as old
using {table} as given
where given.{symbol} = old.{symbol} and given.{date} = old.{date}
