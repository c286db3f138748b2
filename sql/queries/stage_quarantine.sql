create temporary table staged_quarantine (
    like stock_data_quarantine including defaults
) on commit drop
