import pyarrow as pa

from dags.reporting.tracked.artifacts import EVERY_ROW, TABLE_ROWS, worst_rows


def test_the_worst_rows_come_first_and_the_rest_is_left_to_the_parquet_file():
    count = TABLE_ROWS + 5
    failing = pa.table(
        {
            "row": pa.array(range(count), pa.int64()),
            "severity": ["info"] * (count - 3) + ["critical", "critical", "warning"],
            "expectations": [["a"]] * (count - 2) + [["a", "b"], ["a"]],
        }
    )
    worst = worst_rows(failing)
    assert worst.num_rows == TABLE_ROWS
    assert worst["row"].to_pylist()[:4] == [count - 2, count - 3, count - 1, 0]


def test_a_report_says_how_many_rows_the_table_really_holds():
    assert f"the worst {TABLE_ROWS:,} are a table" in EVERY_ROW
