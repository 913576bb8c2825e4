"""What Popround remembers, as plain frozen facts.

Nothing here reads a clock, a database or a network. Times are aware UTC datetimes and that is
checked when a fact is made. Places are H3 cells of resolution 9 (about 0.1 km²), as integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """A way to reach a person. The value is what the database keeps."""

    TELEGRAM = "telegram"
    SMS = "sms"


class Need(StrEnum):
    """What somebody wants help with."""

    SHOPPING = "shopping"
    PRESCRIPTION = "prescription"
    LIFT = "lift"
    COMPANY = "company"
    MEAL = "meal"
    ERRAND = "errand"
    PET = "pet"
    GARDEN = "garden"
    HOME = "home"
    TECH = "tech"
    PAPERWORK = "paperwork"
    OTHER = "other"
    PERSONAL_CARE = "personal_care"
    MEDICAL = "medical"
    MONEY = "money"


NOT_FOR_NEIGHBOURS = frozenset({Need.PERSONAL_CARE, Need.MEDICAL, Need.MONEY})
"""Needs that are told where to turn, and never routed to a neighbour (personal care by an
unregistered service is an offence in Britain: Health and Social Care Act 2008, CQC)."""

NEIGHBOURLY = tuple(need for need in Need if need not in NOT_FOR_NEIGHBOURS)
"""What a helper can say they do, in the order it is offered to them."""


class Intent(StrEnum):
    """What the sender of a message is doing with it."""

    ASK = "ask"
    OFFER = "offer"
    YES = "yes"
    NO = "no"
    DONE = "done"
    CANNOT = "cannot"
    CANCEL = "cancel"
    STATUS = "status"
    STOP = "stop"
    START = "start"
    INFO = "info"
    CALL_ME = "call_me"
    WORRY = "worry"
    THANKS = "thanks"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a person is in a group. One person may be several."""

    ASKER = "asker"
    HELPER = "helper"
    ORGANISER = "organiser"
    SAFEGUARDING = "safeguarding"
    """Hears of worries: the safeguarding holder."""
    DEPUTY = "deputy"
    """Hears of a worry that the holder is named in, or does not take."""


KEEPERS = frozenset({Role.SAFEGUARDING, Role.DEPUTY})
"""Who hears of worries. Only one of them makes another, once there is one."""


class Vetting(StrEnum):
    """How thoroughly somebody was looked into, the least first: the levels of Britain's Disclosure
    and Barring Service, and near enough of others'."""

    BASIC = "basic"
    STANDARD = "standard"
    ENHANCED = "enhanced"


class Standing(StrEnum):
    """Where a member stands with the group."""

    JOINING = "joining"
    WAITING = "waiting"
    """A helper whom an organiser has yet to approve."""
    ACTIVE = "active"
    LEFT = "left"
    FORGOTTEN = "forgotten"
    """They asked for it: the row is an empty shell, so that what is counted stays counted."""


class RequestStatus(StrEnum):
    """Where a request for help stands. Legal changes: `handlers/rules/lifecycle.py`."""

    DRAFT = "draft"
    """Being put together in conversation; nobody has been asked."""
    OPEN = "open"
    """Neighbours are being asked."""
    HANDED = "handed"
    """Every wave went unanswered; an organiser has it. A late yes is still welcome."""
    FILLED = "filled"
    """Somebody is going; the visit has the details."""
    DONE = "done"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    """An organiser settled it by hand."""


class ScheduleStatus(StrEnum):
    """Where help that comes again stands."""

    DRAFT = "draft"
    """Spoken of, and not agreed yet."""
    OFFERED = "offered"
    """Suggested by an organiser, and not answered yet."""
    RUNNING = "running"
    STOPPED = "stopped"


class OfferStatus(StrEnum):
    """Where one neighbour's being asked stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TAKEN = "taken"
    """Somebody else was quicker, or the need went away."""


class VisitStatus(StrEnum):
    """Where a visit stands."""

    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    DONE = "done"
    GIVEN_UP = "given_up"
    """The helper said they can't come."""
    NO_SHOW = "no_show"
    """The asker said that nobody came."""
    CALLED_OFF = "called_off"
    """The asker or an organiser no longer needs it."""
    NOT_KNOWN = "not_known"
    """Nobody said whether it happened, and nobody is there who could ask them."""


class OutlayStatus(StrEnum):
    """Where what a helper lays out stands."""

    ASKED = "asked"
    """The asker has not said up to how much."""
    AGREED = "agreed"
    SPENT = "spent"
    """It is known how much it was, and not both have said that it is paid back."""
    SETTLED = "settled"


class CheckInStatus(StrEnum):
    """Where somebody's check-ins stand."""

    DRAFT = "draft"
    """Being set up: the days, the contacts or the last yes are missing."""
    OFFERED = "offered"
    """An organiser suggested it; the person has not said yes."""
    ON = "on"
    OFF = "off"


class ContactStatus(StrEnum):
    """Whether somebody may be told when a check-in goes unanswered."""

    NAMED = "named"
    """The person named them; they have not been asked yet."""
    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"


class OccasionStatus(StrEnum):
    """Where one day's check-in stands. Legal changes: `handlers/rules/lifecycle.py`."""

    ASKED = "asked"
    """They have been asked whether all is well, and have not answered."""
    WELL = "well"
    ALARM = "alarm"
    """One person after another is told, until somebody takes it."""
    TAKEN = "taken"
    """Somebody is seeing to it; how they were found is not known yet."""
    CLOSED = "closed"
    """Seen to by a person, who said how it was; or they answered after all."""
    MISSED = "missed"
    """We were not working when it was due, and it was too late to ask."""


class InboundKind(StrEnum):
    """What came in."""

    TEXT = "text"
    BUTTON = "button"
    LOCATION = "location"
    OTHER = "other"
    """A photo, sticker, voice note …: something without words in it."""
    ADDED = "added"
    """The bot was added to a group chat."""
    REMOVED = "removed"
    """The bot was removed from a group chat, or blocked by a person."""
    MOVED = "moved"
    """A group chat has a new id (Telegram makes a supergroup of it); the new id is `text`."""


class OutboundKind(StrEnum):
    """What goes out. A channel that has no such thing says so with `Channel.can`."""

    TEXT = "text"
    EDIT = "edit"
    """Replace the words and buttons of an earlier message (`edits`)."""
    TOAST = "toast"
    """A small notice to the person who pressed a button (`answers`)."""
    COMMANDS = "commands"
    """The list of commands that this chat shows."""


class Priority(StrEnum):
    """Who goes first when not everything can go at once. See `PRIORITY_RANK`."""

    EMERGENCY = "emergency"
    REPLY = "reply"
    OFFER = "offer"
    REMINDER = "reminder"
    BROADCAST = "broadcast"


PRIORITY_RANK = {priority: rank for rank, priority in enumerate(Priority)}
"""0 goes first."""


class SendStatus(StrEnum):
    """Where an outgoing message stands. Receipts only ever raise `SEND_RANK`."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    """The request left and no answer came: it may have arrived."""
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """No longer true, or no longer wanted, before it went."""


SEND_RANK = {
    SendStatus.QUEUED: 0,
    SendStatus.SENDING: 1,
    SendStatus.UNKNOWN: 2,
    SendStatus.SENT: 3,
    SendStatus.DELIVERED: 4,
    SendStatus.FAILED: 4,
    SendStatus.WITHDRAWN: 4,
}
"""A status is replaced only by one of higher rank, so the order of receipts does not matter."""


class DueKind(StrEnum):
    """What is to happen at a moment. `handlers/due.py` says how."""

    DRAFT = "draft"
    """A request that stopped half-way is asked about once more, then handed on."""
    JOIN = "join"
    """A joining that stopped half-way: organisers hear of it."""
    WAVE = "wave"
    """The next neighbours are asked, or an organiser is told that none are left."""
    PROMISE = "promise"
    """The asker was told that they would hear by now."""
    REMIND = "remind"
    """The helper is reminded of the visit, shortly before it."""
    REMIND_EVE = "remind_eve"
    """The helper is reminded of the visit, the evening before."""
    REMIND_ASKER = "remind_asker"
    """The asker is told once more that somebody is coming, and when."""
    REPEAT = "repeat"
    """A schedule makes its next request."""
    DID_IT_HAPPEN = "did_it_happen"
    """Both are asked whether the visit happened."""
    CHASE = "chase"
    """A question that matters has gone unanswered."""
    BACK = "back"
    """A helper's pause ends."""
    TELL = "tell"
    """A message that matters did not arrive; organisers are told."""
    CHECK_IN = "check_in"
    """Somebody is to be asked whether all is well; or one that was half set up lies there."""
    CHECK_IN_STEP = "check_in_step"
    """A check-in was not answered, or an alarm not taken or closed: the next step."""
    CONTACT = "contact"
    """Somebody has not said whether they may be told when a check-in goes unanswered."""
    NOTE = "note"
    """Organisers get the daily note."""
    HANDOVER = "handover"
    """An organiser's time of duty begins or ends."""
    BROADCAST = "broadcast"
    """Some more people get it, its progress is shown, or it is over and reported."""
    SPENDING = "spending"
    """A group has nearly or wholly sent what it may in a day; organisers are told."""
    HANDOVER_ONCE = "handover_once"
    """What is otherwise in the rota, once, begins or ends."""
    OUTLAY = "outlay"
    """Money that was laid out has not been said by both to be paid back; organisers are told."""
    FORGET = "forget"
    """Somebody asked to be forgotten, and what was still to be said has been said."""
    RETRY = "retry"
    """Somebody who could not be reached is tried once more."""
    WORRY = "worry"
    """A worry was not taken, or whoever took it has not written of it: the next step. Of one that
    is closed: its words go."""
    VETTING = "vetting"
    """Somebody's vetting runs out soon, or has; or what they may do is to be looked at anew."""
    UNUSED = "unused"
    """Whoever has made no use of the group for years has not said that they want to stay."""


def aware(moment: datetime | None, name: str) -> None:
    """Check that a time knows its zone and is in UTC.

    Raises:
        ValueError: naming the field, if it does not.
    """
    if moment is not None and moment.utcoffset() != UTC.utcoffset(None):
        raise ValueError(f"{name} must be an aware UTC time, not {moment!r}")


@dataclass(frozen=True, slots=True)
class Community:
    """A neighbourhood group and its area."""

    id: int
    name: str
    timezone: str = "Europe/London"
    languages: tuple[str, ...] = ("en",)
    postcodes: tuple[str, ...] = ()
    """Outward codes (`HD7`) or sectors (`HD7 5`) that it serves; none means everywhere."""
    approve_helpers: bool = False
    quiet_from: time = time(20, 0)
    quiet_until: time = time(9, 0)
    money_cap: int = 30
    """Pounds a helper may lay out for shopping; 0: nothing, and money is not spoken of."""
    note_at: time | None = None
    """When organisers get the daily note, by the group's own clocks; none: not at all."""
    daily_cap: int | None = None
    """Parts of texts that it may send in a day; 0: as many as it likes; none: as many as the
    settings say (`POPROUND_DAILY_SEGMENTS`)."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Words of its own, in place of the catalogue's: `en:info` to the words."""
    vetting: Mapping[Need, Vetting] = field(default_factory=dict)
    """What a helper must at least be vetted for, to be asked for that; what is not here needs
    none."""


Hours = tuple[tuple[int, int], ...]
"""Times of a week, in minutes from Monday's midnight by the group's own clocks: in order, each from
its first minute to the one at which it is over, on whole quarters of an hour, and apart from each
other. None of them means any time."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person can be reached: a phone number in E.164 or a Telegram chat id."""

    channel: Channel
    value: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a group."""

    id: int
    community_id: int
    standing: Standing
    name: str = ""
    language: str = "en"
    languages: tuple[str, ...] = ("en",)
    roles: frozenset[Role] = frozenset()
    home: str = ""
    """The address as they gave it. Sealed at rest; shown to the accepted helper only."""
    postcode: str = ""
    cell: int | None = None
    """H3 cell, resolution 9."""
    area: str = ""
    """A name for roughly where they live that many people share (a postcode sector)."""
    can_do: frozenset[Need] = frozenset()
    max_km: float = 3.0
    vetted_until: date | None = None
    """The last day on which it counts."""
    vetting: Vetting | None = None
    """How thoroughly; none where only a day is known, which counts as the least."""
    vetting_at: datetime | None = None
    """When its running out is next looked at; empty where there is nothing to come."""
    hours: Hours = ()
    """When they may be asked to go, as they said themselves."""
    on_duty: bool = True
    paused_until: datetime | None = None
    weekly_cap: int = 3
    at_once_cap: int = 1
    rested_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    """When they count as rested: each offer and each visit moves it on (`rules/matching.py`)."""
    visits: int = 0
    """Visits done, ever."""
    consent: str = ""
    """The date and means by which they agreed, as a person would write it."""
    appeals: str = ""
    """The same for appeals (fundraising, campaigns); empty: they get none."""
    stopped_at: datetime | None = None
    """They sent STOP; nothing is sent to them until they write again."""
    unreachable: str = ""
    """Why their number or chat can't be reached, in a word; empty if it can."""
    retry_at: datetime | None = None
    """When they are tried once more, though they could not be reached."""
    retried_at: datetime | None = None
    """When they were, the last time."""
    half_way_at: datetime | None = None
    """When organisers hear that they stopped half-way through joining; empty once they have."""
    forget_at: datetime | None = None
    """Since when they wish to be forgotten; empty again once they are."""
    used_at: datetime | None = None
    """When they last made use of the group, within a week; empty until it was looked at."""
    unused_at: datetime | None = None
    """Since when it has been asked whether they want to stay; empty otherwise."""

    def __post_init__(self) -> None:
        for name in (
            "paused_until",
            "rested_at",
            "stopped_at",
            "retry_at",
            "retried_at",
            "half_way_at",
            "forget_at",
            "vetting_at",
            "used_at",
            "unused_at",
        ):
            aware(getattr(self, name), name)

    def is_a(self, role: Role) -> bool:
        return role in self.roles


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """Something that somebody needs help with."""

    id: int
    community_id: int
    asker_id: int
    status: RequestStatus
    created_at: datetime
    need: Need | None = None
    also: tuple[Need, ...] = ()
    """What else was asked for with it: requests of their own once it is confirmed."""
    words: str = ""
    """What they wrote. Sealed at rest."""
    day: date | None = None
    """The local day it is wanted on; none means as soon as somebody can."""
    also_days: tuple[date, ...] = ()
    """On what other days as well: requests of their own once it is confirmed."""
    part: str | None = None
    """`morning`, `afternoon`, `evening` or `HH:MM` local time."""
    for_other: bool = False
    wave: int = 0
    """Waves asked so far."""
    urgent: bool = False
    """Goes before others: it is wanted soon, or somebody already let them down."""
    promised_at: datetime | None = None
    """When the asker was told they would hear."""
    handler_id: int | None = None
    """The organiser who said they would see to it."""
    misses: int = 0
    """Times in a row that the bot did not follow while this was being put together."""
    schedule_id: int | None = None
    """The schedule that it comes of; of a draft, the one that it is to begin."""
    lapsed_at: datetime | None = None
    """When its asker was asked whether it is still needed, its day having gone by."""

    def __post_init__(self) -> None:
        aware(self.created_at, "created_at")
        aware(self.promised_at, "promised_at")
        aware(self.lapsed_at, "lapsed_at")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Help that somebody needs again and again: each time it makes a request."""

    id: int
    community_id: int
    asker_id: int
    status: ScheduleStatus
    created_at: datetime
    need: Need | None = None
    words: str = ""
    """What they wrote. Sealed at rest."""
    weekdays: tuple[int, ...] = ()
    """In order; Monday is 0. None while a draft's have not been said."""
    every: int = 1
    """Every so many weeks, counted from the week of `starts`."""
    starts: date | None = None
    """The first day; of a draft, the earliest that was said."""
    part: str | None = None
    """`morning`, `afternoon`, `evening` or `HH:MM` local time."""
    for_other: bool = False
    next_day: date | None = None
    """The next day for which a request is to be made."""
    skips: tuple[date, ...] = ()
    """Days further off that are to be left out."""
    set_up_by: int | None = None
    """The organiser who suggested it."""

    def __post_init__(self) -> None:
        aware(self.created_at, "created_at")


@dataclass(frozen=True, slots=True)
class Offer:
    """One neighbour being asked to do one request."""

    id: int
    request_id: int
    member_id: int
    wave: int
    status: OfferStatus
    reason: str
    """Why this person: a word of `matching.Why`."""
    created_at: datetime
    answered_at: datetime | None = None

    def __post_init__(self) -> None:
        aware(self.created_at, "created_at")
        aware(self.answered_at, "answered_at")


@dataclass(frozen=True, slots=True)
class Waves:
    """What came of a group's waves of one size."""

    size: int
    """How many were asked in each."""
    sent: int
    heard: int
    """In how many of them somebody said yes."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody going to somebody."""

    id: int
    request_id: int
    helper_id: int
    asker_id: int
    status: VisitStatus
    code_word: str
    due_at: datetime
    """When it should be happening, as near as was said."""
    created_at: datetime
    remind_eve_at: datetime | None = None
    """When the helper is to be reminded on the evening before; empty once that is done, as are the
    next two."""
    remind_at: datetime | None = None
    """When the helper is to be reminded shortly before."""
    remind_asker_at: datetime | None = None
    """When the asker is to be told once more."""
    over_at: datetime | None = None
    """When it ended, however it did."""
    relay_off: bool = False
    """One of the two wants no more words of the other's."""

    def __post_init__(self) -> None:
        moments = ("due_at", "created_at", "remind_eve_at", "remind_at", "remind_asker_at")
        for name in (*moments, "over_at"):
            aware(getattr(self, name), name)


@dataclass(frozen=True, slots=True)
class Outlay:
    """What a helper lays out for an asker in one visit. Amounts are in pence."""

    id: int
    visit_id: int
    status: OutlayStatus
    agreed: int | None = None
    """The most that it may be; 0: no money is needed."""
    spent: int | None = None
    asker_says: bool | None = None
    """Whether they have paid it back; none until they have said."""
    helper_says: bool | None = None
    """Whether they have had it back."""
    tell_at: datetime | None = None
    """When organisers hear that it is not settled; empty before the visit, and once they have."""

    def __post_init__(self) -> None:
        aware(self.tell_at, "tell_at")


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Somebody's wish to be asked, on some days at some hour, whether all is well."""

    id: int
    community_id: int
    member_id: int
    status: CheckInStatus
    created_at: datetime
    days: frozenset[int] = frozenset()
    """Weekdays, Monday being 0; none until they have been said."""
    hour: time | None = None
    """By the group's own clocks."""
    next_day: date | None = None
    """The day of the next one, on the group's own calendar."""
    away_from: date | None = None
    away_until: date | None = None
    """The first day on which they want to be asked again."""
    set_up_by: int | None = None
    """The organiser who suggested it."""
    code: str = ""
    """What was sent to their own number, to come back from there. Sealed at rest."""
    misses: int = 0
    """Times in a row that the bot did not follow while this was being set up."""
    chase_at: datetime | None = None
    """When organisers hear that it was left half-made; empty once they have."""

    def __post_init__(self) -> None:
        aware(self.created_at, "created_at")
        aware(self.chase_at, "chase_at")


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to be told when a check-in goes unanswered."""

    id: int
    check_in_id: int
    member_id: int
    status: ContactStatus
    created_at: datetime
    answer_by: datetime | None = None
    """By when they are to have said; empty once they have, or organisers know that they have
    not."""

    def __post_init__(self) -> None:
        aware(self.created_at, "created_at")
        aware(self.answer_by, "answer_by")


@dataclass(frozen=True, slots=True)
class Occasion:
    """One day's check-in and the alarm that may come of it; or an emergency by itself."""

    id: int
    check_in_id: int | None
    """None: an emergency that came of no check-in."""
    member_id: int
    """Whom it is about."""
    day: date
    status: OccasionStatus
    due_at: datetime
    """When it was to be asked."""
    reason: str = ""
    """Why there is an alarm: a word of `rules.checkins.Reason`."""
    step: int = 0
    """Times asked so far; in an alarm, times that somebody was told."""
    next_at: datetime | None = None
    """When the next step is due."""
    taken_by: int | None = None
    words: str = ""
    """What they wrote, in an emergency. Sealed at rest."""
    outcome: str = ""
    """How they were found, in the words of who saw to it. Sealed at rest."""

    def __post_init__(self) -> None:
        aware(self.due_at, "due_at")
        aware(self.next_at, "next_at")


@dataclass(frozen=True, slots=True)
class Choice:
    """One fixed answer to a question."""

    key: str
    """What the handler gets back."""
    label: str
    """The words on the button."""
    number: int = 0
    """What to reply by text; 0 until the question has been put."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something a person has been asked and may answer, now or late."""

    id: int
    token: str
    """What its buttons carry: opaque, and worth nothing in another person's hands."""
    kind: str
    """Which handler gets the answer."""
    member_id: int | None
    """Whose answer counts; none for a card in a street group, where any helper's does."""
    chat: str
    """The chat it was put in."""
    ref: int | None
    """The request, offer or visit it is about."""
    choices: tuple[Choice, ...]
    asked_at: datetime
    answered_at: datetime | None = None
    outbox_id: int | None = None
    heard: str = ""
    """What was said that led to it, where that is needed again. Sealed at rest."""

    def __post_init__(self) -> None:
        aware(self.asked_at, "asked_at")
        aware(self.answered_at, "answered_at")


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One thing that came in, whatever the channel."""

    channel: Channel
    provider_id: str
    """The provider's own id for it, by which a repeat is known."""
    chat: str
    """Where to answer: a phone number, or a chat id."""
    sender: str
    """Who it is from; the same as `chat` but in a group chat."""
    kind: InboundKind
    text: str = ""
    button: str = ""
    """`token:index` of the button pressed."""
    answers: str = ""
    """The provider's id of the button press, to be answered with a toast."""
    latitude: float | None = None
    longitude: float | None = None
    in_group: bool = False
    replies_to: str = ""
    """The provider's id of the message that it was written under, where the channel says."""
    name: str = ""
    """What the channel says their first name is."""
    language: str = ""
    """What the channel says their language is."""
    masked: str = ""
    """What was taken out of the text before anybody kept it: `card` or `pin`."""


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One thing to go out."""

    id: int
    channel: Channel
    chat: str
    kind: OutboundKind
    priority: Priority
    text: str
    created_at: datetime
    buttons: tuple[tuple[str, str], ...] = ()
    """(`token:index`, label) in order."""
    edits: str = ""
    """The provider's id of the message to edit."""
    answers: str = ""
    quiet: bool = False
    """Arrive without a sound, where the channel can."""
    wakes: bool = False
    """May go in the quiet hours: an answer to somebody writing now, or an emergency."""
    ask_location: bool = False
    """Show the channel's own button for sharing a place, where it has one."""
    community_id: int | None = None
    member_id: int | None = None
    attempts: int = 0
    status: SendStatus = SendStatus.QUEUED
    provider_id: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    """What depends on its arrival, for when it does not: `{"kind": "offer", "ref": 7}`."""


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What a provider says became of a message."""

    channel: Channel
    provider_id: str
    status: SendStatus
    code: str = ""
    """The provider's error code, if it failed."""
    outbox_id: int | None = None
    """Our own id, where the callback carries it."""


Where = Mapping[str, tuple[str, ...] | bool | int]
"""Which rows of a table: a column and the words that it may hold, whether it is filled in at all,
or the number that it is below."""


@dataclass(frozen=True, slots=True)
class Due:
    """A moment at which something is to happen."""

    id: int
    kind: DueKind
    ref: int
    at: datetime
    attempts: int = 0

    def __post_init__(self) -> None:
        aware(self.at, "at")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that a postcode, a sector, a district or a shared location stands for."""

    latitude: float
    longitude: float
    cell: int
    """H3 cell, resolution 9."""
    area: str
    """The sector or district: shared by many, so fit to be shown."""
    exact: bool = True
    """False where only a sector or a district was given."""
