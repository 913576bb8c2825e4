"""What a handler is given, and what it may do with it.

A `Turn` is one inbound message, or one moment that came, inside one transaction. Everything it says
is written to the outbox in that same transaction: it goes out if and only if the rest happened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from handlers import seen
from handlers.rules import timing
from handlers.rules.guards import InboundLimits
from handlers.rules.privacy import Field, Moment
from handlers.rules.rota_once import on_at
from handlers.rules.segments import segments
from handlers.rules.understanding_language import certain_language
from handlers.rules.understanding_when import named_in
from handlers.rules.understanding_words import plain
from handlers.wording import Wording, capital
from storage import audit, due, groups, members, messages, questions, rota
from storage.database import Transaction
from storage.model import (
    KEEPERS,
    Address,
    Channel,
    Choice,
    Community,
    DueKind,
    HelpRequest,
    InboundMessage,
    Member,
    OutboundKind,
    OutboundMessage,
    Place,
    Priority,
    Question,
    Role,
    SendStatus,
)

MOST_SEGMENTS = 2
"""Parts that a text may cost."""

APART = {"offer": timedelta(hours=3)}
"""For so long the numbers of a question that is over are not given to one of these kinds: a "1"
that comes late, or twice, for something else must never say yes to an address."""

LEAVES_WITHIN = timedelta(minutes=5)
"""A text may wait so long for those before it; then it may have become night. Ours: one second a
part, and a wave or two of offers."""

Choices = Sequence[str | tuple[str, str]]
"""Answers to offer, the accepting one first: the name of a catalogue entry (`choice.NAME`), or a
key and a label of its own (somebody's name)."""


class Atlas(Protocol):
    """Finds places."""

    async def find(self, tx: Transaction, text: str) -> tuple[str, Place] | None:
        """The postcode meant by a text, put right, and where it is; or none."""
        ...

    def possible(self, text: str) -> str | None:
        """The postcode that a text looks like, whether or not there is one."""
        ...


@dataclass
class Desk:
    """What is the same for every turn."""

    wording: Wording
    atlas: Atlas
    chance: random.Random = field(default_factory=random.SystemRandom)
    can: Mapping[Channel, frozenset[OutboundKind]] = field(default_factory=dict)
    """What each channel is able to send."""
    price_per_segment: float | None = None
    """Pence for a part of a text; none where nobody has said."""
    rates: Mapping[Channel, float] = field(default_factory=dict)
    """What each may send a second: messages or, of texts, parts."""
    limits: InboundLimits = field(default_factory=InboundLimits)
    """What people may take of us."""
    keep_words: timedelta = timedelta(days=7)
    """How long what was said in messages is kept."""
    telegram_name: str = ""
    """The bot's name on Telegram, for links; empty where it is not used."""
    number: str = ""
    """The number to text; empty where there is none."""
    vouched: frozenset[Channel] = frozenset()
    """The channels whose provider vouches for who wrote."""

    def has_buttons(self, channel: Channel) -> bool:
        # A channel with buttons is one that can answer the press of one.
        return OutboundKind.TOAST in self.can.get(channel, ())


@dataclass(frozen=True, slots=True)
class Ask:
    """What one of several is asked."""

    to: Member
    entry: str
    """The words' name in the catalogue."""
    ref: int | None
    """What it is about; given to the handler of its answer."""
    params: dict[str, Any]


@dataclass
class Turn:
    """One thing that came in or came due, and everything a handler may do about it."""

    desk: Desk
    tx: Transaction
    now: datetime
    community: Community
    member: Member | None = None
    """Who wrote; none when it is a moment that came, or a stranger in a group chat."""
    message: InboundMessage | None = None

    @property
    def sender(self) -> Member:
        """Who wrote, in a turn where somebody did."""
        assert self.member is not None
        return self.member

    @property
    def today(self) -> date:
        """The day on the group's own calendar."""
        return timing.local(self.now, self.community).date()

    @property
    def words(self) -> str:
        """What they wrote."""
        return self.message.text.strip() if self.message else ""

    # Words

    def said(self, name: str) -> bool:
        """Whether the message is one of the fixed words for that, in any language."""
        return self._alone in self.desk.wording.fixed[name]

    def says_a_keyword(self) -> bool:
        """Whether the message is any of the fixed words, and nothing besides."""
        return any(self._alone in words for words in self.desk.wording.fixed.values())

    @property
    def _alone(self) -> str:
        """The message as it is one of the fixed words, if it is one."""
        return self.words.lower().strip(" .!?").removeprefix("/")

    def text(self, language: str, entry: str, /, **params: Any) -> str:
        """Words from the catalogue, or the group's own; `{group}` is always known."""
        own = self.community.texts.get(f"{language}:{entry}")
        return self.desk.wording.text(language, entry, own, group=self.community.name, **params)

    def gist(self, request: HelpRequest, language: str) -> str:
        """What is wanted, in words that give nobody away."""
        return self.gists((request,), language)

    def gists(self, several: Sequence[HelpRequest], language: str) -> str:
        """What is wanted in all of these, the first asked first."""
        wording = self.desk.wording
        found: list[str] = []
        for request in sorted(several, key=lambda r: r.id):
            own = certain_language(request.words, 3) or language
            found += wording.gist_of_each(language, request, (*self.community.languages, own))
        return wording.joined(language, list(dict.fromkeys(found)))

    def when(self, request: HelpRequest, reader: Member | str) -> str:
        """When it is wanted, to a person, or in a language to whoever is told."""
        language, named = self._reads(reader)
        return self.desk.wording.when(language, request, self.now, self.community, named=named)

    def by(self, moment: datetime, reader: Member | str) -> str:
        """A moment as it is said, to a person, or in a language to whoever is told."""
        language, named = self._reads(reader)
        # Of an hour of this night only those hear who hear at once.
        tonight = self.now <= moment < timing.not_quiet(self.now, self.community)
        return self.desk.wording.by(
            language, moment, self.now, self.community, named=named and not tonight
        )

    def day(self, day: date, reader: Member | str, *, whole: bool = False) -> str:
        """A day as it is said, to a person, or in a language to whoever is told."""
        language, named = self._reads(reader)
        return self.desk.wording.day(language, day, self.today, whole=whole, named=named)

    def _reads(self, reader: Member | str) -> tuple[str, bool]:
        """The language, and whether the day must be named: "tomorrow", held over the night, would
        be read on the wrong day. Who wrote just now is answered at once, and reads it today."""
        if isinstance(reader, Member):
            if self.message is not None and self.member is not None and reader.id == self.member.id:
                return reader.language, False
            reader = reader.language
        leaves = timing.not_quiet(self.now + LEAVES_WITHIN, self.community)
        return reader, timing.local(leaves, self.community).date() != self.today

    # Saying

    async def _for(
        self, to: Member, entry: str, params: dict[str, Any]
    ) -> tuple[str, list[seen.Private]]:
        """The words as this person may read them, and what is to be noted as seen by them. What
        they may not see is a dash from here on, in `params` too."""
        words = self.text(to.language, entry, **params)
        own = seen.privates(params)
        for name, private in own.items():
            if private.of == to.id or private not in words:
                continue
            if not await seen.may_see(self.tx, self.now, self.community.id, to, private):
                params[name] = seen.WITHHELD
                await self.note(
                    "withheld", "member", private.of, to=to.id, field=private.field.value
                )
        words = self.text(to.language, entry, **params)
        others = [one for one in seen.privates(params).values() if one.of != to.id]
        return words, seen.looked_at(others, words)

    async def _note_seen(
        self,
        to: Member,
        noted: list[seen.Private],
        outbox_id: int | None,
        about: dict[str, Any] | None,
    ) -> None:
        """Each look at an address or a phone number is in the audit log."""
        if outbox_id is None:
            return
        for one in noted:
            action = "address_shown" if one.field is Field.HOME else "phone_shown"
            await self.note(action, "member", one.of, to=to.id, about=about or {})

    async def save(self, member: Member, **changes: Any) -> Member:
        """Keep a member with these changes; the turn goes on with them as they are now."""
        changed = await members.save(self.tx, replace(member, **changes))
        if self.member and self.member.id == changed.id:
            self.member = changed
        return changed

    async def reply(self, entry: str, /, **params: Any) -> int | None:
        """Say something to who wrote."""
        return await self.say(self.sender, entry, **params)

    async def say(
        self,
        to: Member,
        entry: str,
        /,
        *,
        priority: Priority = Priority.REPLY,
        about: dict[str, Any] | None = None,
        wakes: bool | None = None,
        quiet: bool = False,
        at: Address | None = None,
        **params: Any,
    ) -> int | None:
        """Queue words for somebody; the outbox id, or none if nothing reaches them.

        In the quiet hours it waits, unless it `wakes` (by default: it answers who wrote just now).
        `at`: at this address of theirs, wherever else they are.
        """
        words, noted = await self._for(to, entry, params)
        outbox_id = await self._post(
            to,
            words,
            address=at,
            priority=priority,
            about=about,
            wakes=wakes,
            quiet=quiet,
        )
        await self._note_seen(to, noted, outbox_id, about)
        return outbox_id

    async def ask(
        self,
        to: Member,
        entry: str,
        kind: str,
        ref: int | None,
        choices: Choices = (),
        /,
        *,
        priority: Priority = Priority.REPLY,
        about: dict[str, Any] | None = None,
        wakes: bool | None = None,
        quiet: bool = False,
        ask_location: bool = False,
        shorten: str = "",
        heard: str = "",
        **params: Any,
    ) -> Question | None:
        """Put a question to somebody: buttons where the channel has them, else numbers to reply
        with. The answer reaches the handler for `kind`, with `ref` and `heard`, however late it
        comes.
        `shorten` names the parameter to cut where a text would cost more than two parts."""
        put = await self.ask_all(
            kind,
            choices,
            [Ask(to, entry, ref, params)],
            priority=priority,
            about=about,
            wakes=wakes,
            quiet=quiet,
            ask_location=ask_location,
            shorten=shorten,
            heard=heard,
        )
        return put[0] if put else None

    async def ask_all(
        self,
        kind: str,
        choices: Choices,
        several: Sequence[Ask],
        *,
        priority: Priority = Priority.REPLY,
        about: dict[str, Any] | None = None,
        wakes: bool | None = None,
        quiet: bool = False,
        ask_location: bool = False,
        shorten: str = "",
        heard: str = "",
    ) -> list[Question]:
        """Put questions of one kind to several people, as `ask` does, with as many statements for a
        dozen as for one. Whom nothing reaches is left out."""
        addresses = await self._addresses([one.to for one in several])
        several = [one for one in several if one.to.id in addresses]
        asked = [
            questions.Asked(
                kind=kind,
                member_id=one.to.id,
                to=addresses[one.to.id],
                ref=one.ref,
                choices=[self._choice(one.to.language, choice) for choice in choices],
                heard=heard,
                apart=timedelta(0)
                if self.desk.has_buttons(addresses[one.to.id].channel)
                else APART.get(kind, timedelta(0)),
            )
            for one in several
        ]
        numbered = await questions.numbered(self.tx, asked, self.now)
        messages_, seen_by = [], []
        for one, question in zip(several, numbered, strict=True):
            words, buttons, noted = await self._question(
                one, question, addresses[one.to.id], shorten, ask_location=ask_location
            )
            said_of = about or {"kind": kind, "ref": one.ref}
            seen_by.append((one.to, noted, said_of))
            messages_.append(
                self._message(
                    one.to,
                    words,
                    addresses[one.to.id],
                    buttons=buttons,
                    priority=priority,
                    about=said_of,
                    wakes=wakes,
                    quiet=quiet,
                    ask_location=ask_location and bool(buttons),
                )
            )
        outbox_ids = await messages.queue_all(
            self.tx, [(message, self.at_once_or_by_day(message)) for message in messages_]
        )
        for (to, noted, said_of), outbox_id in zip(seen_by, outbox_ids, strict=True):
            await self._note_seen(to, noted, outbox_id, said_of)
        return await questions.keep(self.tx, list(zip(asked, numbered, outbox_ids, strict=True)))

    async def _question(
        self, one: Ask, question: Question, address: Address, shorten: str, *, ask_location: bool
    ) -> tuple[str, tuple[tuple[str, str], ...], list[seen.Private]]:
        """The words of a question with its buttons, or with the numbers to reply with; and what is
        to be noted as seen."""
        to, params = one.to, dict(one.params)
        words, noted = await self._for(to, one.entry, params)
        if self.desk.has_buttons(address.channel):
            if ask_location:
                return words, (("location", self.text(to.language, "choice.location")),), noted
            return words, buttons_of(question), noted
        numbers = self.numbers(to.language, question.choices) if question.choices else ""
        words = f"{words} {numbers}".strip()
        while segments(words) > MOST_SEGMENTS and params.get(shorten, "...") != "...":
            params[shorten] = cut(params[shorten])
            words = f"{self.text(to.language, one.entry, **params)} {numbers}".strip()
        return words, (), noted

    async def ask_again(self, question: Question, entry: str, /, **params: Any) -> None:
        """Put a question that is still open to who wrote once more, with other words before it."""
        await questions.answered(self.tx, question.id, self.now)
        choices = [(choice.key, choice.label) for choice in question.choices]
        heard = question.heard
        await self.ask(
            self.sender, entry, question.kind, question.ref, choices, heard=heard, **params
        )

    async def card(
        self, chat: Address, entry: str, kind: str, ref: int, choices: Choices, /, **params: Any
    ) -> None:
        """Put a question to a whole group chat, in the group's first language."""
        language = self.community.languages[0]
        asked = questions.Asked(
            kind, None, chat, ref, [self._choice(language, choice) for choice in choices]
        )
        (question,) = await questions.numbered(self.tx, [asked], self.now)
        outbox_id = await self._queue(
            OutboundMessage(
                id=0,
                channel=chat.channel,
                chat=chat.value,
                kind=OutboundKind.TEXT,
                priority=Priority.OFFER,
                text=self.text(language, entry, **params),
                created_at=self.now,
                buttons=buttons_of(question),
                community_id=self.community.id,
                about={"kind": kind, "ref": ref},
            )
        )
        await questions.keep(self.tx, [(asked, question, outbox_id)])

    async def say_in(self, chat: Address, entry: str, /, **params: Any) -> None:
        """Say something in a group chat."""
        await self._queue(
            OutboundMessage(
                id=0,
                channel=chat.channel,
                chat=chat.value,
                kind=OutboundKind.TEXT,
                priority=Priority.REPLY,
                text=self.text(self.community.languages[0], entry, **params),
                created_at=self.now,
                community_id=self.community.id,
                wakes=True,
            )
        )

    async def toast(self, entry: str = "", /, **params: Any) -> None:
        """Answer a button with a small notice, so that it stops turning; or with nothing."""
        if not self.message or not self.message.answers:
            return
        language = self.member.language if self.member else self.community.languages[0]
        await self._queue(
            OutboundMessage(
                id=0,
                channel=self.message.channel,
                chat=self.message.sender,
                kind=OutboundKind.TOAST,
                priority=Priority.REPLY,
                text=self.text(language, entry, **params) if entry else "",
                created_at=self.now,
                answers=self.message.answers,
                community_id=self.community.id,
                wakes=True,
            )
        )
        # One press, one answer: what comes later in the turn says nothing more.
        self.message = replace(self.message, answers="")

    async def edit(
        self, question: Question, entry: str, /, *, keep: bool = False, **params: Any
    ) -> None:
        """Replace the words of an earlier question, buttons and all, where the channel can. One
        that has not gone yet is taken back instead. `keep`: the question is still open, and keeps
        its buttons; one that has not gone yet goes as it is."""
        await self.edit_all([(question, entry)], keep=keep, **params)

    async def edit_all(
        self, several: Sequence[tuple[Question, str]], /, *, keep: bool = False, **params: Any
    ) -> None:
        """The same for each of these, by the words of that name."""
        originals = await messages.several(self.tx, [q.outbox_id for q, _ in several])
        changed = []
        for question, entry in several:
            original = originals.get(question.outbox_id)
            if original is None or (
                original.status is SendStatus.QUEUED
                and (keep or await messages.withdraw(self.tx, original.id))
            ):
                continue
            if OutboundKind.EDIT in self.desk.can.get(original.channel, ()):
                changed.append((question, entry, original))
        whose = {q.member_id for q, _, _ in changed if q.member_id is not None}
        speaks = {one.id: one.language for one in await members.several(self.tx, whose)}
        edits = [
            OutboundMessage(
                id=0,
                channel=original.channel,
                chat=original.chat or question.chat,
                kind=OutboundKind.EDIT,
                priority=Priority.REPLY,
                text=self.text(
                    speaks.get(question.member_id or 0, self.community.languages[0]),
                    entry,
                    **params,
                ),
                created_at=self.now,
                buttons=buttons_of(question) if keep else (),
                community_id=self.community.id,
                member_id=question.member_id,
                wakes=True,
            )
            for question, entry, original in changed
        ]
        await messages.queue_all(
            self.tx,
            [(edit, self.now) for edit in edits],
            edits=[original.id for _, _, original in changed],
        )

    async def show_commands(self, member: Member, address: Address) -> None:
        """Give a person's chat the list of commands that go with their roles."""
        names = ["start", "help"]
        if member.is_a(Role.HELPER):
            names += ["pause", "hours", "onduty", "offduty"]
        if member.is_a(Role.ORGANISER):
            names += ["open", "waiting", "broadcast", "replies", "duty", "note", "texts", "more"]
        if member.roles & KEEPERS:
            names += ["worries"]
        described = [[name, self.text(member.language, f"command.{name}")] for name in names]
        if OutboundKind.COMMANDS in self.desk.can.get(address.channel, ()):
            await self._queue(
                OutboundMessage(
                    id=0,
                    channel=address.channel,
                    chat=address.value,
                    kind=OutboundKind.COMMANDS,
                    priority=Priority.REMINDER,
                    text="",
                    created_at=self.now,
                    community_id=self.community.id,
                    member_id=member.id,
                    about={"commands": described},
                    wakes=True,
                )
            )

    # Organisers

    async def by_text(self, member: Member) -> bool:
        """Whether what goes to somebody is a text, which costs by its parts."""
        address = await members.reach(self.tx, member.id)
        return address is None or not self.desk.has_buttons(address.channel)

    async def organisers(self) -> list[Member]:
        """Those who look after the group, and can be reached."""
        found = await members.with_role(self.tx, self.community.id, Role.ORGANISER)
        return [one for one in found if one.stopped_at is None and not one.unreachable]

    async def on_duty(self) -> list[Member]:
        """Those of them who hold the phone now: who took over by word, else who the rota names."""
        return await self._on_duty(await self.organisers())

    async def _on_duty(self, there: Sequence[Member]) -> list[Member]:
        """Those of these organisers."""
        stands_in = await rota.stand_in(self.tx, self.community.id, self.now)
        if stands_in is not None:
            return [one for one in there if one.id == stands_in]
        week = await rota.shifts_of(self.tx, self.community.id)
        dates = await rota.dated_of(self.tx, self.community.id)
        on = on_at(self.now, week, dates, self.community)
        return [one for one in there if one.id in on]

    async def organiser_name(self, to: Member) -> str:
        """What to call whoever looks after things, to this person: a first name, or a general
        word. Nobody is told that they themselves will see to it."""
        there = await self.organisers()
        found = [*await self._on_duty(there), *there]
        found = [one for one in found if one.id != to.id]
        if found and found[0].name:
            return first_name(found[0])
        return self.text(to.language, "an_organiser")

    def who(self, member: Member, moment: Moment = Moment.NONE) -> Callable[[str], str]:
        """How an organiser is told who it is: by the whole name, or that there is none yet."""

        def said(language: str) -> str:
            if member.name:
                return seen.Private(member.name, Field.WHOLE_NAME, member.id, moment)
            return self.text(language, "somebody_new")

        return said

    async def phone_of(self, member: Member, moment: Moment = Moment.NONE) -> Callable[[str], str]:
        """A number by which an organiser can ring somebody, or where they wrote from."""
        known = await members.all_addresses(self.tx, member.id)
        phone = next((address.value for address in known if address.value.startswith("+")), "")

        def said(language: str) -> str:
            if phone:
                return seen.Private(phone, Field.PHONE, member.id, moment)
            return self.text(language, "on_telegram")

        return said

    def home_of(self, member: Member, moment: Moment = Moment.NONE) -> str:
        """The whole address by which somebody is found, or a dash; `moment`: why it is told to an
        organiser."""
        # Somebody who shared their place instead of an address has only words to go by.
        postcode = member.postcode if member.postcode not in member.home else ""
        whole = ", ".join(filter(None, (member.home, postcode)))
        return seen.Private(whole, Field.HOME, member.id, moment) if whole else "-"

    async def tell_organisers(
        self,
        entry: str,
        kind: str = "",
        ref: int | None = None,
        choices: Choices = (),
        /,
        *,
        but: int | None = None,
        priority: Priority = Priority.REPLY,
        about: dict[str, Any] | None = None,
        wakes: bool | None = None,
        quiet: bool = False,
        everybody: bool = False,
        **params: Any,
    ) -> int:
        """Tell organisers something, and put a question with it where there is one to settle: those
        on duty, or where there are none, or none could be told, or `everybody` is to know, all.
        A parameter may be a function of the language. How many were told; none is noted in the
        audit, where `popround check` finds it."""
        told = 0
        if priority is Priority.EMERGENCY:
            wakes = True
        there = await self.organisers()
        on_duty = [] if everybody else [one.id for one in await self._on_duty(there)]
        # A stable order: those on duty come first.
        for organiser in sorted(there, key=lambda one: one.id not in on_duty):
            if organiser.id == but:
                continue
            if told and on_duty and organiser.id not in on_duty:
                break
            filled = {
                key: value(organiser.language) if callable(value) else value
                for key, value in params.items()
            }
            if choices:
                put = await self.ask(
                    organiser,
                    entry,
                    kind,
                    ref,
                    choices,
                    priority=priority,
                    about=about,
                    wakes=wakes,
                    quiet=quiet,
                    **filled,
                )
                told += put is not None
            else:
                said = await self.say(
                    organiser,
                    entry,
                    priority=priority,
                    about=about,
                    wakes=wakes,
                    quiet=quiet,
                    **filled,
                )
                told += said is not None
        if not told and but is None:
            await self.note("nobody_to_tell", "community", self.community.id)
        return told

    def quoted(
        self, words: str, said_at: datetime | None = None, most: int | None = None
    ) -> Callable[[str], str]:
        """What somebody wrote, then or in this turn, as it is quoted to whoever is told, by
        language. Where it names a day, and is read on another than it was said on, it says on
        which: "tomorrow" in what is held over the night is today."""
        most = most or QUOTED
        said_on = timing.local(said_at or self.now, self.community).date()
        leaves = timing.not_quiet(self.now + LEAVES_WITHIN, self.community)
        late = timing.local(leaves, self.community).date() != said_on
        if not late or next(named_in(plain(words), said_on), None) is None:
            return lambda _: one_line(words, most)

        def dated(language: str) -> str:
            day = self.desk.wording.day(language, said_on, self.today, whole=True, named=True)
            return one_line(self.text(language, "quoted.on", day=day, words=words), most)

        return dated

    async def pass_on(self, entry: str) -> None:
        """Give organisers the words of who wrote (`entry` + ".told"), and say so (`entry`); or,
        where nobody could be told, what is true then (`entry` + ".alone")."""
        me = self.sender
        told = await self.tell_organisers(
            f"{entry}.told",
            but=me.id,
            who=self.who(me),
            phone=await self.phone_of(me),
            words=self.quoted(self.words),
        )
        await self.reply(
            entry if told else f"{entry}.alone",
            name=first_name(me),
            organiser=await self.organiser_name(me),
        )

    # Time and record

    async def later(self, kind: DueKind, ref: int, at: datetime) -> None:
        """Let something happen at that moment."""
        await due.at(self.tx, kind, ref, at)

    async def never_mind(self, ref: int, *kinds: DueKind) -> None:
        await due.never_mind(self.tx, ref, *kinds)

    async def note(self, action: str, subject: str, ident: int | None, **detail: Any) -> None:
        """Write a line in the audit log."""
        await audit.note(
            self.tx,
            self.now,
            action,
            subject,
            ident,
            community_id=self.community.id,
            actor_id=self.member.id if self.member else None,
            **detail,
        )

    async def move_to(self, community_id: int) -> None:
        """From here on the turn is about another group."""
        found = await groups.get(self.tx, community_id)
        assert found
        self.community = found

    # Inside

    async def _address(self, to: Member) -> Address | None:
        return (await self._addresses([to])).get(to.id)

    async def _addresses(self, several: Sequence[Member]) -> dict[int, Address]:
        """Where each of these is written to; who can't be is not in it."""
        found: dict[int, Address] = {}
        elsewhere = []
        for to in several:
            if self.message and self.member and self.member.id == to.id:
                # Whoever writes is answered where they wrote, even after STOP: once, and nothing
                # more. A button in a group chat is answered in private.
                found[to.id] = Address(self.message.channel, self.message.sender)
            elif to.stopped_at is None and not to.unreachable:
                elsewhere.append(to.id)
        if elsewhere:
            found |= await members.reach_each(self.tx, elsewhere)
        return found

    async def _post(
        self, to: Member, words: str, *, address: Address | None = None, **more: Any
    ) -> int | None:
        address = address or await self._address(to)
        if address is None:
            return None
        return await self._queue(self._message(to, words, address, **more))

    def _message(
        self,
        to: Member,
        words: str,
        address: Address,
        *,
        buttons: tuple[tuple[str, str], ...] = (),
        priority: Priority,
        about: dict[str, Any] | None,
        wakes: bool | None,
        quiet: bool,
        ask_location: bool = False,
    ) -> OutboundMessage:
        answers_them = self.message is not None and self.member is not None
        if wakes is None:
            wakes = (answers_them and to.id == self.sender.id) or priority is Priority.EMERGENCY
        return OutboundMessage(
            id=0,
            channel=address.channel,
            chat=address.value,
            kind=OutboundKind.TEXT,
            priority=priority,
            text=words,
            created_at=self.now,
            buttons=buttons,
            quiet=quiet,
            wakes=wakes,
            ask_location=ask_location,
            community_id=self.community.id,
            member_id=to.id,
            about=about or {},
        )

    async def _queue(self, message: OutboundMessage) -> int:
        return await messages.queue(self.tx, message, at=self.at_once_or_by_day(message))

    def at_once_or_by_day(self, message: OutboundMessage) -> datetime:
        """When a message may go."""
        return self.now if message.wakes else timing.not_quiet(self.now, self.community)

    def _choice(self, language: str, choice: str | tuple[str, str]) -> Choice:
        if isinstance(choice, tuple):
            return Choice(*choice)
        name = f"choice.{choice}"
        if self.desk.wording.has(name):
            return Choice(choice, self.text(language, name))
        return Choice(choice, capital(self.text(language, f"{name}.sms")))

    def numbers(self, language: str, choices: Sequence[Choice]) -> str:
        """How to answer by text: "Reply 1 for yes, 2 for no."."""
        phrases = []
        for choice in choices:
            by_text = f"choice.{choice.key}.sms"
            known = self.desk.wording.has(by_text)
            phrase = self.text(language, by_text) if known else choice.label
            phrases.append(self.text(language, "reply.choice", number=choice.number, phrase=phrase))
        return self.text(language, "reply", choices=", ".join(phrases))


def buttons_of(question: Question) -> tuple[tuple[str, str], ...]:
    """A question's answers, as a message carries them."""
    return tuple(
        (f"{question.token}:{place}", choice.label) for place, choice in enumerate(question.choices)
    )


QUOTED = 100
"""Characters of somebody's words that organisers are shown: a text stays within two parts."""


def one_line(words: str, most: int = 200) -> str:
    """What somebody wrote, to be quoted: on one line, not endless, and without the curly marks that
    phones put in by themselves and that would make a text cost double."""
    line = " ".join(words.translate(_MARKS).split())
    return (line if len(line) <= most else line[: most - 3].rstrip() + "...") or "-"


_MARKS = str.maketrans(
    {"‘": "'", "’": "'", "“": "'", "”": "'", '"': "'", "–": "-", "—": "-", "…": "."}
)


def cut(words: str) -> str:
    """Some words fewer, and dots for them."""
    kept = words.removesuffix("...").split()[:-2]
    return " ".join(kept) + "..."


def first_name(member: Member) -> str:
    """What to call somebody: their first name, or the whole where it starts with a title."""
    parts = member.name.split()
    if not parts:
        return ""
    titled = parts[0].rstrip(".").lower() in _TITLES and len(parts) > 1
    return " ".join(parts) if titled else parts[0]


_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "rev", "revd", "sir", "lady", "father"})
