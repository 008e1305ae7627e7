"""Times: the measured facts of PHP's strtotime(), the phrases read beyond it, what is refused and in which words."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.intake.strtotime import strtotime
from app.intake.times import LONGEST, Reading, UnreadableTime, read, when_lines

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
BASE = 1300000000  # Sunday 2011-03-13 03:06:40 EDT, an hour after summer time began
NOW = datetime.fromtimestamp(BASE, UTC)


def new_york(text: str) -> str | None:
    """The expression read at BASE in New York, as the clock there shows it."""
    instant = strtotime(text, BASE, NEW_YORK)
    return None if instant is None else f"{datetime.fromtimestamp(instant, NEW_YORK):%a %Y-%m-%d %H:%M:%S}"


INSTANTS = {
    "the vendor's example": ("oct 14th, 2011 11:05PM EST", 1318651500),
    "a shift": ("+3 days", 1300259200),
    "now": ("now", BASE),
    "a blank": (" ", BASE),
    "a timestamp": ("@1318651500", 1318651500),
    "a fraction rounds down": ("@-1.5", -2),
    "a day that is not in the month": ("31 feb 2011", 1299128400),
}

CLOCKS = {
    "a time is today's": ("10:30", "Sun 2011-03-13 10:30:00"),
    "a date is its midnight": ("2011-10-14", "Fri 2011-10-14 00:00:00"),
    "tomorrow and a time": ("tomorrow 9am", "Mon 2011-03-14 09:00:00"),
    "a time undone by tomorrow": ("9am tomorrow", "Mon 2011-03-14 00:00:00"),
    "noon undone by tomorrow": ("noon tomorrow", "Mon 2011-03-14 00:00:00"),
    "1530 is a time": ("1530", "Sun 2011-03-13 15:30:00"),
    "2030 is a time": ("2030", "Sun 2011-03-13 20:30:00"),
    "2011 is a time": ("2011", "Sun 2011-03-13 20:11:00"),
    "1960 is a year": ("1960", "Sun 1960-03-13 03:06:40"),
    "four digits after a time are a year": ("10:30 2012", "Tue 2012-03-13 10:30:00"),
    "this week is its Monday": ("this week", "Mon 2011-03-07 03:06:40"),
    "next week is its Monday": ("next week", "Mon 2011-03-14 03:06:40"),
    "last week is its Monday": ("last week", "Mon 2011-02-28 03:06:40"),
    "a day of next week": ("friday next week", "Fri 2011-03-18 00:00:00"),
    "a week from now": ("+1 week", "Sun 2011-03-20 03:06:40"),
    "weekday as a unit": ("+1 weekday", "Mon 2011-03-14 03:06:40"),
    "six weekdays": ("6 weekdays", "Mon 2011-03-21 03:06:40"),
    "weekdays backwards": ("-6 weekdays", "Fri 2011-03-04 03:06:40"),
    "weekdays ago": ("6 weekdays ago", "Fri 2011-03-04 03:06:40"),
    "no weekdays": ("0 weekdays", "Mon 2011-03-14 03:06:40"),
    "a day's name may be today": ("sunday", "Sun 2011-03-13 00:00:00"),
    "next and a day's name is not": ("next sunday", "Sun 2011-03-20 00:00:00"),
    "a counted day": ("+2 monday", "Mon 2011-03-21 03:06:40"),
    "monday is found before the month moves": ("monday next month", "Thu 2011-04-14 00:00:00"),
    "first monday of": ("first monday of january 2012", "Mon 2012-01-02 00:00:00"),
    "last friday of": ("last fri of next month noon", "Fri 2011-04-29 12:00:00"),
    "first day of": ("first day of next month", "Fri 2011-04-01 03:06:40"),
    "last day of": ("last day of feb 2012", "Wed 2012-02-29 00:00:00"),
    "month overflow": ("31 jan 2011 +1 month", "Thu 2011-03-03 00:00:00"),
    "several shifts": ("+1 week 2 days 4 hours 2 seconds", "Tue 2011-03-22 07:06:42"),
    "ago turns all that was read": ("1 month 2 days ago 3 hours", "Fri 2011-02-11 06:06:40"),
    "signs multiply": ("+-+3 days", "Thu 2011-03-10 03:06:40"),
    "a number as a word": ("twelfth month", "Tue 2012-03-13 03:06:40"),
    "back of": ("back of 7pm", "Sun 2011-03-13 19:15:00"),
    "front of": ("front of 5am", "Sun 2011-03-13 04:45:00"),
    "a roman month": ("5 XII 2011", "Mon 2011-12-05 00:00:00"),
    "a year of two digits in this century": ("1/2/69", "Wed 2069-01-02 00:00:00"),
    "a year of two digits in the last": ("1/2/70", "Fri 1970-01-02 00:00:00"),
    "day and month with points": ("14.10.2011", "Fri 2011-10-14 00:00:00"),
    "points and two digits are a time": ("14.10.11", "Sun 2011-03-13 14:10:11"),
    "an ISO week": ("2011-W05-3", "Wed 2011-02-02 00:00:00"),
    "a day of the year": ("2011.366", "Sun 2012-01-01 00:00:00"),
    "24:00": ("24:00", "Mon 2011-03-14 00:00:00"),
    "a leap second": ("23:59:60", "Mon 2011-03-14 00:00:00"),
    "a web server's log": ("10/Oct/2000:13:55:36 -0700", "Tue 2000-10-10 16:55:36"),
    "a photograph": ("2008:08:07 18:11:31", "Thu 2008-08-07 18:11:31"),
    "SOAP": ("2008-07-01T22:35:17.02Z", "Tue 2008-07-01 18:35:17"),
    "a no-break space": ("4:08\u202fpm", "Sun 2011-03-13 16:08:00"),
    "a zone in parentheses": ("10:00 (PST)", "Sun 2011-03-13 14:00:00"),
    "a zone by name": ("10:00 Europe/Paris", "Sun 2011-03-13 05:00:00"),
    "GMT and hours": ("10:00 GMT-0200", "Sun 2011-03-13 08:00:00"),
    "a second zone is ignored": ("10:00 EST PST", "Sun 2011-03-13 11:00:00"),
}

REFUSED = {
    "nothing": "",
    "in 3 days": "in 3 days",
    "tomorrow at 9am": "tomorrow at 9am",
    "day before month": "14/10/2011",
    "a bare timestamp": "1300000000",
    "a number": "7",
    "a suffix": "th",
    "two times": "10:00 11:00",
    "two dates": "2011-01-01 2012-01-01",
    "three zones": "10:00 EST PST CET",
    "an unknown zone": "10:00 Mars/Olympus",
    "hour 25": "25:00",
    "hour 13 in the afternoon": "13pm",
    "a long s": "ſunday",
}


@pytest.mark.parametrize(("text", "instant"), INSTANTS.values(), ids=INSTANTS)
def test_an_instant_is_phps(text: str, instant: int) -> None:
    assert strtotime(text, BASE, NEW_YORK) == instant


@pytest.mark.parametrize(("text", "clock"), CLOCKS.values(), ids=CLOCKS)
def test_the_clock_shows_what_php_means(text: str, clock: str) -> None:
    assert new_york(text) == clock


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_php_refuses_is_refused(text: str) -> None:
    assert strtotime(text, BASE, NEW_YORK) is None
    with pytest.raises(UnreadableTime):
        read(text, NOW, NEW_YORK, php_only=True)


SUMMER_TIME = {
    "an hour on the wall clock may be two": (1320557400, NEW_YORK, "+1 hour", 1320557400 + 7200),
    "elapsed with an offset": (1320557400, NEW_YORK, "2011-11-06 01:30 -0400 +1 hour", 1320557400 + 3600),
    "a gap moves on by itself": (BASE, NEW_YORK, "2011-03-13 02:30", 1300001400),
    "an hour into the gap": (BASE, NEW_YORK, "2011-03-13 01:30 +1 hour", 1300001400),
    "a day into the gap": (BASE, NEW_YORK, "2011-03-12 02:30 +1 day", 1300001400),
    "New York takes the first": (BASE, NEW_YORK, "2011-11-06 01:30", 1320557400),
    "London takes the second": (BASE, LONDON, "2011-10-30 01:30", 1319938200),
    "London takes the first when named": (BASE, LONDON, "2011-10-30 01:30 Europe/London", 1319934600),
    "EST in summer": (BASE, NEW_YORK, "2011-07-01 12:00 EST", 1309539600),
    "EDT in winter": (BASE, NEW_YORK, "2011-01-01 12:00 EDT", 1293897600),
}


@pytest.mark.parametrize(("base", "zone", "text", "instant"), SUMMER_TIME.values(), ids=SUMMER_TIME)
def test_summer_time_is_applied_as_php_does(base: int, zone: ZoneInfo, text: str, instant: int) -> None:
    assert strtotime(text, base, zone) == instant


PHRASES = {
    "in days": ("in 3 days", "2011-03-16 03:06:40"),
    "in hours and minutes": ("in 2 hours 30 minutes", "2011-03-13 05:36:40"),
    "in an hour": ("in an hour", "2011-03-13 04:06:40"),
    "from now": ("3 days from now", "2011-03-16 03:06:40"),
    "tomorrow at": ("tomorrow at 9am", "2011-03-14 09:00:00"),
    "tomorrow at half past": ("Tomorrow at 9:30 p.m.", "2011-03-14 21:30:00"),
    "tomorrow at noon": ("tomorrow at noon", "2011-03-14 12:00:00"),
    "in days at": ("in 3 days at 15:00", "2011-03-16 15:00:00"),
    "in days at, with a zone": ("in 3 days at 9am PST", "2011-03-16 13:00:00"),
    "tomorrow morning": ("tomorrow morning", "2011-03-14 09:00:00"),
    "tonight": ("tonight at 9pm", "2011-03-13 21:00:00"),
    "the day after tomorrow": ("the day after tomorrow", "2011-03-15 03:06:40"),
    "day after tomorrow at": ("day after tomorrow at 9am", "2011-03-15 09:00:00"),
}


@pytest.mark.parametrize(("text", "clock"), PHRASES.values(), ids=PHRASES)
def test_everyday_phrases_are_read_behind_php(text: str, clock: str) -> None:
    reading = read(text, NOW, NEW_YORK)
    assert f"{reading.instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}" == clock
    assert reading.layer == "dateparser"
    with pytest.raises(UnreadableTime):
        read(text, NOW, NEW_YORK, php_only=True)


def test_a_phrase_that_crosses_into_summer_time_keeps_its_clock_time() -> None:
    saturday = datetime(2011, 3, 12, 12, tzinfo=NEW_YORK)
    assert read("tomorrow at 9am", saturday, NEW_YORK).instant == datetime(2011, 3, 13, 13, tzinfo=UTC)
    assert read("in 1 day", saturday, NEW_YORK).instant == datetime(2011, 3, 13, 16, tzinfo=UTC)


GUESSES = ["7", "th", "14/10/2011", "1300000000", "1", "10 11", "may be", "call me", "14/10/2011 in 3 days"]
DROPPED = [
    "in 3 days at 5",
    "in 3 days 7",
    "tomorrow at 9",
    "tomorrow at nine",
    "tomorrow pm",
    "2 days before tomorrow",
    "tomorrow at 25:00",
    "tomorrow at 9am and 5pm",
    "3pm in 2 days",
]


@pytest.mark.parametrize("text", GUESSES + DROPPED)
def test_nothing_is_guessed_and_no_number_is_passed_over(text: str) -> None:
    with pytest.raises(UnreadableTime):
        read(text, NOW, NEW_YORK)


def test_what_php_reads_is_never_asked_of_dateparser() -> None:
    assert read("tomorrow", NOW, NEW_YORK) == Reading(datetime(2011, 3, 14, 4, tzinfo=UTC), "php")


SENTENCES = {
    "quoted": ("soonish", '"soonish" is not a time that can be read; write it as in "oct 14th, 2011 11:05PM EST"'),
    "shortened": ("soon " * 12, f'"{("soon " * 12)[:39]}…" is not a time that can be read; write it as in '),
    "too long": ("1 day " * 14, "is longer than the 80 characters a time may have; write it as in "),
    "no such year": ("+10000-01-01", '"+10000-01-01" lies outside the years 1 to 9999; write it as in '),
}


@pytest.mark.parametrize(("text", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_a_refusal_is_one_sentence_with_the_text_and_an_example(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableTime) as refusal:
        read(text, NOW, NEW_YORK)
    assert sentence in str(refusal.value)


def test_the_example_in_the_refusals_can_be_read() -> None:
    with pytest.raises(UnreadableTime) as refusal:
        read("soonish", NOW, NEW_YORK)
    shown = str(refusal.value).split('"')[-2]
    assert read(shown, NOW, NEW_YORK).instant == datetime(2011, 10, 15, 4, 5, tzinfo=UTC)


def test_a_text_of_80_characters_is_read() -> None:
    assert read("+1 day".ljust(LONGEST), NOW, NEW_YORK).instant.timestamp() == BASE + 86400


def test_lines_are_answered_one_by_one_with_an_integer_or_false() -> None:
    lines = ["+3 days\n", "in 3 days\r\n", "\n", "soonish\n", "+10000-01-01 UTC"]
    assert list(when_lines(lines, NOW, NEW_YORK, php_only=True)) == [
        "1300259200",
        "false",
        "false",
        "false",
        "253402300800",
    ]
    assert list(when_lines(lines, NOW, NEW_YORK, php_only=False))[1] == "1300259200"


def test_eight_threads_read_as_one_does() -> None:
    texts = [text for text, _ in (*CLOCKS.values(), *PHRASES.values())] * 4

    def instants(_: int) -> list[Reading]:
        return [read(text, NOW, NEW_YORK) for text in texts]

    alone = instants(0)
    with ThreadPoolExecutor(8) as pool:
        assert all(together == alone for together in pool.map(instants, range(8)))


WORDS = [
    "next",
    "last",
    "first",
    "monday",
    "week",
    "days",
    "ago",
    "oct",
    "14th",
    "2011",
    "10:30",
    "11:05PM",
    "EST",
    "+3",
]
WORDS += [
    "@",
    "-",
    "T",
    "noon",
    "of",
    "at",
    "in",
    "hours",
    "2h",
    "month",
    "tomorrow",
    "999999999",
    "from",
    "now",
    "1.5",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join), st.text("0123456789:./-+ TWam@")))
@example("@-9223372036854775808")
@example("9999999999999 years")
@example("+99999999999999999-01-01")
@example("0000-00-00 first monday of -9999999999999 months")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reading = read(text, NOW, NEW_YORK)
    except UnreadableTime:
        return
    assert reading.instant.utcoffset() is not None
