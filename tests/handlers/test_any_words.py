"""No words bring down what reads them: each reader in `handlers/rules`, on jumbles it half knows.

Random letters seldom get past the first pattern. These are telling words in any order, figures of
any script and size among them, and breaks where nobody expects one. `POPROUND_TORTURE=1` tries some
thousand more (`POPROUND_EXAMPLES` says how many). How long it may take is in `test_understanding`.
"""

from __future__ import annotations

import os
import re
from datetime import date, datetime, time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.rules import (
    audience,
    checkins,
    choices,
    courtesy,
    guards,
    hours,
    hours_said,
    money,
    names,
    note,
    recurrence,
    relayed,
    replies,
    rota,
    rota_once,
    segments,
    spending,
    timing,
    vetting,
    wellbeing,
    worries,
)
from handlers.rules.understanding import (
    Meaning,
    is_start,
    is_stop,
    needs_named,
    numbers_in,
    understand,
    yes_no,
)
from handlers.rules.understanding_when import without_old_days
from storage.model import Community, Intent, Need, Vetting

TORTURE = os.environ.get("POPROUND_TORTURE") == "1"
EXAMPLES = int(os.environ.get("POPROUND_EXAMPLES", "3000"))
GROUP = Community(1, "Marsden Neighbours")

TELLING = """
0 1 2 02 7 10 12 13 24 25 29 30 31 59 60 99 100 366 1000 2024 2100 9999 0000 99999999999 0:00
9.30 24:00 24:60 25:00 99:99 10pm 13am 0am 12:5 7-9 22-6 half quarter past to noon 29/2 31/4
30.2.2027 1/1/0001 31/12/9999 2026-02-30 0000-00-00 99/99/9999 1st 31st 0th 32nd
٣ १० ２ ² ½ Ⅻ ① 1️⃣ 1e9 -1 +1 £ £0 £99999 12.345 % 💷 ﷽ ß İ ŵ '' ' - – . , ; : ? !
today tomorrow tonight yesterday monday mon sat sunday weekday weekend week fortnight month
year feb february may march mawrth dec easter christmas hogmanay bank holiday llun gwener
giovedì every each other second last first next this in on at from until to till and or not no
never but except only any after before by for i im my me am is are was the a of per week weeks
days
stop start yes no ok help milk prescription lift shopping tablets dog fallen fell chest pain
999 gas away hospital back well sam doreen mrs hill brian tell ask let know first always dont
want send duty cap raise note remind everyone members within km miles urgent because HD7 5AB
HD75AB M62 A1 pin card up pounds quid tenner enhanced basic standard free busy morning
afternoon evening daily check-in text ring nobody came thanks hello name live house dim ddim
bob dydd wythnos heddiw yfory eisiau plis oggi domani ogni settimana grazie non
"""
WORDS = [*TELLING.split(), "\x00", "\ud83d", "\u202e", "\ufeff", ""]
JUMBLES = st.builds(
    lambda words, gap: gap.join(words),
    st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=24),
    st.sampled_from((" ", " ", " ", "", ", ", "\n", "-", "\u00a0", " and ")),
)
MOMENTS = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2099, 12, 31))  # noqa: DTZ001


def tried(number: int) -> settings:
    """So many examples, the same each time; with `POPROUND_TORTURE=1` many, and others."""
    return settings(
        max_examples=EXAMPLES if TORTURE else number,
        derandomize=not TORTURE,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def keeps_to_its_values(meaning: Meaning, today: date) -> None:
    """Every field has one of the values that those who act on it know."""
    assert isinstance(meaning.intent, Intent)
    for need in (meaning.need, *meaning.needs):
        assert need is None or isinstance(need, Need)
    assert len(set(meaning.needs)) == len(meaning.needs)
    assert meaning.need is (meaning.needs or (None,))[0]
    assert meaning.need is None or meaning.intent in (Intent.ASK, Intent.OFFER)
    assert 1 <= len(set(meaning.alternatives)) == len(meaning.alternatives) <= 4
    assert meaning.alternatives[0] == (meaning.intent, meaning.need)
    for intent, other in meaning.alternatives:
        assert isinstance(intent, Intent)
        assert other is None or isinstance(other, Need)
    assert meaning.emergency in (True, False)
    assert meaning.emergency or not meaning.beyond_doubt
    assert meaning.for_other in (True, False)
    assert 0 <= meaning.confidence <= 1
    assert re.fullmatch("[a-z]{2,3}", meaning.language)
    assert meaning.date is None or today <= meaning.date < date(2110, 1, 1)
    if meaning.part not in (None, "morning", "afternoon", "evening"):
        assert re.fullmatch("[0-9]{2}:[0-9]{2}", meaning.part)
        assert time.fromisoformat(meaning.part)
    if meaning.postcode:
        assert re.fullmatch("[A-Z]{1,2}[0-9][A-Z0-9]?( [0-9][A-Z]{2})?", meaning.postcode)


@tried(120)
@given(
    text=JUMBLES,
    now=MOMENTS,
    language=st.sampled_from((None, "en", "cy", "it", "pl", "xx", "")),
    place=st.sampled_from((None, "HD7", "M1", "EC1A", "", "7", "\x00", "H(", "HD7 5AB")),
)
def test_no_jumble_raises_and_every_field_keeps_to_its_values(
    text: str, now: datetime, language: str | None, place: str | None
) -> None:
    meaning = understand(text, now, language=language, place=place)
    if language:
        assert re.fullmatch("[a-z]{2,3}", meaning.language)
    keeps_to_its_values(meaning, now.date())


@tried(120)
@given(text=JUMBLES, now=MOMENTS)
def test_no_reader_of_words_raises(text: str, now: datetime) -> None:
    today, aware = now.date(), timing.local(now.astimezone(), GROUP)
    for read in (
        *(audience.named, audience.means_silent, audience.answers_in, audience.urgent_because),
        *(audience.who_said, checkins.wants_check_ins, checkins.wants_off, checkins.asks_when),
        *(checkins.is_for_somebody, checkins.schedule_in, checkins.contacts_in),
        *(
            courtesy.is_greeting,
            courtesy.is_thanks,
            courtesy.asks_if_there,
            guards.sounds_automatic,
        ),
        *(courtesy.says_nobody_came, choices.ruled_out, names.name_in),
        *(names.introduced, names.house_named, note.wish, note.hour_in, recurrence.days_named),
        *(
            recurrence.only_once,
            replies.addressed,
            rota.wish,
            rota.minute_of_day,
            rota.spans_in,
            rota_once.names_duty,
        ),
        *(spending.wish, spending.is_number, wellbeing.feeling, wellbeing.takes_it, needs_named),
        *(wellbeing.found_well, money.speaks_of_money, relayed.gives_away, yes_no, is_start),
        *(numbers_in, timing.clock_time),
    ):
        read(text)
    days = (wellbeing.away_in, wellbeing.is_back)
    for read_on in (recurrence.pattern_of, recurrence.wish_of, rota_once.once, *days):
        read_on(text, today)
    without_old_days(text, today, None)
    without_old_days(text, today, today)
    assert not (is_stop(text) and is_start(text))
    assert len(choices.first(text)) <= choices.MOST_IN_A_CIRCLE
    for ear in hours_said.Ear:
        hours_said.wish(text, hours.ANY, ear)
    moment = audience.moment_in(text, aware, GROUP)
    assert moment is None or moment.tzinfo
    vetted = vetting.said(text, {"enhanced": Vetting.ENHANCED, "basic": Vetting.BASIC})
    vetting.next_look(vetted.until, aware, GROUP)
    for amount in (money.amount_in(text), money.up_to(text)):
        assert amount is None or 0 <= amount < 1_000_000
    kept, what = money.masked(text)
    assert what in ("", "card", "pin")
    assert bool(what) == (kept != text)
    assert money.masked(kept)[0] == kept
    assert segments.segments(text) >= 1
    names.house_in(text, "HD7 5AB")
    worries.names(text, "Sam Hill")
    worries.opening(text, ("worry", "pryder"))
    places, _ = relayed.asked(text, [("Sam Hill", "Sam"), ("Jo",), ("",)]) or ((), "")
    assert set(places) <= {0, 1, 2}
