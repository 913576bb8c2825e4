"""Plays a conversation script: plain text in, the same text with what was really said out.

A script holds what people do (`>`), when (`at`), and what they then see (`<` a message, `~` a
message that changed, `!` a small notice). The number behind `<` is the segments that a text costs
(`x` if it is lost on the way, `*` if the provider itself sent it).
Playing a script writes it anew from what happened; a script that is true comes out as it went in,
to the letter, and nobody can have heard anything that is not written there.

    group  Marsden Neighbours  HD7                a group (this one is there if none is named);
                                                  `note at 08:00`: with a daily note;
                                                  `timezone:Europe/Rome`; `languages:en;cy`;
                                                  `cap 10`: so many parts of texts a day;
                                                  `money 30`: so many pounds for shopping, of
                                                  which nothing is said otherwise;
                                                  `vetting company=enhanced;lift=basic`
    set    person_per_minute  6                   a setting of the bot
    given  rosa  sms  HD7 5AB                     a member; more: see `Cast.given`
    given  jo  telegram  new                      somebody the bot has never heard of
    street mill  sam, ben                         a Telegram group chat
    at     Tue 10:00                              a moment of the week of Monday 2 November 2026
    rosa > i need some milk please                a text, or a Telegram message
    sam  > [I'll do it]                           the latest button of that name
    sam  > mill [I'll do it]                      the same, in a group chat
    sam  > mill (adds the bot)                    also (removes the bot), (becomes a supergroup)
    jo   > (shares HD7 5AB)                       also (photo), (voice), (sticker), (blocks), …
    sam  > (replies) thanks                       under the bot's latest message to them
    invite organiser  Marsden Neighbours          a code, for `{code}` in what somebody writes
                                                  (which is also the latest that somebody was sent);
                                                  `{number}`: the six figures said last; `{shown}`:
                                                  the four figures
    checkin rosa  every day at 9am  jean, peter   check-ins that are set up, and their contacts
    undeliverable sam 30005                       their texts fail; `deliverable sam` ends it
    nobody hears anything                         since the line before

After every script the promises of `promises.py` are checked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from bot.demo.pretend_server import Event
from handlers.rules.checkins import next_after, schedule_in
from handlers.rules.segments import segments
from handlers.rules.understanding_words import plain
from handlers.rules.vetting import next_look
from storage import checkins, due, groups, hours, members, places
from storage.model import (
    NEIGHBOURLY,
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    Community,
    ContactStatus,
    DueKind,
    Member,
    Need,
    Role,
    Standing,
    Vetting,
)
from tests.conversations.promises import BrokenPromiseError, Witness, broken
from tests.stage import TOKEN, Stage, stage

BOT = int(TOKEN.split(":")[0])
LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 11, 2)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CODE = re.compile(r"\b[A-Z2-9]{5}-[A-Z2-9]{5}\b")
SEEN = re.compile(r"^\S+\s+(<|~|!)")
LINE = re.compile(r"^(\S+)\s+>\s?(.*)$")


class ScriptError(Exception):
    """A script that can't be played."""


@patch("bot.sender.LEASE_SECONDS", 86400.0)  # nobody else is there who could send
async def play(text: str, database_url: str) -> str:
    """The script as it really went.

    Raises:
        ScriptError: naming the line that can't be played.
        BrokenPromiseError: if it went against what holds for every conversation.
    """
    lines = text.splitlines()
    communities = [_community(line) for line in lines if line.startswith("group ")]
    settings = dict(re.split(r"\s{2,}", line)[1:3] for line in lines if line.startswith("set "))
    start = datetime.combine(MONDAY, time(8), LONDON).astimezone(UTC)
    first = next((line for line in lines if line.startswith("at ")), None)
    if first:
        start = _moment(first, start) - timedelta(seconds=1)
    # What was said is looked at again at the end, however long it takes.
    settings.setdefault("keep_messages_days", "90")
    async with stage(database_url, start, communities, **settings) as on:
        player = Player(on)
        with on.telegram.feed.listen() as telegram, on.twilio.feed.listen() as twilio:
            player.queues = (telegram, twilio)
            for number, line in enumerate(lines, 1):
                try:
                    await player.line(line)
                except (ScriptError, LookupError, ValueError, AssertionError) as error:
                    raise ScriptError(f"line {number}: {line!r}: {error}") from error
            await player.wind_up()
            async with on.bot.database.transaction() as tx:
                wrong = await broken(tx, player.witness)
    played = "\n".join(player.out) + "\n"
    if wrong:
        raise BrokenPromiseError(wrong, played)
    return played


def _community(line: str) -> Community:
    cells = re.split(r"\s{2,}", line.strip())
    rest = cells[2:]
    languages = next((c.split(":")[1] for c in rest if c.startswith("languages:")), "en")
    return Community(
        0,
        cells[1],
        postcodes=tuple(c for c in rest if re.fullmatch(r"[A-Z]{1,2}\d+[A-Z]?( \d)?", c)),
        money_cap=next((int(c[6:]) for c in rest if c.startswith("money ")), 0),
        approve_helpers="approve helpers" in rest,
        languages=tuple(code.strip() for code in languages.split(";")),
        daily_cap=next((int(c[4:]) for c in rest if re.fullmatch(r"cap \d+", c)), None),
        vetting={
            Need(need): Vetting(level)
            for c in rest
            if c.startswith("vetting ")
            for need, _, level in (each.partition("=") for each in c[8:].split(";"))
        },
        timezone=next((c[9:] for c in rest if c.startswith("timezone:")), "Europe/London"),
        note_at=next((time.fromisoformat(c.split()[-1]) for c in rest if c[:5] == "note "), None),
    )


def _moment(line: str, after: datetime) -> datetime:
    """`at Tue 10:00` in the week of the start or a later one, `at 2026-03-29 00:30` as it says."""
    day, hour = line.split()[1:3]
    clock = time.fromisoformat(hour)
    if day[:1].isdigit():
        return datetime.combine(date.fromisoformat(day), clock, LONDON).astimezone(UTC)
    here = after.astimezone(LONDON).date()
    while True:
        moment = datetime.combine(here, clock, LONDON).astimezone(UTC)
        if DAYS[here.weekday()] == day and moment >= after:
            return moment
        here += timedelta(days=1)


@dataclass
class Player:
    """Somebody who reads a script aloud, and writes down what comes back."""

    on: Stage
    out: list[str] = field(default_factory=list)
    people: dict[str, Address] = field(default_factory=dict)
    streets: dict[str, int] = field(default_factory=dict)
    queues: tuple[asyncio.Queue[Event], asyncio.Queue[Event]] | None = None
    width: int = 4
    heard: int = 0
    """Messages since the last thing that somebody did."""
    code: str = ""
    """The invitation made last."""
    shown: str = ""
    """The latest four figures in anything that was said."""
    witness: Witness = field(default_factory=Witness)
    lost: set[str] = field(default_factory=set)
    """Numbers whose texts do not arrive."""

    async def line(self, line: str) -> None:
        """Play one line of a script."""
        if SEEN.match(line) or line.startswith("by "):
            return
        words = line.split()
        if not words or line.startswith("#") or words[0] in ("group", "set"):
            self.out.append(line)
        elif words[0] == "given":
            self.out.append(line)
            await self.given(line)
        elif words[0] == "street":
            self.out.append(line)
            await self.street(line)
        elif words[0] == "at":
            self.out.append(line)
            await self.go_to(_moment(line, self.on.clock.now()))
        elif words[0] in ("invite", "checkin", "undeliverable", "deliverable"):
            self.out.append(line)
            await self.arrange(line)
        elif line == "nobody hears anything":
            if self.heard:
                raise ScriptError("somebody heard something")
            self.out.append(line)
        elif said := LINE.match(line):
            self.out.append(line)
            self.heard = 0
            await self.act(said[1], said[2])
            await self.on.settle()
            self.hear()
        else:
            raise ScriptError("I don't know what that means")

    async def wind_up(self) -> None:
        await self.on.settle()
        self.hear()

    async def go_to(self, moment: datetime) -> None:
        self.heard = 0
        if moment <= self.on.clock.now():
            raise ScriptError("that moment has gone by")
        while True:
            soonest = await self.on.next_moment(moment)
            if soonest is None:
                break
            if soonest > self.on.clock.now():
                self.on.clock.jump_to(soonest)
            await self.on.settle()
            self.hear(by=self.on.clock.now() if soonest < moment else None)
        self.on.clock.jump_to(max(moment, self.on.clock.now()))
        await self.on.settle()
        self.hear()

    # Who there is

    async def given(self, line: str) -> None:
        cells = re.split(r"\s{2,}", line.strip())
        name, channel, rest = cells[1], Channel(cells[2]), cells[3:]
        if channel is Channel.SMS:
            value = f"+4477009{len(self.people):05d}"
            value = next((c[8:] for c in rest if c.startswith("number: ")), value)
        else:
            value = str(self.on.telegram.person(name.capitalize()))
        self.people[name] = Address(channel, value)
        self.width = max(map(len, [*self.people, *self.streets]))
        if "new" in rest:
            return
        if channel is Channel.TELEGRAM:
            # They have written to the bot before: else it could not write to them.
            self.witness.wrote[value] = [self.on.clock.now()]
            await self.on.telegram.says(int(value), "/start")
            await self.on.settle()
            self._forget()
        async with self.on.bot.database.transaction() as tx:
            known = await members.find(tx, self.people[name])
            made = await self.member(tx, name, rest, known.id if known else 0)
            if known:
                await tx.run(_forget_questions(known.id))
                await members.save(tx, made)
            else:
                made = await members.add(tx, made, self.people[name])
            if made.vetting_at:
                await due.at(tx, DueKind.VETTING, made.id, made.vetting_at)

    async def member(self, tx: object, name: str, rest: list[str], ident: int) -> Member:
        """A member from the cells of a `given` line: a postcode, roles, `can: shopping, lift`,
        `km: 3`, `home: 3 Mill Row`, `languages: en; cy`, `group: NAME`, `off duty`, `waiting`,
        `hours: mon-fri 09:00-12:00; sat`, `visits: 2`, `weekly: 1` (their cap), `at once: 2`,
        `used: 2024-10-01` (when they last wrote), `name: Doreen Shaw`, `vetted: enhanced
        2027-01-31`, `contact` (no role: somebody who may be told about another),
        `number: +33...` (by text)."""
        facts = dict(cell.split(": ", 1) for cell in rest if ": " in cell)
        every = await groups.every(tx)  # type: ignore[arg-type]
        wanted = facts.get("group")
        community = next((g for g in every if g.name == wanted), every[0])
        postcode = next((c for c in rest if re.fullmatch(r"[A-Z]{1,2}\d+[A-Z]? \d[A-Z]{2}", c)), "")
        place = None
        if postcode:
            with places.Postcodes() as bundle:
                place = bundle.find(postcode)
            if place is None:
                raise ScriptError(f"there is no {postcode}")
        roles = {Role(c) for c in rest if c in list(Role)} or {Role.ASKER}
        can = facts.get("can", "any")
        needs = NEIGHBOURLY if can == "any" else [Need(word.strip()) for word in can.split(",")]
        waits = "waiting" in rest
        if "contact" in rest:
            roles = set()
        level, _, until = facts.get("vetted", "").partition(" ")
        vetted_until = date.fromisoformat(until) if until else None
        return Member(
            id=ident,
            community_id=community.id,
            standing=Standing.WAITING if waits else Standing.ACTIVE,
            name=facts.get("name", name.capitalize()),
            language=facts.get("languages", community.languages[0]).split(";")[0],
            languages=tuple(facts.get("languages", "en").replace(" ", "").split(";")),
            roles=frozenset(roles),
            home=facts.get("home", f"{len(self.people)} Mill Row"),
            postcode=postcode,
            cell=place.cell if place else None,
            area=place.area if place else "",
            can_do=frozenset(needs) if Role.HELPER in roles else frozenset(),
            max_km=float(facts.get("km", "5")),
            hours=hours.read(facts.get("hours", "")),
            on_duty="off duty" not in rest,
            vetting=Vetting(level) if level else None,
            vetted_until=vetted_until,
            vetting_at=next_look(vetted_until, self.on.clock.now(), community),
            visits=int(facts.get("visits", "0")),
            weekly_cap=int(facts.get("weekly", "3")),
            at_once_cap=int(facts.get("at once", "1")),
            consent="2026-11-01 on paper",
            used_at=datetime.fromisoformat(facts["used"]).replace(tzinfo=UTC)
            if "used" in facts
            else None,
        )

    async def street(self, line: str) -> None:
        cells = re.split(r"\s{2,}", line.strip())
        ids = [int(self.people[name.strip()].value) for name in cells[2].split(",")]
        self.streets[cells[1]] = await self.on.telegram.group(cells[1].capitalize(), ids)
        self.width = max(map(len, [*self.people, *self.streets]))

    async def arrange(self, line: str) -> None:
        """`invite ROLE  [GROUP]`, `checkin NAME  DAYS AND HOUR  CONTACTS`,
        `undeliverable NAME [CODE]`, `deliverable NAME`."""
        cells = re.split(r"\s{2,}", line.strip())
        if line.startswith("checkin "):
            await self.checkin(cells[0].split()[1], *cells[1:])
            return
        what, who, *rest = cells[0].split()
        if what == "invite":
            async with self.on.bot.database.transaction() as tx:
                every = await groups.every(tx)
                wanted = cells[1] if len(cells) > 1 else every[0].name
                community = next(g for g in every if g.name == wanted)
                self.code = await groups.make_invite(
                    tx, community.id, Role(who), self.on.clock.now()
                )
        elif what == "undeliverable":
            self.on.twilio.undeliverable(self.people[who].value, *rest)
            self.lost.add(self.people[who].value)
        else:
            self.on.twilio.deliverable(self.people[who].value)
            self.lost.discard(self.people[who].value)

    async def checkin(self, name: str, when: str, contacts: str = "") -> None:
        found = schedule_in(plain(when))
        if not (found.days and found.hour):
            raise ScriptError("no days, or no hour")
        now = self.on.clock.now()
        async with self.on.bot.database.transaction() as tx:
            person = await members.find(tx, self.people[name])
            assert person
            every = await groups.every(tx)
            community = next(g for g in every if g.id == person.community_id)
            day, moment = next_after(found.days, found.hour, now, community)
            check_in = await checkins.put(
                tx,
                CheckIn(
                    id=0,
                    community_id=community.id,
                    member_id=person.id,
                    status=CheckInStatus.ON,
                    created_at=now,
                    days=found.days,
                    hour=found.hour,
                    next_day=day,
                ),
            )
            await due.at(tx, DueKind.CHECK_IN, check_in.id, moment)
            for other in filter(None, contacts.split(", ")):
                member = await members.find(tx, self.people[other])
                assert member
                await checkins.name_contact(tx, check_in.id, member.id, ContactStatus.AGREED, now)

    # What they do

    async def act(self, name: str, words: str) -> None:
        if name not in self.people:
            raise ScriptError(f"nobody is called {name}")
        who = self.people[name]
        words = words.replace("{code}", self.code)
        if "{number}" in words:
            said = [re.findall(r"\b\d{6}\b", text) for _, text in self.witness.seen]
            words = words.replace("{number}", next(found[-1] for found in reversed(said) if found))
        words = words.replace("{shown}", self.shown)
        under = re.fullmatch(r"\(replies\) (.+)", words)
        self.witness.wrote.setdefault(who.value, []).append(self.on.clock.now())
        special = re.fullmatch(r"\((.+)\)", words)
        in_chat = re.fullmatch(r"(\S+)\s+(.+)", words)
        button = re.fullmatch(r"\[(.+)\]", words)
        if who.channel is Channel.SMS:
            media = 1 if special and special[1] == "photo" else 0
            await self.on.twilio.texts(who.value, "" if media else words, media)
        elif under:
            latest = self.on.telegram.from_bot(int(who.value))[-1].message_id
            await self.on.telegram.says(int(who.value), under[1], reply_to=latest)
        elif special:
            await self.special(int(who.value), special[1])
        elif button:
            await self.press(int(who.value), int(who.value), button[1])
        elif in_chat and in_chat[1] in self.streets:
            chat = self.streets[in_chat[1]]
            pressed = re.fullmatch(r"\[(.+)\]", in_chat[2])
            if pressed:
                await self.press(int(who.value), chat, pressed[1])
            elif in_chat[2] == "(adds the bot)":
                await self.on.telegram.adds_bot(chat, int(who.value))
            elif in_chat[2] == "(removes the bot)":
                await self.on.telegram.removes_bot(chat, int(who.value))
            elif in_chat[2] == "(becomes a supergroup)":
                self.streets[in_chat[1]] = await self.on.telegram.becomes_supergroup(chat)
            else:
                await self.on.telegram.says_in_group(int(who.value), chat, in_chat[2])
        else:
            await self.on.telegram.says(int(who.value), words)

    async def special(self, user: int, what: str) -> None:
        telegram = self.on.telegram
        if what.startswith("shares "):
            with places.Postcodes() as bundle:
                place = bundle.find(what.removeprefix("shares "))
            assert place
            await telegram.shares_location(user, place.latitude, place.longitude)
            return
        acts: dict[str, Callable[[], object]] = {
            "photo": lambda: telegram.sends_photo(user),
            "voice": lambda: telegram.sends_voice(user),
            "sticker": lambda: telegram.sends_sticker(user),
            "blocks": lambda: telegram.blocks(user),
            "unblocks": lambda: telegram.unblocks(user),
        }
        if what not in acts:
            raise ScriptError(f"nobody can {what}")
        await acts[what]()  # type: ignore[misc]

    async def press(self, user: int, chat: int, label: str) -> None:
        """Press the latest button of that name in a chat; `1st ` in front: the first one ever."""
        found = self.on.telegram.from_bot(chat)
        if label.startswith("1st "):
            label = label.removeprefix("1st ")
        else:
            found = list(reversed(found))
        for gone in (False, True):
            for message in found:
                rows = message.earlier_buttons if gone else message.buttons
                if any(text == label for row in rows for text, _ in row):
                    await self.on.telegram.presses(user, message.message_id, label, chat_id=chat)
                    return
        raise ScriptError(f"there is no button {label!r}")

    # What they see

    def _forget(self) -> None:
        assert self.queues
        for queue in self.queues:
            while not queue.empty():
                queue.get_nowait()

    def hear(self, by: datetime | None = None) -> None:
        """Write down what people saw, in the order in which they were introduced."""
        assert self.queues
        seen: dict[str, list[str]] = {}
        names = {address.value: name for name, address in self.people.items()}
        names |= {str(chat): name for name, chat in self.streets.items()}
        for queue in self.queues:
            while not queue.empty():
                event = queue.get_nowait()
                found = _as_line(event, self.lost)
                if found and (figures := re.findall(r"(?<![\d+])\d{4}(?!\d)", found[2])):
                    self.shown = figures[-1]
                if found and (code := CODE.search(found[2])):
                    self.code = code[0]
                if found:
                    self.witness.seen.append((found[0], found[2]))
                if found and found[0] in names:
                    seen.setdefault(names[found[0]], []).append(found[1])
        if by and seen:
            here = by.astimezone(LONDON)
            self.out.append(f"by     {DAYS[here.weekday()]} {here:%H:%M}")
        for name in [*self.people, *self.streets]:
            for line in seen.get(name, ()):
                self.heard += 1
                self.out.append(f"{name:{self.width}} {line}")


def _as_line(event: Event, lost: set[str]) -> tuple[str, str, str] | None:
    """Who saw it, how a script writes it, and the words themselves."""
    about = event.about
    if event.kind == "text" and about["text"].by != "person":
        text = about["text"]
        mark = "*" if text.by == "twilio" else str(segments(text.body))
        mark = "x" if text.to in lost else mark
        return text.to, f"<{mark} {_flat(text.body)}", text.body
    if event.kind in ("message", "edit") and about["message"].sender_id == BOT:
        message = about["message"]
        if not message.text:
            return None
        buttons = "".join(f" [{label}]" for row in message.buttons for label, _ in row)
        keyboard = "".join(f" ({label})" for row in message.keyboard or () for label in row)
        mark = "<" if event.kind == "message" else "~"
        line = f"{mark}  {_flat(message.text)}{buttons}{keyboard}"
        return str(message.chat_id), line, message.text
    if event.kind == "toast" and about["text"]:
        return str(about["user_id"]), f"!  {_flat(about['text'])}", about["text"]
    return None


def _flat(text: str) -> str:
    return text.replace("\n", " / ")


def _forget_questions(member_id: int):  # type: ignore[no-untyped-def]
    import sqlalchemy as sa

    from storage.schema import questions

    return sa.delete(questions).where(questions.c.member_id == member_id)
