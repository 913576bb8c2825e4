"""How long what is known: one table, one line a thing, with the reason.

Every column that holds anything of somebody stands in it, and a test fails for one that does not.
What has a time is emptied or deleted by `storage/purge.py`; `docs/retention.md` is this table
written out. The times are ours, but where a source is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kept(StrEnum):
    """How long something is kept, in the words of the page."""

    WORDS = "as long as the words of messages"
    """`POPROUND_KEEP_MESSAGES_DAYS`: 7, from 3 to 90 (GOV.UK Notify)."""
    TIMED = "so many days"
    """`Rule.after`."""
    MEMBER = "as long as they are in the group"
    """Gone with FORGET ME, with `popround members forget`, and when nobody has used it for long
    (`handlers/unused.py`)."""
    NUMBERS = "as long as they are in the group; then as a number that is nobody's"
    GOOD = "for good"


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one kind of thing is kept, and why."""

    table: str
    columns: tuple[str, ...]
    what: str
    kept: Kept
    why: str
    after: timedelta | None = None
    since: str = ""
    """From when on that is counted."""

    @property
    def how_long(self) -> str:
        """In words."""
        if self.kept is Kept.WORDS:
            return f"7 days (3 to 90, as it is set) {self.since}"
        if self.after is not None:
            many = "" if self.after == timedelta(days=1) else "s"
            return f"{self.after.days} day{many} {self.since}"
        return str(self.kept)


DAY = timedelta(days=1)

MONTH, QUARTER = 30 * DAY, 90 * DAY
THIRTEEN_MONTHS = 400 * DAY
"""So that a month can be held against the same one of the year before."""


def _rule(
    table: str, columns: str, what: str, kept: Kept | timedelta, since: str, why: str
) -> Rule:
    names = tuple(columns.split())
    if isinstance(kept, timedelta):
        return Rule(table, names, what, Kept.TIMED, why, kept, since)
    return Rule(table, names, what, kept, why, None, since)


TABLE = (
    # Who people are.
    _rule(
        "members",
        "standing sealed_name language languages roles sealed_home sealed_postcode cell area "
        "can_do max_km vetted_until vetting vetting_at hours stretches on_duty paused_until "
        "weekly_cap at_once_cap rested_at visits consent appeals stopped_at unreachable retry_at "
        "retried_at half_way_at forget_at used_at unused_at helping",
        "name, address, languages, what they do and when, their consent",
        Kept.MEMBER,
        "",
        "without it nobody can be helped, or asked to help",
    ),
    _rule(
        "member_keys",
        "wrapped",
        "the key that their words are sealed with",
        Kept.MEMBER,
        "",
        "it is destroyed first: no copy can be read after that",
    ),
    _rule(
        "addresses",
        "channel lane sealed_value wrote_at unreachable",
        "phone number and Telegram chat, and when they last wrote from there",
        Kept.MEMBER,
        "",
        "that is how they are reached",
    ),
    _rule(
        "bonds",
        "kind place",
        "whom they would like, or not like, to meet",
        Kept.MEMBER,
        "",
        "it was promised that the two are not brought together again",
    ),
    _rule(
        "shifts",
        "start_minute end_minute",
        "when an organiser holds the phone",
        Kept.MEMBER,
        "",
        "alerts go by it",
    ),
    _rule(
        "dated_shifts",
        "starts_at ends_at",
        "single dates on which an organiser holds the phone",
        Kept.MEMBER,
        "",
        "alerts go by it",
    ),
    _rule(
        "stand_ins", "until", "who took the phone over by word", Kept.MEMBER, "", "alerts go by it"
    ),
    # What was asked for, and what came of it.
    _rule(
        "requests",
        "sealed_words",
        "what somebody wrote that they need",
        MONTH,
        "after it was asked for, or after its day, once it is over",
        "a complaint, or a question about it, comes within days",
    ),
    _rule(
        "requests",
        "status need also day also_days part for_other wave urgent promised_at misses lapsed_at "
        "created_at",
        "what kind of help, for which day, and how it ended",
        Kept.NUMBERS,
        "",
        "who goes is chosen by who went, and a group must be able to say what it did",
    ),
    _rule(
        "schedules",
        "sealed_words",
        "what somebody wrote that they need again and again",
        MONTH,
        "after it was begun, once it has ended",
        "each time is asked for in these words until then",
    ),
    _rule(
        "schedules",
        "status need weekdays every starts part for_other next_day skips created_at",
        "what kind of help, on which days",
        Kept.NUMBERS,
        "",
        "the same as of one request",
    ),
    _rule(
        "offers",
        "wave status reason created_at answered_at",
        "who was asked, why, and whether they said yes",
        Kept.NUMBERS,
        "",
        "so that it is not always the same who are asked; and for 'why me?'",
    ),
    _rule(
        "visits",
        "sealed_code_word",
        "the word for the door",
        Kept.WORDS,
        "after the visit",
        "it is of use at the door only, and to look into who came",
    ),
    _rule(
        "visits",
        "status due_at remind_eve_at remind_at remind_asker_at over_at relay_off created_at",
        "who went to whom, when, and how it ended",
        Kept.NUMBERS,
        "",
        "after a worry it must be known who was in the house",
    ),
    _rule(
        "relayed",
        "sealed_words at",
        "what the two of a visit wrote to each other",
        Kept.WORDS,
        "after it was written",
        "for when a worry is raised on it",
    ),
    _rule(
        "outlays",
        "status agreed spent asker_says helper_says tell_at",
        "how much money was laid out, and whether it was paid back",
        Kept.NUMBERS,
        "",
        "disputes about money come late, and sums taken often must be seen",
    ),
    # Whether all is well.
    _rule(
        "check_ins",
        "sealed_code",
        "the number sent to their own phone when check-ins are set up",
        MONTH,
        "after they were begun; not at all once they are set up",
        "it is of use only until it comes back",
    ),
    _rule(
        "check_ins",
        "status days hour next_day away_from away_until misses chase_at created_at",
        "on which days they are asked whether all is well, when, and when they are away",
        Kept.MEMBER,
        "",
        "nobody should have to set it up twice",
    ),
    _rule(
        "contacts",
        "status answer_by created_at",
        "who is told when somebody does not answer",
        Kept.MEMBER,
        "",
        "that is what it is for",
    ),
    _rule(
        "occasions",
        "sealed_words sealed_outcome",
        "what they wrote in an emergency, and how they were found",
        QUARTER,
        "after the day, once it is closed",
        "what was done is gone through afterwards, and again if it comes again",
    ),
    _rule(
        "occasions",
        "day status due_at reason step next_at",
        "whether they answered on a day, and what was done if not",
        THIRTEEN_MONTHS,
        "after the day",
        "how it has been for a year is what a carer asks",
    ),
    # Worries. Their time is kept by their own due row (`handlers/worry.py`): three years after.
    _rule(
        "worries",
        "sealed_words sealed_named",
        "what somebody was worried about, and who is not told of it",
        Kept.MEMBER,
        "",
        "for the safeguarding holders alone; emptied three years after it was closed, if they are "
        "still in the group: as long as claims for harm may be brought",
    ),
    _rule(
        "worries",
        "status urgent step next_at created_at",
        "that there was a worry, and where it stands",
        Kept.MEMBER,
        "",
        "nothing of it is dropped before it is closed",
    ),
    _rule(
        "worry_notes",
        "at what sealed_words",
        "who was told of a worry and when, and what was written down about it",
        Kept.MEMBER,
        "",
        "the same, and its words go at the same time",
    ),
    # One voice to many.
    _rule(
        "broadcast_replies",
        "sealed_words",
        "what somebody wrote back to a broadcast",
        MONTH,
        "after it came",
        "whoever asked has read it by then",
    ),
    _rule(
        "broadcasts",
        "sealed_audience sealed_answers sealed_urgent sealed_code",
        "whom a broadcast was for, what could be answered, why it was urgent",
        QUARTER,
        "after it was reported, or dropped",
        "the next one like it is written with it in view",
    ),
    _rule(
        "broadcast_texts",
        "language sealed_text",
        "what a broadcast said",
        QUARTER,
        "after it was reported, or dropped",
        "the next one like it is written with it in view",
    ),
    _rule(
        "recipients",
        "channel outbox_id left_out answer",
        "who got a broadcast, and what they answered",
        QUARTER,
        "after it was reported, or dropped",
        "who has not answered can be asked until then",
    ),
    _rule(
        "broadcast_replies",
        "at",
        "that somebody wrote back to a broadcast, and when",
        QUARTER,
        "after it was reported, or dropped",
        "the list of who got it goes then",
    ),
    # What was said.
    _rule(
        "inbox",
        "sealed_message print",
        "the words of messages from them",
        Kept.WORDS,
        "after they came",
        "to look into what went wrong, or was misunderstood",
    ),
    _rule(
        "outbox",
        "sealed_message",
        "the words of messages to them, those that did not arrive among them",
        Kept.WORDS,
        "after they were written",
        "to look into what went wrong, or did not arrive",
    ),
    _rule(
        "inbox",
        "channel provider_id lane received_at handled_at attempts priority aside",
        "that a message came, and when",
        THIRTEEN_MONTHS,
        "after it came",
        "what is charged, and what is abused, is looked into over a year",
    ),
    _rule(
        "outbox",
        "channel lane kind priority about edits_id status attempts failed_copies next_at "
        "created_at sent_at provider_id code reason holder segments lost_at",
        "that a message went, what it cost, and whether it arrived",
        THIRTEEN_MONTHS,
        "after it was written",
        "what is charged is looked into over a year",
    ),
    _rule(
        "receipts",
        "channel provider_id status code outbox_id received_at applied_at",
        "what the network said became of a message",
        QUARTER,
        "after it came",
        "networks may say it days later, and are asked about it within weeks",
    ),
    _rule(
        "questions",
        "token kind lane ref sealed_choices asked_at answered_at closed_at outbox_id",
        "what they were asked, and what they had said that led to it",
        MONTH,
        "after it was answered or was over; 400 days after it was asked, if it never was",
        "a late answer must still find its question",
    ),
    # At the door.
    _rule(
        "links",
        "lane code_print expires_at used_at",
        "that a code went out to join two addresses",
        DAY,
        "after it ran out",
        "it is good for half an hour",
    ),
    _rule(
        "invites",
        "role code_print expires_at used_at",
        "that somebody was invited, and who came by it",
        MONTH,
        "after it ran out, used or not",
        "the log says who became an organiser",
    ),
    _rule(
        "guards",
        "what who count print until",
        "how much came from one number, as a fingerprint",
        DAY,
        "after it counts no more",
        "numbers that are used against us come back the next day",
    ),
    _rule(
        "keepsakes",
        "name value holder until",
        "that organisers were told of somebody, so that they are not told again",
        QUARTER,
        "after it counts no more",
        "it holds a number of a row, and no name",
    ),
    _rule(
        "audit",
        "at community_id actor_id action subject subject_id detail place hash",
        "who did or saw what, by numbers and without a name or a word",
        Kept.GOOD,
        "",
        "a log that could be shortened would prove nothing; of who is forgotten it has a number "
        "that means nobody",
    ),
)


NOBODYS = {
    "communities": "name timezone languages postcodes approve_helpers quiet_from quiet_until "
    "money_cap note_at daily_cap texts vetting",
    "streets": "channel lane sealed_chat active",
    "broadcasts": "status purpose settled code_until tries created_at go_at confirmed_at fed_at "
    "told_at reported_at replies_told replies_told_at listed",
    "due": "kind ref at attempts",
    "places": "code latitude longitude area country",
}
"""Columns in which nothing of anybody stands: the group's own, and the machinery's."""


def written() -> str:
    """The table as a page has it (`docs/retention.md`)."""
    head = ("| what | how long | why |", "|---|---|---|")
    rows = (f"| {rule.what} | {rule.how_long} | {rule.why} |" for rule in TABLE)
    return "\n".join((*head, *rows)) + "\n"
