import pytest

pytestmark = pytest.mark.usefixtures("airflow_environment")  # imported late, like Airflow


def test_symbols_are_divided_in_their_order_and_labelled():
    from dags.work.partitions import divide

    partitions = divide(["A", "B", "C", "D", "E"], 2)

    assert [part.symbols for part in partitions] == [("A", "B"), ("C", "D"), ("E",)]
    assert [part.number for part in partitions] == [0, 1, 2]
    assert [part.label for part in partitions] == ["1: A – B", "2: C – D", "3: E – E"]


@pytest.mark.parametrize("count", [1_000_000, 999_999, 1_001])
def test_there_are_never_more_partitions_than_airflow_can_map(count: int):
    from dags.work.partitions import MOST_PARTITIONS, divide

    symbols = [str(number) for number in range(count)]

    partitions = divide(symbols, 1)

    assert len(partitions) <= MOST_PARTITIONS
    assert [symbol for part in partitions for symbol in part.symbols] == symbols
