-- What somebody did to the held bars of a symbol, the newest first, by the name that it begins with.
select at, action, who, why
from stock_data_audit
where starts_with(what, %(name)s || ': ') and action <> 'discard'
order by at desc, id desc
limit %(limit)s
