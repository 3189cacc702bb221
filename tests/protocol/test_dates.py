"""frostnode.protocol.dates: any moment that a record or a witness may claim can be said."""

from frostnode.protocol.dates import date_text


def test_a_moment_is_said_as_a_date_while_there_is_one():
    assert date_text(0) == "1970-01-01T00:00:00Z"
    assert date_text(253_402_300_799) == "9999-12-31T23:59:59Z"
    assert date_text(253_402_300_800) == "second 253402300800 since 1970"
