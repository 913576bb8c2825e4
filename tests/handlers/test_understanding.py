"""What a message means: fixed words, days, places, danger, and the whole on messages unseen.

Each row of a table says why it is there. `understanding_unseen.jsonl` was written and labelled
before the rules and the model were, and nothing was tuned on it.
"""

from __future__ import annotations

import json
import random
import re
import time
from datetime import UTC, date, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules import understanding_danger, understanding_sieve
from handlers.rules.understanding import (
    ACT_ABOVE,
    is_start,
    is_stop,
    is_stop_word,
    may_be_danger,
    numbers_in,
    read_for_danger,
    understand,
    yes_no,
)
from handlers.rules.understanding_calendar import easter
from handlers.rules.understanding_danger import harmless, signs, weight_of
from handlers.rules.understanding_signs import STRONG
from handlers.rules.understanding_when import without_old_days
from handlers.rules.understanding_words import plain, standard_text
from storage.model import Intent, Need

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TUESDAY = datetime(2026, 3, 10, 10, 0)  # noqa: DTZ001 (local wall time, as it arrives)


@pytest.mark.parametrize(
    ("text", "stops", "why"),
    [
        *((word, True, "Twilio's own opt-out words") for word in (
            "STOP", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT", "UNSUBSCRIBE", "STOPALL",
        )),
        ("Stop. Thank you", True, "polite"),
        ("please stop", True, "polite, before"),
        ("STOP!!", True, "shouted"),
        ("stopp it", True, "a slip of the thumb"),
        (" stop ", True, "spaces"),
        ("Opt out", True, "two words"),
        ("STOPIO", True, "Welsh"),
        ("Stopiwch os gwelwch yn dda", True, "Welsh, polite"),
        ("take me off your list", True, "a plain phrase"),
        ("don't text me again", True, "a plain phrase"),
        ("STOP this terrible bill", False, "a sentence that happens to hold the word"),
        ("the bus stop", False, "a noun"),
        ("I wait at the bus stop by the Spar", False, "a noun in a sentence"),
        ("cancel my shopping", False, "calls off one thing, not the messages"),
        ("my tap won't stop dripping", False, "a verb about a tap"),
        ("he won't stop texting me that helper", False, "a worry about a person"),
        ("the end of the road", False, "END in a sentence"),
        ("quit worrying love", False, "QUIT in a sentence"),
        ("Free survey! Reply STOP to opt out", False, "an advert, nothing to do with us"),
        ("", False, "nothing at all"),
    ],
)  # fmt: skip
def test_stop_is_the_word_alone_or_a_plain_phrase(text: str, stops: bool, why: str) -> None:
    assert is_stop(text) is stops, why
    if stops:
        assert understand(text, TUESDAY).intent is Intent.STOP, why


STOPS = (
    *("stop texting me", "please stop these texts", "stop the messages", "stop sending them"),
    *("quit bothering us", "Kindly stop all these SMS", "stop texting plsss exams", "stop sending"),
    *("stop messaging. It breaks my heart", "can you stop messaging me", "pack in mithering me"),
    *("why don't you stop texting me", "please stop texting me I won't reply", "stop sending em"),
    *("I don't want any more texts", "do not want to be contacted", "no longer want your messages"),
    *("I never wish to get texts", "dont send me any more messages", "no more texts please"),
    *("don't text me", "please do not contact me again", "dont msg me no more", "never text here"),
    *("Please don't text it, it upsets me", "Do not ring, do not text, do not call"),
    *("remove me", "strike me off", "cross my name off", "delete my number", "delete my data"),
    *("take my name and number off", "take me off", "take me off this", "pls take me off, u guys"),
    *("take me off the rota and the texts", "get me off this list", "take me out of the group"),
    *("get me out of this", "unsubscribe", "opt me out", "leave the group"),
    *("peidiwch ag anfon negeseuon", "paid anfon mwy o negeseuon ata i", "dim mwy o negeseuon"),
    *("Peidiwch â thecstio eto. Fydd neb yma", "peidiwch â gyrru dim mwy, os gwelwch yn dda"),
    *("tynnwch fi", "rhowch y gorau i decstio", "basta messaggi", "non voglio più messaggi"),
    *("non mandatemi più sms", "Non scrivetemi più per favore", "cancellatemi dalla lista"),
)
STOPS_NOTHING = (
    # Cries and errands that would have ended in silence.
    *("can anyone take me", "my clinic is Thursday at 2, could someone take me", "take me please"),
    *("need someone to get me out of bed", "get me off the floor", "can't get me out of the bath"),
    *("can somebody get me off the toilet", "take me out on Friday", "take me off to the hospital"),
    *("take me off the bus", "take me from the hospital", "get me out three books", "get me out"),
    # Who waits for texts, or asks.
    *("I never get texts from you", "I no longer receive your messages", "I don't get your texts"),
    *("any more messages for me?", "are there no more texts", "why did you stop texting"),
    *("have you stopped texting me", "I can't get any more texts, the phone is full"),
    *("how did you get my number", "get my number from Ana"),
    # Who does not want it to stop.
    *("please don't stop", "don't stop sending", "do not stop the texts", "please don't remove me"),
    *("don't take me off the list", "don't delete my number", "I don't want to leave the group"),
    *("I don't want you to stop the texts", "I don't want to opt out", "not unsubscribe"),
    # Of somebody else, or at some hour.
    *("stop sending Sam, he is rude", "stop contacting my son", "please don't text Sam, ring him"),
    *("don't contact the doctor", "don't text before 9", "do not text me at night", "I never text"),
    *("peidiwch ag anfon Brian", "paid ag anfon bara gwyn", "peidiwch gyrru neb i'r siop"),
    *("stop the bleeding", "text STOP to opt out", "she won't stop texting me"),
)


def listed(words: str) -> list[str]:
    return [word.replace("_", " ") for word in words.split()]


STOP_WORDS = listed(
    "stop stopp stpo sotp stop_all stopall opt_out optout unsub unsubscribe unsubcribe "
    "unsuscribe unsubscibe stopio stopiwch stopia stopwch end quit revoke"
)
BEFORE_STOP = listed(
    "please pls plz plis plise just now ok can_you will_you oh no you kindly hi hello sorry "
    "i_said i_want_to could_you rwan nawr"
)
AFTER_STOP = listed(
    "now all please pls plz plis thank_you thankyou thanks thanx thx ta love xx sorry stopio "
    "stopiwch cheers diolch diolch_yn_fawr os_gwelwch_yn_dda rwan nawr hyn immediately "
    "at_once everything for_good forever mate dear duck"
)
START_WORDS = listed(
    "start unstop join join_in subscribe resume restart start_again rejoin sign_me_up sign_up "
    "add_me opt_in begin put_me_back_on dechrau cychwyn ymuno ailddechrau start_texting_me "
    "start_texts start_messages start_sending_again"
)
BEFORE_START = listed(
    "please pls hi hello yes can_you can_i could_i i_want_to i_wish_to i'd_like_to "
    "i_would_like_to want_to ok hoffwn dwi_isio dwi_eisiau"
)
AFTER_START = listed(
    "please pls again thank_you thanks ta back me the_group your_group os_gwelwch_yn_dda plis "
    "now x love eto diolch a'r_grŵp ar_grwp"
)


def test_each_fixed_word_counts_with_every_politeness() -> None:
    stops = [*STOP_WORDS, "cancel", "stop it", "stop this", "stop that"]
    stops += [f"{before} stop" for before in BEFORE_STOP]
    stops += [f"{word} {after}" for word in ("stop", "quit") for after in AFTER_STOP]
    assert [words for words in stops if not is_stop_word(words)] == []
    starts = [*START_WORDS, *(f"{before} start" for before in BEFORE_START)]
    starts += [f"start {after}" for after in AFTER_START]
    assert [words for words in starts if not is_start(words)] == []


YES = listed(
    "y yes yess yh yeh yea yeah ye yep yup aye ay ok okay oky okey_dokey k kk sure righto "
    "right_oh right_you_are course of_course defo definitely certainly absolutely alright "
    "all_right fine go_on_then go_for_it go_ahead please_do please ie ia iep iawn ydw ydy ydi "
    "oes do cewch gwnaf wnaf gallaf medraf dwi'n_iawn perffaith mi_wna_i fe_wnaf_i galla_i "
    "medra bydda_i byddwn baswn byswn wrth_gwrs siŵr grêt bendigedig ocê da_iawn "
    "popeth_yn_iawn dim_problem grand champion lovely perfect smashing great brill brilliant "
    "sounds_good suits_me that's_fine that's_right correct happy_to will_do deal i'm_in "
    "i'll_do_it i_will i_can i_do i_am we_can count_me_in no_problem no_probs no_bother "
    "no_worries tak sì va_bene certo volentieri да так indeed"
)
NO = listed(
    "n no nope nop nah naw nay nae na naddo nage nac_ydw nac_oes na_chewch na_fyddwn na_allaf "
    "na_fedra_i alla_i_ddim fedra_i_ddim dim_diolch dim_heddiw dim_nawr dim_rŵan dim_heno "
    "dim_y_tro_hwn amhosib not_today not_me not_now not_this_time not_for_me no_thanks no_ta "
    "i'd_rather_not rather_not i_can't can't cannot can't_do_it i_cannot not_really not_able "
    "unable nie i_don't i'd_sooner_not i'm_afraid_not afraid_not never negative no_chance "
    "no_way no_can_do ddim certainly_not i_won't i_do_not"
)


def test_each_word_that_agrees_or_refuses() -> None:
    assert [word for word in YES if yes_no(word) is not True] == []
    assert [word for word in NO if yes_no(word) is not False] == []


def test_who_is_silenced_has_asked_for_it() -> None:
    assert [words for words in STOPS if not is_stop(words)] == []
    assert [words for words in STOPS_NOTHING if is_stop(words)] == []


@pytest.mark.parametrize(
    ("text", "starts", "why"),
    [
        ("START", True, "the word"),
        ("start please", True, "polite"),
        ("join", True, "another word for it"),
        ("Ymuno", True, "Welsh"),
        ("UNSTOP", True, "Twilio's own word for it"),
        ("put me back on", True, "a plain phrase"),
        ("my car won't start", False, "a sentence that holds the word"),
        ("start with the milk", False, "a sentence that begins with the word"),
    ],
)
def test_start_is_the_word_alone_or_a_plain_phrase(text: str, starts: bool, why: str) -> None:
    assert is_start(text) is starts, why


@pytest.mark.parametrize(
    ("text", "numbers", "why"),
    [
        ("1", (1,), "bare"),
        ("1.", (1,), "with a full stop"),
        ("one", (1,), "as a word"),
        ("1 please", (1,), "polite"),
        ("A 3", (3,), "with an article"),
        ("un", (1,), "Welsh"),
        ("dau", (2,), "Welsh"),
        ("1 and 3", (1, 3), "two answers"),
        ("2️⃣", (2,), "a keycap"),
        ("no 2", (), "a number, or a refusal of the second: ask"),
        ("2 pints of milk", (), "a number of something"),
        ("01632 960144", (), "a telephone number"),
        ("£2", (), "money"),
        ("2.30", (), "a time"),
        ("hello", (), "no number"),
        ("", (), "nothing"),
    ],
)
def test_numbers_count_only_when_nothing_else_is_said(
    text: str, numbers: tuple[int, ...], why: str
) -> None:
    assert numbers_in(text) == numbers, why


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes please love", True), ("aye go on then", True), ("ok", True), ("👍", True),
        ("y", True), ("ie", True), ("ie plis", True), ("Yes.", True), ("no problem", True),
        ("👍🏽", True), ("yes thank you", True),
        ("no ta", False), ("nah soz mate", False), ("na", False), ("dim diolch", False),
        ("N", False), ("no thank you dear", False), ("👎", False),
        ("yes but not Tuesday", None), ("no milk today", None), ("milk", None), ("", None),
        ("👍👎", None), ("not sure", None), ("okra", None),
        ("no no", False), ("of course not", False), ("no I can't", False), ("i will not", False),
        ("non oggi", False), ("certo che no", False), ("yes yes yes!", True),
        # What both agrees and refuses is asked once more: an "ok" would have sent somebody.
        ("ok not today", None), ("yes please not today", None), ("no problem, not today", None),
        ("no go on then", None), ("no, that would be lovely", None), ("no I will", None),
        ("no of course", None), ("no I'm fine", False), ("ok today", True), ("no not today", False),
    ],
)  # fmt: skip
def test_yes_and_no_in_the_words_people_use(text: str, answer: bool | None) -> None:
    assert yes_no(text) is answer


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 11, 0)  # noqa: DTZ001 (local wall time)


@pytest.mark.parametrize(
    ("text", "now", "wanted", "part", "why"),
    [
        ("lift today please", TUESDAY, date(2026, 3, 10), None, "today"),
        ("milk asap", TUESDAY, date(2026, 3, 10), None, "asap is today"),
        ("need a hot meal tonite", TUESDAY, date(2026, 3, 10), "evening", "tonight"),
        ("lift tmrw at 2", TUESDAY, date(2026, 3, 11), "14:00", "2 is in the daytime"),
        ("shopping 2moro", TUESDAY, date(2026, 3, 11), None, "by thumb"),
        ("lift the morn", TUESDAY, date(2026, 3, 11), None, "Scots"),
        ("lifft fory am ddau", TUESDAY, date(2026, 3, 11), "14:00", "Welsh"),
        ("lift the day after tomorrow", TUESDAY, date(2026, 3, 12), None, "two days on"),
        ("lift on tuesday", TUESDAY, date(2026, 3, 17), None, "today's name is next week's day"),
        ("lift this tuesday at 3", TUESDAY, date(2026, 3, 10), "15:00", "this: today"),
        ("lift weds am", TUESDAY, date(2026, 3, 11), "morning", "short"),
        ("a lift a week on Friday", TUESDAY, date(2026, 3, 20), None, "the next one and a week"),
        ("a lift Friday week", TUESDAY, date(2026, 3, 20), None, "the same, another way"),
        ("a lift next Thursday", TUESDAY, date(2026, 3, 19), None, "the one of next week"),
        ("a lift on the 14th at quarter to 11", TUESDAY, date(2026, 3, 14), "10:45", "this month"),
        ("a lift on the 9th", TUESDAY, date(2026, 4, 9), None, "gone by: next month"),
        ("a lift 14/4 half past 2", TUESDAY, date(2026, 4, 14), "14:30", "in figures"),
        ("a lift in 3 days", TUESDAY, date(2026, 3, 13), None, "counted"),
        ("a lift on Good Friday", TUESDAY, date(2026, 4, 3), None, "Easter is 5 April in 2026"),
        (
            "could I have a roast on Mothering Sunday",
            TUESDAY,
            date(2026, 3, 15),
            None,
            "three weeks before",
        ),
        ("lifft ddydd Gwener am hanner awr wedi dau", TUESDAY, date(2026, 3, 13), "14:30", "Welsh"),
        ("lift on 2nd January", on(2026, 12, 30), date(2027, 1, 2), None, "over the year's end"),
        ("milk tomorrow", on(2026, 12, 31), date(2027, 1, 1), None, "year end"),
        (
            "need a lift on new years day",
            on(2026, 12, 31),
            date(2027, 1, 1),
            None,
            "over the year's end",
        ),
        (
            "lift on friday",
            on(2026, 12, 31),
            date(2027, 1, 1),
            None,
            "said on the last of the year",
        ),
        ("lift on thursday", on(2026, 12, 31), date(2027, 1, 7), None, "a week from today"),
        ("a lift a week on friday", on(2026, 12, 31), date(2027, 1, 8), None, "and a week"),
        ("lift on the 2nd", on(2026, 12, 31), date(2027, 1, 2), None, "the day of a month"),
        ("lift on 30/12", on(2026, 12, 31), date(2027, 12, 30), None, "gone by: next year"),
        ("lift in 3 days", on(2026, 12, 30), date(2027, 1, 2), None, "counted over the year's end"),
        ("lifft ddydd Gwener", on(2026, 12, 31), date(2027, 1, 1), None, "Welsh"),
        ("lift today at 3", on(2028, 2, 29), date(2028, 2, 29), "15:00", "a leap day"),
        ("lift on tuesday", on(2028, 2, 28), date(2028, 2, 29), None, "a leap day by its name"),
        ("lift on wednesday", on(2028, 2, 28), date(2028, 3, 1), None, "the day after it"),
        ("lift on the 29th", on(2028, 2, 10), date(2028, 2, 29), None, "this February has one"),
        ("lift on the 29th", on(2027, 2, 10), date(2027, 3, 29), None, "this one has none"),
        ("lift 29/2", on(2028, 2, 29), date(2028, 2, 29), None, "today, in figures"),
        ("lift in a week", on(2028, 2, 22), date(2028, 2, 29), None, "seven days on"),
        ("lift tomorrow", on(2027, 2, 28), date(2027, 3, 1), None, "no leap year"),
        ("lift on sunday at 10", on(2026, 10, 24), date(2026, 10, 25), "10:00", "clocks go back"),
        ("lift on 29th February", on(2026, 3, 1), date(2028, 2, 29), None, "the next leap day"),
        ("lift tomorrow", on(2028, 2, 28), date(2028, 2, 29), None, "into a leap day"),
        ("lift on the 31st", on(2026, 4, 10), date(2026, 5, 31), None, "April has no 31st"),
        ("lift sunday at 9", on(2026, 3, 28), date(2026, 3, 29), "09:00", "clocks go forward"),
        ("lift tomorrow 9.45", on(2026, 10, 24), date(2026, 10, 25), "09:45", "clocks go back"),
        ("not had a visitor since Tuesday, lonely", TUESDAY, None, None, "a day gone by"),
        ("out of bread, not paid until Friday", TUESDAY, None, None, "an until"),
        ("help to get dressed of a morning", TUESDAY, None, "morning", "a habit"),
        ("good morning, I need some bread", TUESDAY, None, None, "a greeting is no time of day"),
        ("he is sat in the cold, bread please", TUESDAY, None, None, "sat is a verb here"),
        ("bread please, I have £2.50", TUESDAY, None, None, "money is no time"),
        ("we'd love a lift to chapel", TUESDAY, None, None, "we'd is not Wednesday"),
        ("yes please, Friday's fine", TUESDAY, date(2026, 3, 13), None, "one Friday, not each"),
        ("a lift on Monday at the surgery", TUESDAY, date(2026, 3, 16), None, "where, after when"),
        ("can you fetch bread, Thursday will do", TUESDAY, date(2026, 3, 12), None, "a will"),
        ("lift to the hospital tomorrow 0830", TUESDAY, date(2026, 3, 11), "08:30", "army time"),
        ("lift to the clinic for 11 on Monday", TUESDAY, date(2026, 3, 16), "11:00", "for a time"),
        ("the shelf has dropped at one end, can you fix it", TUESDAY, None, None, "one is no hour"),
        ("don't want the lift, all right now", TUESDAY, None, None, "not right now"),
        ("un passaggio domani alle 15", TUESDAY, date(2026, 3, 11), "15:00", "Italian"),
        ("un passaggio lunedì alle 9 e mezza", TUESDAY, date(2026, 3, 16), "09:30", "Italian"),
        ("un passaggio domani alle tre", TUESDAY, date(2026, 3, 11), "15:00", "Italian, in words"),
        ("un passaggio alle 15.30 di domani", TUESDAY, date(2026, 3, 11), "15:30", "Italian"),
    ],
)
def test_the_day_and_part_that_help_is_wanted(
    text: str, now: datetime, wanted: date | None, part: str | None, why: str
) -> None:
    meaning = understand(text, now)
    assert (meaning.date, meaning.part) == (wanted, part), why


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)),
     (2038, date(2038, 4, 25)), (1818, date(1818, 3, 22))],
)  # fmt: skip
def test_easter_is_where_the_almanac_has_it(year: int, sunday: date) -> None:
    assert easter(year) == sunday


@pytest.mark.parametrize(
    ("text", "postcode", "why"),
    [
        ("milk to HD7 5AB", "HD7 5AB", "as usual"),
        ("milk to hd75ab please", "HD7 5AB", "run together"),
        ("milk to HD75 AB", "HD7 5AB", "the space in the wrong place"),
        ("milk to BD18.4QA", "BD18 4QA", "a full stop for the space"),
        ("milk to S35 OAB", "S35 0AB", "a letter O for a nought"),
        ("milk to SW1A 1AA", "SW1A 1AA", "a letter in the outward code"),
        ("milk, I'm in HD7", "HD7", "outward alone"),
        ("stuck on the M62", None, "a road"),
        ("up the A1 in traffic", None, "a road"),
        ("2 pints please", None, "no postcode"),
        ("size 5 nappies", None, "no postcode"),
        ("XX1 1AA", None, "no such area"),
    ],
)
def test_a_postcode_is_given_in_its_usual_form(text: str, postcode: str | None, why: str) -> None:
    assert understand(text, TUESDAY).postcode == postcode, why


def test_a_short_postcode_is_read_with_the_place_the_person_lives_in() -> None:
    assert understand("bring it to 7 5AB", TUESDAY, place="HD7").postcode == "HD7 5AB"
    assert understand("bring it to 7 5AB", TUESDAY).postcode is None


@pytest.mark.parametrize(
    ("text", "urgent", "why"),
    [
        ("on the kitchen floor, can't get up", True, "a fall"),
        ("terrible pain in my chest and sweating", True, "heart"),
        ("mum's mouth has dropped and she can't speak", True, "stroke"),
        ("can't breathe", True, "breath"),
        ("the curtains are on fire", True, "fire"),
        ("fire at number 4", True, "a neighbour's fire"),
        ("strong smell of gas in here", True, "gas"),
        ("there's a man in my house with a knife", True, "violence"),
        ("I don't want to live any more", True, "suicide"),
        ("can you bring milk. my chest is very tight and my arm has gone numb", True, "beside"),
        ("dwi wedi syrthio a methu codi", True, "Welsh"),
        ("my little lad has swallowed a battery", True, "poison"),
        ("husband has collapsed and won't wake up", True, "unconscious"),
        ("🆘", True, "a sign"),
        ("can't get up", True, "nothing but that"),
        ("I've lost the use of my left arm", True, "stroke, put calmly"),
        ("it's like a strap round my chest and I'm wringing wet", True, "heart, compared"),
        ("she's coughed up a bowl of blood", True, "bleeding"),
        ("I've done something stupid with my tablets", True, "poison, without saying so"),
        ("blood everywhere and it won't stop", True, "bleeding"),
        ("this phone will be the death of me", False, "figurative"),
        ("I could murder a bacon sandwich", False, "figurative"),
        ("had a fall last month and need a lift to physio on Friday", False, "past"),
        ("smoke alarm wants a new battery, no fire", False, "a thing with the word in it"),
        ("what do I do if someone has a fall when I visit", False, "a what-if"),
        ("thank you, I nearly died laughing", False, "a joke"),
        ("my cat is half dead with fleas, can someone run us to the vet", False, "an animal"),
        ("need milk and bread", False, "nothing of the kind"),
        ("border's choking with weeds, could someone dig it", False, "plants"),
        ("won ten pounds, what a stroke of luck", False, "a stroke of another kind"),
    ],
)
def test_danger_is_seen_and_what_only_sounds_like_it_is_not(
    text: str, urgent: bool, why: str
) -> None:
    assert understand(text, TUESDAY).emergency is urgent, why


def test_several_needs_in_one_message_are_all_there_and_the_first_is_the_need() -> None:
    meaning = understand("bread fetching from the shop and my prescription from Boots", TUESDAY)
    assert meaning.needs[0] is meaning.need
    assert set(meaning.needs) == {Need.SHOPPING, Need.PRESCRIPTION}


def test_the_time_may_know_its_zone_or_not() -> None:
    aware = understand("lift tomorrow", TUESDAY.replace(tzinfo=UTC))
    assert aware == understand("lift tomorrow", TUESDAY)


PARTS = {None, "morning", "afternoon", "evening"}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300), st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2090, 1, 1)  # noqa: DTZ001
))  # fmt: skip
def test_no_text_raises_and_every_field_keeps_to_its_values(text: str, now: datetime) -> None:
    meaning = understand(text, now)
    assert meaning == understand(text, now), "the same every time"
    assert meaning.intent in Intent
    assert meaning.need is None or meaning.intent in {Intent.ASK, Intent.OFFER}
    assert meaning.needs[:1] == ((meaning.need,) if meaning.need else ())
    assert meaning.date is None or meaning.date >= now.date()
    if meaning.part not in PARTS:
        assert meaning.part is not None
        assert datetime.strptime(meaning.part, "%H:%M")  # noqa: DTZ007 (a time of day)
    assert 0 <= meaning.confidence <= 1
    assert (meaning.intent, meaning.need) in meaning.alternatives
    assert len(meaning.language) == 2
    numbers_in(text)
    yes_no(text)
    is_start(text)
    assert not (is_stop(text) and is_start(text))


TELLING = ["stop", "fell", "chest", "tomorrow", "14th", "half", "past", "2", "monday", "HD7"]
WORDS = [*TELLING, "milk", "lift", "a", "the", "can", "not", "\ud800", "👍"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_no_jumble_of_telling_words_raises(words: list[str]) -> None:
    understand(" ".join(words), TUESDAY)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "\u200b" * 5000,
        "\ud800\udfff" * 50,
        "مرحبا " * 500,
        "\0" * 1000,
        "fell " * 20_000,
    ],
    ids=["long", "invisible", "lone surrogates", "right to left", "nul", "a telling word"],
)
def test_junk_means_something_harmless_or_at_least_does_not_raise(text: str) -> None:
    assert understand(text, TUESDAY).intent in Intent


@pytest.mark.parametrize(
    "text",
    ["texts", "list", "number", "bus stop", "send me texts", "off", "the stop at the bus station"],
)
def test_nobody_is_silenced_by_a_word_that_only_sounds_like_it(text: str) -> None:
    meaning = understand(text, TUESDAY)
    assert not (meaning.intent is Intent.STOP and meaning.confidence >= ACT_ABOVE)


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("I rang, she's all right", False),
        ("she's fine I've just been round", False),
        ("she's on the floor but says she's all right", True),
    ],
)
def test_word_that_somebody_is_well_is_no_emergency(text: str, urgent: bool) -> None:
    assert understand(text, TUESDAY).emergency is urgent


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("bread on Thursday please", Need.SHOPPING),
        ("potatoes for Saturday please", Need.SHOPPING),
        ("bread Thursday", Need.SHOPPING),
        ("newspaper on Sunday please", Need.SHOPPING),
        ("my prescription on Tuesday please", Need.PRESCRIPTION),
        ("a lift to the doctors on Friday please", Need.LIFT),
        ("dog walk tomorrow please", Need.PET),
        ("some company on Sunday afternoon please", Need.COMPANY),
        ("grass cutting on Friday please", Need.GARDEN),
        ("can anybody help me in the garden tomorrow morning", Need.GARDEN),
        ("need someone to help me in my garden on Friday", Need.GARDEN),
        ("could somebody give me a hand with my computer tomorrow", Need.TECH),
    ],
)
def test_a_plain_request_for_a_day_is_one(text: str, need: Need) -> None:
    meaning = understand(text, TUESDAY)
    assert (meaning.intent, meaning.need) == (Intent.ASK, need)
    assert meaning.date is not None or "Thursday" not in text
    assert meaning.confidence >= ACT_ABOVE


@pytest.mark.parametrize(
    "text",
    [
        "yes on Thursday please",
        "not bread on Thursday",
        "I can help in the garden on Friday",
        "no need of bread on Thursday",
    ],
)
def test_what_only_looks_like_a_plain_request_is_none(text: str) -> None:
    meaning = understand(text, TUESDAY)
    assert meaning.intent is not Intent.ASK or meaning.confidence < ACT_ABOVE


@pytest.mark.parametrize(
    ("text", "cannot"),
    [
        ("non posso venire", True),
        ("Mi dispiace, non posso più venire lunedì", True),
        ("non riesco a venire domani, scusa", True),
        ("alla i ddim dod", True),
        ("methu dod", True),
        ("Fedra i ddim dod heddiw sori", True),
        ("can't come", True),
        ("non posso uscire, mi serve il pane", False),
    ],
)
def test_what_helpers_are_told_to_write_who_cannot_come_is_understood(
    text: str, cannot: bool
) -> None:
    meaning = understand(text, TUESDAY)
    assert (meaning.intent is Intent.CANNOT and meaning.confidence >= ACT_ABOVE) is cannot


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("milk, and my prescription please", [Need.SHOPPING, Need.PRESCRIPTION]),
        ("could somebody get me some eggs and walk the dog", [Need.SHOPPING, Need.PET]),
        ("Could somebody please get me milk, bread, eggs, and the Radio Times", [Need.SHOPPING]),
        ("could somebody get me fish and chips tonight", None),
    ],
)
def test_each_thing_that_is_asked_for_is_heard_once(text: str, needs: list[Need] | None) -> None:
    found = understand(text, TUESDAY).needs
    assert set(found) == set(needs) if needs else len(found) == 1


MOST_SECONDS = 0.05


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.text(max_size=3000),
        st.lists(st.sampled_from(WORDS), max_size=600).map(" ".join),
        st.sampled_from(WORDS).map(lambda word: word * 1000),
    )
)
def test_no_text_of_any_kind_takes_long(text: str) -> None:
    # Processor time, and the best of five: what else the machine does is not our affair. A slow
    # pattern would be slow each time.
    taken = []
    for _ in range(5):
        began = time.process_time()
        understand(text, TUESDAY)
        taken.append(time.process_time() - began)
        if taken[-1] < MOST_SECONDS:
            return
    raise AssertionError(f"{min(taken):.3f} s")


def test_what_is_learnt_from_is_labelled_with_values_that_there_are() -> None:
    for path in (ROOT / "tools" / "understanding_data").rglob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            where = f"{path.stem}: {row['text'][:30] if path.parent.name != 'held_out' else ''}"
            intent, need = Intent(row["intent"]), row.get("need")
            assert need is None or (Need(need) and intent in {Intent.ASK, Intent.OFFER}), where
            if path.parent.name == "voices":
                assert row["part"] in PARTS or datetime.strptime(row["part"], "%H:%M"), where  # noqa: DTZ007
                assert row["date"] is None or row["date"] >= row["now"][:10], where


def test_messages_never_tuned_on_are_understood_about_as_well_as_measured() -> None:
    rows = [
        json.loads(line)
        for line in (HERE / "understanding_unseen.jsonl").read_text("utf-8").splitlines()
    ]
    spec = spec_from_file_location("score", ROOT / "tools" / "score_understanding.py")
    assert spec
    assert spec.loader
    score = module_from_spec(spec)
    spec.loader.exec_module(score)
    found = score.measure(rows)
    right = found["right"]
    # A little under what was measured; decision 0004 has the figures.
    assert right["intent"] >= 0.95
    assert right["need"] >= 0.92
    assert right["date"] >= 0.97
    assert right["part"] >= 0.98
    assert right["postcode"] >= 0.99
    assert right["for_other"] >= 0.92
    assert right["language"] >= 0.99
    assert found["recall"] >= 0.95
    assert found["false_share"] <= 0.02
    assert found["covered"] >= 0.8
    assert found["acted_wrong"] <= 0.03
    assert 0 < ACT_ABOVE < 1
    # Who is to be heard first is seen by the half of it that judges danger.
    urgent = [row["text"] for row in rows if understand(row["text"], TUESDAY).emergency]
    assert len(urgent) > 20
    assert all(map(may_be_danger, urgent))


DATA = ROOT / "tools" / "understanding_data"


def texts_of(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def test_nothing_that_is_read_as_danger_is_kept_from_being_read() -> None:
    held_out = sorted((DATA / "held_out").glob("*.jsonl"))
    assert len(held_out) == 8
    texts = [text for path in held_out for text in texts_of(path)]
    texts += texts_of(HERE / "understanding_unseen.jsonl")
    calm = [text for text in texts if harmless(plain(text))]
    assert len(calm) > len(texts) / 3, "it keeps something from being read"
    assert [text[:20] for text in calm if read_for_danger(text)] == []


def as_it_may_be_said(tree: Any, dice: random.Random) -> str:
    """A text that a parsed pattern fits, or nearly."""
    said = ""
    for what, how in tree:
        if what is sre.LITERAL:
            said += chr(how)
        elif what is sre.SUBPATTERN:
            said += as_it_may_be_said(how[3], dice)
        elif what is sre.BRANCH:
            said += as_it_may_be_said(dice.choice(how[1]), dice)
        elif what in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, repeated = how
            if repeated[0][0] is sre.ANY:
                said += " "
            else:
                for _ in range(dice.randint(low, min(high, low + 1))):
                    said += as_it_may_be_said(repeated, dice)
        elif what is sre.IN:
            kind, value = how[0]
            said += chr(value) if kind is sre.LITERAL else "s" if kind is sre.CATEGORY else "7"
    return said


def test_each_line_of_each_sign_is_looked_for_where_it_may_fit() -> None:
    """Which lines a message may fit is worked out beforehand, from the lines: in a message that one
    fits it has to be found, or somebody's emergency would not be seen as one."""
    dice = random.Random(23)
    lines = understanding_danger._LINES
    unknown = [line.pattern.pattern for line in lines if line.pieces is None]
    assert unknown == ["🆘"], "run tools/sift_danger.py: there are lines that it has not seen"
    tried = 0
    for line in lines:
        tree, fits = parser.parse(line.pattern.pattern), 0
        for _ in range(40):
            said = plain(as_it_may_be_said(tree, dice))
            if line.pattern.search(said):
                fits += 1
                assert line.name in signs(said), said
                assert line.name.startswith("~") or not harmless(said), said
            if fits == 3:
                break
        tried += fits > 0
    assert tried > 0.95 * len(lines), tried


def test_signs_are_those_that_there_are_whichever_way_it_is_written() -> None:
    def all_of(table: dict[str, tuple[str, ...]]) -> dict[str, re.Pattern[str]]:
        return {
            name: re.compile("|".join(map(understanding_danger.full, ways)))
            for name, ways in table.items()
        }

    strong, sounds = all_of(STRONG), all_of(understanding_danger.ONLY_SOUNDS)
    texts = texts_of(DATA / "emergency.jsonl")
    texts += [
        "cannae breath",
        "ive fel doon an cannae git up m8",
        "sum1 has fell",
        "i want 2 die 2day",
    ]
    for text in texts:
        said = plain(text)
        ways = (said, standard_text(said))
        seen = [name for name, each in strong.items() if any(map(each.search, ways))]
        seen += ["~" + name for name, each in sounds.items() if any(map(each.search, ways))]
        assert signs(said) == seen, text[:20]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("blorf gnix wampt", True),
        ("upadlam i nie moge wstac", True),
        ("dwi wedi cwympo yn y gegin", True),
        ("sono caduta e non riesco ad alzarmi", True),
        ("mi chest hurst sumthin awfull", True),
        ("milk and bread please", False),
        ("yes please", False),
        ("07700 900123", False),
        ("", False),
    ],
)
def test_words_that_nobody_knows_are_suspicious(text: str, read: bool) -> None:
    assert weight_of("blorf") == understanding_sieve.UNKNOWN > 0
    assert harmless(plain(text)) is not read


@pytest.mark.parametrize(
    ("words", "wanted", "read"),
    [
        ("I need milk Tomorrow please", date(2026, 3, 13), "I need milk ... please"),
        ("I need milk tomorrow please", date(2026, 3, 11), None),
        ("I need milk today", None, "I need milk ..."),
        ("a lift on Tuesday", date(2026, 3, 10), None),
        ("tablets are ready Thursday, I need them on Friday", date(2026, 3, 13), None),
        ("flowers for mothers day", date(2026, 3, 13), None),
        ("I fell yesterday and need bread", date(2026, 3, 13), None),
        ("dwi angen llaeth yfory", date(2026, 3, 13), "dwi angen llaeth ..."),
        ("milk, the good one", None, None),
    ],
)
def test_no_old_day_is_left_in_words_that_a_helper_reads(
    words: str, wanted: date | None, read: str | None
) -> None:
    assert without_old_days(words, TUESDAY.date(), wanted) == (words if read is None else read)
