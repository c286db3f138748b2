update stock_data_enriched as kept set
    {set}
from staged_indicators as corrected
where kept.symbol = corrected.symbol and kept.date = corrected.date
