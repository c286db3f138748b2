from datetime import UTC, datetime, timedelta

from dags.run.due import later_than

READ = datetime(2025, 11, 4, 12, tzinfo=UTC)


def test_a_read_has_its_own_moment_when_nothing_newer_is_published():
    assert later_than(None, READ) == READ
    assert later_than(READ - timedelta(seconds=1), READ) == READ


def test_a_read_is_later_than_what_is_published_even_where_the_clock_was_set_back():
    for published in (READ, READ + timedelta(hours=1)):
        assert later_than(published, READ) == published + timedelta(microseconds=1)
