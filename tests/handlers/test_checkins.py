"""When check-ins are, what people write about them, and what is done with what comes too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import timing
from handlers.rules.checkins import (
    AGAIN,
    EVERY,
    ORGANISERS_FIRST,
    REPORT,
    REPORT_AGAIN,
    WEEK,
    WEEKEND,
    Named,
    Reason,
    asks_when,
    contacts_in,
    is_for_somebody,
    next_after,
    part_of_day,
    schedule_in,
    time_to_take,
    time_to_take_emergency,
    wants_check_ins,
    wants_off,
)
from handlers.rules.lateness import LATENESS, Then, too_late
from handlers.rules.understanding_words import plain
from handlers.rules.wellbeing import (
    LONGEST_AWAY,
    Away,
    away_in,
    back_on,
    feeling,
    found_well,
    is_back,
    takes_it,
)
from storage.model import Community, DueKind

LONDON = ZoneInfo("Europe/London")
HERE = Community(1, "Marsden Neighbours")
TUESDAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("words", "days", "hour"),
    [
        ("could you check on me every morning at 9", EVERY, time(9)),
        ("check on me weekdays at 8.30am please", WEEK, time(8, 30)),
        ("Mondays and Thursdays half past six", {0, 3}, time(18, 30)),
        ("Mondays, Wednesdays and Fridays at 6pm", {0, 2, 4}, time(18)),
        ("mon to fri 8am", WEEK, time(8)),
        ("every morning, monday to friday at 9", WEEK, time(9)),
        ("weekdays and weekends at 9", EVERY, time(9)),
        ("weekends and mon to tue at 9", {5, 6, 0, 1}, time(9)),
        ("friday to monday at 9", {4, 5, 6, 0}, time(9)),
        ("check on me every day 9 please", EVERY, time(9)),
        ("in the mornings 9", EVERY, time(9)),
        ("check on me every day 9.30", EVERY, time(9, 30)),
        ("every day except Sunday at 10", EVERY - {6}, time(10)),
        ("weekends at noon", WEEKEND, time(12)),
        ("every evening at seven", EVERY, time(19)),
        ("on tuesdays at quarter to nine", {1}, time(8, 45)),
        ("every morning", EVERY, None),  # asked for the hour
        ("9", None, time(9)),  # asked for the days
        ("half 8", None, time(8, 30)),
        ("every other day at 9", None, time(9)),  # we don't do that: asked which days
        ("bob dydd am 9", EVERY, time(9)),
        ("whenever you like", None, None),
    ],
)
def test_days_and_hours_are_read_as_people_say_them(
    words: str, days: frozenset[int] | None, hour: time | None
) -> None:
    found = schedule_in(plain(words), bare=True)
    assert (found.days, found.hour) == (days, hour)


@pytest.mark.parametrize(
    ("words", "wish", "off", "when"),
    [
        ("could you check on me every morning at 9", True, False, False),
        ("can you text me every day at nine to see if I'm ok", True, False, False),
        ("Please check in on me", True, False, False),
        ("I'd like check-ins on tuesdays", True, False, False),
        ("did you check on me?", False, False, False),
        ("could someone check the boiler on monday", False, False, False),
        ("I need a lift to my check-up", False, False, False),
        ("no more check-ins please", False, True, False),
        ("stop checking on me", False, True, False),
        ("I don't want check-ins any more", False, True, False),
        ("cancel my check-up at the surgery", False, False, False),
        ("when do you check on me?", False, False, True),
    ],
)
def test_a_wish_for_check_ins_is_told_from_other_talk(
    words: str, wish: bool, off: bool, when: bool
) -> None:
    said = plain(words)
    assert (wants_check_ins(said), wants_off(said)) == (wish, off)
    assert asks_when(said) or not when


@pytest.mark.parametrize(
    ("words", "somebody"),
    [
        ("check on Rosa every day at 9am", True),
        ("check-ins for Rosa Hill weekdays at 10", True),
        ("can somebody check on my mum", False),  # once: a neighbour, or a worry
        ("check on me every day at 9", False),
    ],
)
def test_check_ins_for_somebody_else_need_days(words: str, somebody: bool) -> None:
    assert is_for_somebody(plain(words)) is somebody


@pytest.mark.parametrize(
    ("words", "first", "until", "hospital"),
    [
        ("I'm away until Friday", TUESDAY, date(2026, 11, 6), False),
        ("I'm in hospital", TUESDAY, date(2026, 11, 10), True),
        ("I'm in hospital until Monday", TUESDAY, date(2026, 11, 9), True),
        ("going away for a week", TUESDAY, date(2026, 11, 10), False),
        ("away from friday until monday", date(2026, 11, 6), date(2026, 11, 9), False),
        ("I'm away tomorrow", date(2026, 11, 4), date(2026, 11, 5), False),
        ("on holiday for two weeks from Saturday", date(2026, 11, 7), date(2026, 11, 21), False),
        ("away the 12th to the 15th", date(2026, 11, 12), date(2026, 11, 15), False),
        ("no check-ins until 3 December please", TUESDAY, date(2026, 12, 3), False),
        (
            "going into hospital on Thursday for 3 nights",
            date(2026, 11, 5),
            date(2026, 11, 8),
            True,
        ),
        ("I'm away for a whole year", TUESDAY, date(2026, 11, 10), False),
        ("away until next August the 1st", TUESDAY, date(2027, 1, 4), False),  # at most two months
        ("I'm away until the 20th", TUESDAY, date(2026, 11, 20), False),
        ("I'm away", TUESDAY, date(2026, 11, 10), False),
        ("I'm out all day today", TUESDAY, date(2026, 11, 4), False),
        ("I'm out all day", TUESDAY, date(2026, 11, 4), False),
        ("in hospital for fortnight", TUESDAY, date(2026, 11, 17), True),
        ("away for 3 days from Friday", date(2026, 11, 6), date(2026, 11, 9), False),
        # The end comes after the beginning, and the beginning goes by the month of the end: else
        # somebody would be unwatched for weeks before they go.
        ("away friday until thursday", date(2026, 11, 6), date(2026, 11, 12), False),
        ("away from friday to friday", date(2026, 11, 6), date(2026, 11, 13), False),
        ("away from the 30th to the 15th", date(2026, 11, 30), date(2026, 12, 15), False),
        ("away the 12th to the 15th of December", date(2026, 12, 12), date(2026, 12, 15), False),
        ("away the 14th to the 15th of December", date(2026, 12, 14), date(2026, 12, 15), False),
        ("away from 28 to 3 January", date(2026, 12, 28), date(2027, 1, 3), False),
        ("away from the 13th to the 13th", date(2026, 11, 13), date(2026, 11, 14), False),
        # A week is that week, and not from today on.
        ("I'm away next week", date(2026, 11, 9), date(2026, 11, 16), False),
        ("I'm away this week", TUESDAY, date(2026, 11, 9), False),
        ("away at the weekend", date(2026, 11, 7), date(2026, 11, 9), False),
        ("away next weekend", date(2026, 11, 14), date(2026, 11, 16), False),
        ("away next week until Friday", date(2026, 11, 9), date(2026, 11, 13), False),
        ("away until next week", TUESDAY, date(2026, 11, 9), False),
        ("away until Christmas", TUESDAY, date(2026, 11, 10), False),  # a week: then they are asked
    ],
)
def test_days_away_are_read_as_people_say_them(
    words: str, first: date, until: date, hospital: bool
) -> None:
    away = away_in(plain(words), TUESDAY)
    assert away
    assert (away.first, away.until, away.hospital) == (first, until, hospital)


@pytest.mark.parametrize(
    "words",
    [
        "I need a lift to hospital on Friday",
        "all well",
        "my son is coming on Friday",
        # A false "away" would leave somebody unwatched.
        "my husband is in hospital",
        "my son is away till Monday",
        "I'm off to the shops",
        "could you come right away",
        "I'd like a take away on Friday",
        "she passed away on Sunday",
        "I'm not in pain",
        "please send it via my neighbour",
        "go away",
        "I'm going away for Christmas",  # from when is not known: asked until it is
        "I'm away in December",
    ],
)
def test_other_talk_is_not_being_away(words: str) -> None:
    assert away_in(plain(words), TUESDAY) is None


NOT_AWAY = (
    # Each of these ended somebody's check-ins for a week.
    *("I'm not away", "I'm no longer away", "I'm never away", "I am not away until Friday"),
    *("I'm not in hospital any more", "they are not keeping me in hospital", "I'm not on holiday"),
    *("not going on holiday", "I'm not going away now", "don't pause my check", "I've been away"),
    *("I have been in hospital", "dwi ddim i ffwrdd", "non sono via", "non sono in ospedale"),
    *("my helper is on holiday this week", "my son is going away on Friday", "he's going away"),
    *("Sam won't be here today", "the nurse will not be here till Friday", "Sam's out all day"),
    *("my sister is staying with me", "my phone is at my daughter's", "mae fy mab i ffwrdd"),
    *("mio marito è in vacanza", "I'm going to stay at home", "I'm going to stay in bed"),
    *("I have put it away", "I'm throwing it away", "I'm wasting away", "I'm miles away"),
    *("I was going to stay with my son", "I'll be straight away"),
)
IS_AWAY = (
    *("I'm going away", "off away", "I'll be away", "we're off away", "I have to go away", "pause"),
    *("please pause", "pause my check-ins", "skip my check", "no checkins", "don't check on me"),
    *("sorry on holiday", "I'm on holiday", "we are going away", "going to stay with Jean"),
    *("staying at my sister's", "at my daughter's", "I'm out all day", "out all day"),
    *("I won't be home", "I will not be here", "dw i i ffwrdd", "i ffwrdd", "vado in vacanza"),
    *("sono via", "vado via", "I'm not well but I'm away", "I'm at my friend's"),
)
IN_HOSPITAL = (
    *("in hospital", "going into hospital", "I'm in the infirmary", "they took me to hospital"),
    *("they are keeping me in hospital", "I have to go into hospital", "I was taken into hospital"),
    *("I must go to the hospital", "back in hospital", "sono in ospedale", "dw i yn yr ysbyty"),
    *("I'm not well I'm in hospital", "we are in respite", "I'm admitted to hospital"),
)


def test_who_is_away_is_told_from_who_is_not_and_from_others() -> None:
    assert [words for words in NOT_AWAY if away_in(plain(words), TUESDAY)] == []
    found = {words: away_in(plain(words), TUESDAY) for words in (*IS_AWAY, *IN_HOSPITAL)}
    assert [words for words, away in found.items() if away is None] == []
    assert [words for words in IN_HOSPITAL if not getattr(found[words], "hospital", 0)] == []
    for words in ("Rosa is not away", "Rosa isn't in hospital", "Rosa was never on holiday"):
        assert away_in(plain(words), TUESDAY, of_somebody=True) is None
    for words in ("Rosa is gone away", "she's away", "they're away", "pause Rosa", "on holiday"):
        assert away_in(plain(words), TUESDAY, of_somebody=True)


NOT_BACK = (
    *("my son is back home", "he's back home", "the pain is back again", "my back again"),
    *("it's back again", "take me home now", "I want to go home now", "get me out of hospital"),
    *("when do I get home from hospital", "can I come home from hospital", "I'm never home"),
    *("I should be back home", "once I'm back", "if I'm home", "hopefully back home"),
    *("dw i ddim adref", "non sono tornata", "quando sono tornata", "we expect to be back home"),
)
BACK = (
    "I'm now back",
    "got home",
    "home again",
    "out of hospital",
    "out of the hospital",
)
BACK += ("start my check-ins", "start the check", "yn ôl", "dw i gartref", "adref", "sono tornato")


def test_who_is_back_is_told_from_who_is_not_and_from_others() -> None:
    assert [words for words in NOT_BACK if is_back(plain(words), TUESDAY)] == []
    assert [words for words in BACK if not is_back(plain(words), TUESDAY)] == []


@pytest.mark.parametrize(
    ("words", "until", "hospital"),
    [
        ("Rosa is in hospital until Friday", date(2026, 11, 6), True),
        ("Rosa is away for a week", date(2026, 11, 10), False),
        ("no check-ins for Rosa until Friday", date(2026, 11, 6), False),
    ],
)
def test_an_organiser_says_that_somebody_is_away(words: str, until: date, hospital: bool) -> None:
    away = away_in(plain(words), TUESDAY, of_somebody=True)
    assert away
    assert (away.until, away.hospital) == (until, hospital)


@pytest.mark.parametrize(
    ("words", "back"),
    [
        ("I'm back home", True),
        ("I'm back", True),
        ("back home now", True),
        ("some milk please", False),
        ("back from hospital now", True),
        ("I'm back, but my back hurts", True),
        ("I'm back and could do with a lift on Friday", True),
        ("I got back on Sunday", True),
        ("I'm not in hospital any more I'm back home", True),
        ("my back hurts", False),
        # Who is believed back while they are in hospital would be looked for in vain.
        ("I'll be back on Sunday", False),
        ("I'll be back home on Sunday", False),
        ("I'm back on Friday", False),
        ("I am back on Friday", False),
        ("We are home on Friday", False),
        ("I'm home, the nurse comes on Friday", True),
        ("sono tornata venerdì", True),
        ("I'm home until Monday", False),
        ("not back home yet", False),
        ("tell you when I'm back home", False),
    ],
)
def test_who_is_back_says_so(words: str, back: bool) -> None:
    assert is_back(plain(words), TUESDAY) is back


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("I'll be back home on Sunday", date(2026, 11, 8)),
        ("I'm back on Friday", date(2026, 11, 6)),
        ("no, not until the 20th", date(2026, 11, 20)),
        ("it should be Thursday", date(2026, 11, 5)),
        ("they say I'll be home next week", date(2026, 11, 9)),
        ("on Friday please", date(2026, 11, 6)),
        ("tomorrow", date(2026, 11, 4)),
        ("until 1 April", TUESDAY + LONGEST_AWAY),
        ("today", None),
        ("make it two", None),
        ("bread on Friday", None),
        ("my son comes home on Friday", None),
    ],
)
def test_who_is_away_may_say_another_day(words: str, until: date | None) -> None:
    away = Away(date(2026, 11, 1), date(2026, 11, 10), hospital=True)
    assert back_on(plain(words), away, TUESDAY) == (
        Away(away.first, until, hospital=False) if until else None
    )
    later = replace(away, first=date(2026, 11, 6))
    assert back_on("friday", later, TUESDAY) == Away(later.first, date(2026, 11, 13), False)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (
            "Jean 07700 900123 and my son Peter 07700 900456",
            (Named("Jean", "+447700900123", True), Named("Peter", "+447700900456", True)),
        ),
        ("jean smith 07700900123", (Named("Jean Smith", "+447700900123", True),)),
        ("my neighbour Mrs Kay +44 7700 900123", (Named("Mrs Kay", "+447700900123", True),)),
        ("Alan: 01484 960111", (Named("Alan", "+441484960111", False),)),
        ("07700 900123", (Named("", "+447700900123", True),)),
        ("ring her, Jean 07700 900123", (Named("Jean", "+447700900123", True),)),
        ("Jean McKay 07700 900123", (Named("Jean McKay", "+447700900123", True),)),
        ("Ana Maria Lopez Ruiz 07700 900123", (Named("Maria Lopez Ruiz", "+447700900123", True),)),
        (
            "Bartholomew Featherstone-Haugh 07700 900123",
            (Named("Bartholomew Featherstone-H", "+447700900123", True),),  # 26 letters
        ),
        ("Jean's number is 07700 900123", (Named("Jean", "+447700900123", True),)),
        ("nobody", ()),
    ],
)
def test_contacts_are_read_with_their_numbers(words: str, named: tuple[Named, ...]) -> None:
    assert contacts_in(words) == named


NOT_WELL = (
    *("not at all well", "I don't feel good", "I don't feel very well", "don't feel right"),
    *("not doing great", "not much good", "no good today", "I'm no good", "it isn't good"),
    *("I can't say I'm all right", "hardly fine", "far from fine", "less than great"),
    *("I wish I was fine", "not the best", "not myself", "not 100%", "nothing is fine"),
    *("not up and about", "no, I'm not all right", "I think I'm OK", "I hope I'll be fine"),
    *(
        "could be better",
        "never felt better but now I fell",
        "weak but ok",
        "ddim yn teimlo yn dda",
    ),
    *("the weather is fine but I'm on the floor", "can't get up, all right otherwise"),
    *("the ambulance is here, ok", "non sto tanto bene", "dim yn iawn"),
    *("great, but I need the doctor", "I need a nurse", "send me some help", "help me, I'm fine"),
    *(
        "ok I suppose",
        "fine I think",
        "all right maybe",
        "I guess I'm fine",
        "I can hardly breathe",
    ),
    *("can't get my breath", "can't get to the toilet", "not coping", "can't cope", "breathless"),
    *("good but throwing up", "vomiting all night", "I've got the flu", "covid", "so confused"),
    *("upset today", "crying a lot", "freezing in here", "wedi syrthio", "dw i wedi cwympo"),
    *("dwi'n sâl", "dwi'n sal", "teimlo'n wael", "wedi brifo", "sono caduta", "sono malato"),
    *("aiuto", "sto male", "ho dolore"),
)
WELL = (
    *("no, I'm fine", "no im fine thanks", "I don't need anything, all well", "can't grumble"),
    *("don't worry I'm fine", "no problems all good", "never better", "I'm still here", "here"),
    *("yes I'm here love", "No need to ring me, I am ok", "nothing to report all ok"),
    *("all right thanks, no pain today", "didn't sleep but I'm ok now", "iawn diolch"),
    *("yes I am well", "doing well", "no complaints", "fine, not been out"),
    *("right now I'm fine", "not right now, I'm fine", "tutto bene", "couldn't be better"),
    *("good morning, all well", "I had a good night", "nah I'm fine", "had my flu jab, fine"),
)


@pytest.mark.parametrize(
    ("words", "well"),
    [
        ("I'm fine thanks", True),
        ("not too bad", True),
        ("up and about", True),
        ("I'll be all right", True),
        ("not so good", False),
        ("bit under the weather", False),
        ("can you ring me", False),
        ("had a fall but alright", False),  # who rings in vain does no harm
        ("what time is it", None),
        ("good morning", None),  # a greeting says nothing of how they are
        ("good morning, where are my pills", None),
        ("good god", None),
        # A word of being well with a no before it, however far.
        *((words, False) for words in NOT_WELL),
        *((words, True) for words in WELL),
        ("nobody is here", None),
        ("come here please", None),
        ("fine" + 49 * " 123", True),
        ("fine" + 49 * " 123" + "4", None),  # a letter is about more
    ],
)
def test_how_somebody_is(words: str, well: bool | None) -> None:
    assert feeling(plain(words)) is well


TAKES = (
    *(
        "I can pop round",
        "happy to go",
        "be there in 5",
        "I'll be there soon",
        "I'm coming",
        "coming",
    ),
    *("I'm going to see her", "I'm going to Doreen's now", "no answer, I'm going round now"),
    *(
        "nah I'm going",
        "we are off going over",
        "just popping round",
        "I'll sort it",
        "I'll try her",
    ),
    *("on the way", "in my way", "yep", "aye", "will do", "were going round", "leave it with me"),
    *("ci penso io", "vado subito", "ci vado", "sto andando", "certo", "mi af i", "fe af i"),
    *("ar fy ffordd", "dw i'n mynd rwan", "iawn", "ie"),
)
TAKES_NOT = (
    # Taken for "I'm on it", the alarm would have ended with them.
    *(
        "I'm going to bed",
        "I'm going out",
        "I'm just going out",
        "I'm going to work",
        "I'll ring you",
    ),
    *("we are going to Leeds", "I'm going home", "I'm going away", "I'll see what I can do"),
    *("I'm going shopping", "they were going round", "you were going to call", "won't do it"),
    *("I'll go unless you can", "I'll go if need be", "is he on his way", "has anyone rung her"),
    *("are you going round?", "should I go", "someone is going", "what am I to do, I'm going mad"),
)
TAKES_NO = (
    *(
        "yes but not till tonight",
        "I'll go when I finish work",
        "not today",
        "I'm in bed",
        "I'm ill",
    ),
    *("I don't drive", "I'd call in but no car", "sorry no", "nope", "nah", "na", "nac ydw"),
    *(
        "can not",
        "unable to",
        "I'm away",
        "on holiday",
        "too far",
        "abroad",
        "not me",
        "I won't go",
    ),
    *(
        "i will not",
        "alla i ddim",
        "non posso",
        "not on my way",
        "dwi ddim ar fy ffordd",
        "at work",
    ),
    *("I'll ring her next week", "in the morning", "after work", "yfory", "domani", "cannot go"),
)


@pytest.mark.parametrize(
    ("words", "takes", "well"),
    [
        ("Yes I'll go", True, False),
        ("on my way", True, False),
        ("sorry I can't, I'm at work", False, False),
        ("no", False, False),
        ("who is this", None, False),
        ("I rang, she's fine", None, True),
        ("I can't see her but she is fine I think", False, False),
        ("no answer, she may not be well", None, False),
        ("No problem, I'll go", True, False),
        ("no worries, ok", True, False),
        ("not a problem, I'll pop round", True, False),
        ("I'm not in but I'll ring her", True, False),
        # Who does not go has not taken it: the next is told.
        ("I'm not going round", False, False),
        ("I don't think I'll go", False, False),
        ("don't leave it to me", False, False),
        ("I'll ring her tomorrow", False, False),
        ("I'll pop in later", False, False),
        ("who is going round", None, False),
        ("is anybody going round?", None, False),
        ("somebody else is going round", None, False),
        ("we were going to ring", None, False),
        ("I'll go if nobody else can", None, False),
        ("ok, who is it", None, False),
        # Who does not know has not found them: nothing ends an alarm but that.
        ("is she all right?", None, False),
        ("I hope she's ok", None, False),
        ("I think she's fine", None, False),
        ("she should be fine", None, False),
        ("saw her yesterday, she was fine", None, False),
        ("she isn't fine", None, False),
        ("she's not at all well", None, False),
        ("spoke to her, all ok", None, True),
        *((words, True, False) for words in TAKES),
        *((words, None, False) for words in TAKES_NOT),
        *((words, False, False) for words in TAKES_NO),
    ],
)
def test_what_somebody_alarmed_says(words: str, takes: bool | None, well: bool) -> None:
    assert (takes_it(plain(words)), found_well(plain(words))) == (takes, well)


@pytest.mark.parametrize(
    ("told", "people", "minutes"),
    [
        (1, 3, 15),
        (3, 3, 15),  # the last of the first round
        (4, 3, 30),
        (7, 3, 60),
        (30, 3, 60),  # for a day
        (31, 3, 24 * 60),  # forgotten: once a day, and never an end
        (700, 3, 24 * 60),
        (1, 0, 15),  # nobody there: tried again
        (2, 1, 30),  # one alone: each time is a round
        (3, 1, 60),
    ],
)
def test_an_alarm_goes_round_more_slowly_and_never_stops(
    told: int, people: int, minutes: int
) -> None:
    assert time_to_take(told, people) == timedelta(minutes=minutes)


def london(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=LONDON, fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("hour", "after", "moment"),
    [
        (time(9), london(2026, 3, 28, 9), london(2026, 3, 29, 9)),  # 23 hours later
        (time(9), london(2026, 10, 24, 9), london(2026, 10, 25, 9)),  # 25 hours later
        # Half past one is skipped: it comes an hour after the clocks' jump began, once.
        (time(1, 30), london(2026, 3, 28, 12), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (time(1, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC), london(2026, 3, 30, 1, 30)),
        # Half past one comes twice: the first of them, and not the second.
        (time(1, 30), london(2026, 10, 24, 12), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (time(1, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), london(2026, 10, 26, 1, 30)),
        (time(9), london(2028, 2, 28, 9), london(2028, 2, 29, 9)),  # leap day
        (time(9), london(2026, 12, 31, 9), london(2027, 1, 1, 9)),
    ],
)
def test_nine_stays_nine_when_the_clocks_change(
    hour: time, after: datetime, moment: datetime
) -> None:
    assert next_after(EVERY, hour, after, HERE)[1] == moment


MOMENTS = st.integers(0, 3 * 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
HOURS = st.times().map(lambda hour: hour.replace(second=0, microsecond=0))


@given(DAYS, HOURS, MOMENTS)
def test_the_next_one_is_the_first_that_is_wanted(
    days: frozenset[int], hour: time, after: datetime
) -> None:
    day, moment = next_after(days, hour, after, HERE)
    assert moment > after
    assert day.weekday() in days
    assert moment == timing.at_local(day, hour, HERE)
    between = timing.local(after, HERE).date()
    while between < day:
        skipped = timing.at_local(between, hour, HERE)
        assert between.weekday() not in days or skipped <= after
        between += timedelta(days=1)


@given(DAYS, HOURS, MOMENTS)
def test_each_wanted_day_of_a_year_has_exactly_one(
    days: frozenset[int], hour: time, after: datetime
) -> None:
    seen: list[date] = []
    end = after + timedelta(days=366)
    while after < end:
        day, after = next_after(days, hour, after, HERE)
        seen.append(day)
    wanted = [
        seen[0] + timedelta(n)
        for n in range((seen[-1] - seen[0]).days + 1)
        if (seen[0] + timedelta(n)).weekday() in days
    ]
    assert seen == wanted


@given(DAYS, HOURS, MOMENTS, st.integers(-3, 30), st.integers(1, 60))
def test_nobody_is_asked_while_away(
    days: frozenset[int], hour: time, after: datetime, start: int, length: int
) -> None:
    first = after.date() + timedelta(days=start)
    until = first + timedelta(days=length)
    day, moment = next_after(days, hour, after, HERE, (first, until))
    assert not first <= day < until
    assert moment > after


def test_a_number_alone_is_an_hour_where_one_was_asked_for() -> None:
    assert schedule_in("9", bare=True).hour == time(9)
    assert schedule_in("9").hour is None


def test_who_is_back_is_asked_on_that_very_day() -> None:
    away = (date(2026, 11, 3), date(2026, 11, 5))
    for first, then in ((1, 2), (2, 5), (3, 5), (4, 5)):
        asked = next_after(EVERY, time(9), london(2026, 11, first, 9), HERE, away)
        assert asked == (date(2026, 11, then), london(2026, 11, then, 9))


@pytest.mark.parametrize(
    ("hour", "part"),
    [
        *(("00:00", "morning"), ("11:59", "morning"), ("12:00", "afternoon")),
        *(("17:29", "afternoon"), ("17:30", "evening"), ("23:59", "evening")),
    ],
)
def test_how_somebody_is_greeted_at_that_hour(hour: str, part: str) -> None:
    assert part_of_day(time.fromisoformat(hour)) == part


def test_check_ins_on_no_day_are_a_fault() -> None:
    with pytest.raises(ValueError, match="at least one weekday"):
        next_after(frozenset(), time(9), london(2026, 11, 3, 9), HERE)


# Too late


@pytest.mark.parametrize("kind", list(DueKind))
def test_every_kind_of_due_row_says_what_happens_when_it_is_late(kind: DueKind) -> None:
    policy = LATENESS[kind]
    assert policy.why
    assert (policy.late_after is None) == (policy.then is Then.DO)


@pytest.mark.parametrize(
    ("kind", "late", "said"),
    [
        (DueKind.CHECK_IN, timedelta(0), False),
        (DueKind.CHECK_IN, timedelta(minutes=60), False),
        (DueKind.CHECK_IN, timedelta(minutes=61), True),
        (DueKind.CHECK_IN, timedelta(days=3), True),
        (DueKind.CHECK_IN_STEP, timedelta(minutes=60), False),
        (DueKind.CHECK_IN_STEP, timedelta(minutes=61), True),
        (DueKind.CONTACT, timedelta(days=30), False),
        (DueKind.PROMISE, timedelta(days=30), False),
        (DueKind.TELL, timedelta(days=30), False),
    ],
)
def test_what_is_too_late_by_kind(kind: DueKind, late: timedelta, said: bool) -> None:
    planned = datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert too_late(kind, planned, planned + late) is said


# An emergency that nobody takes


@pytest.mark.parametrize(
    ("others", "minutes"),
    [
        (True, [5, 10, 20, 40, 60, 120, 180]),
        (False, [10, 20, 40, 60, 120, 180]),  # all were told at once
    ],
)
def test_an_emergency_is_told_again_ever_less_often(others: bool, minutes: list[int]) -> None:
    waits = [time_to_take_emergency(n, others=others) for n in range(1, len(minutes) + 1)]
    assert [sum(waits[:n], timedelta()) for n in range(1, len(waits) + 1)] == [
        timedelta(minutes=n) for n in minutes
    ]


def test_how_long_silence_and_a_report_are_waited_for() -> None:
    assert [timedelta(minutes=n) for n in (15, 60, 30)] == [AGAIN, REPORT, REPORT_AGAIN]
    assert {Reason.STOPPED, Reason.NOT_WELL, Reason.NEEDS_MORE} == ORGANISERS_FIRST


SO_LONG = {
    "a day": 1, "one night": 1, "three days": 3, "four days": 4, "five nights": 5,
    "six days": 6, "a couple of days": 2, "a few days": 3, "a month": 30, "two weeks": 14,
}  # fmt: skip


def test_away_for_so_many_days() -> None:
    for words, count in SO_LONG.items():
        away = away_in(plain(f"I'm away for {words}"), TUESDAY)
        assert away and (away.until - TUESDAY).days == count, words
    monday = date(2026, 11, 2)
    this, following = Away(monday, date(2026, 11, 9), False), date(2026, 11, 16)
    assert away_in("im away this week", monday) == this
    assert away_in("vado via questa settimana", monday) == this
    for words in ("vado via la settimana prossima", "vado via la prossima settimana"):
        assert away_in(words, monday) == Away(this.until, following, False)
