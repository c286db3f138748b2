-- The newest thing that was done to the held bars of each symbol, by the name that it begins with.
select
    named.name,
    max(audit.id) as newest
from unnest(%(names)s::text[]) as named (name)
inner join stock_data_audit as audit on starts_with(audit.what, named.name || ': ')
group by named.name
