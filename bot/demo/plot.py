"""The story that `popround demo --headless` plays: told in the terminal, checked at every step.

Nothing is taken on trust. What a step promises is looked up on the people's own phones, as the
pretend providers showed it to them, or in the bot's database, and never in the words of one
language: buttons and questions are found by what they are for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot.demo.teller import Teller, UntrueError
from bot.demo.valley import ALL_STREET, valley
from bot.demo.village import DOREENS_HOUSE
from handlers.rules import matching
from storage import due, members, requests
from storage.cells import VEIL_KM, km_between
from storage.model import (
    Channel,
    DueKind,
    HelpRequest,
    OfferStatus,
    RequestStatus,
    Role,
    VisitStatus,
)

SECRET = DOREENS_HOUSE.split(",", maxsplit=1)[0]
"""A word of Doreen's address that is nowhere else."""


async def play(seed: int) -> int:
    """Play the story; 0 if every step came true, else 1."""
    began = time.monotonic()
    async with valley(seed, live=False) as village:
        teller = Teller(village)
        teller.title(seed)
        try:
            for chapter in CHAPTERS:
                teller.chapter((chapter.__doc__ or "").splitlines()[0])
                await chapter(teller)
            await teller.no_faults()
        except UntrueError:
            return teller.ended(time.monotonic() - began)
        except (LookupError, AssertionError) as error:
            # Somebody was not asked what the story has them answer: as much a failure as any.
            teller.broke(error)
    return teller.ended(time.monotonic() - began)


async def first_text(t: Teller) -> None:
    """Doreen's first text"""
    await t.does("doreen", "i need some milk please")
    t.check(
        "A stranger who asks is asked her name first", (await t.asked("doreen")).kind, "ask.name"
    )
    await t.does("doreen", "Doreen Shaw")
    t.check("Then where she lives", (await t.asked("doreen")).kind, "ask.home")
    await t.does("doreen", t.village.people["doreen"].address)
    question = await t.asked("doreen")
    t.check("Then whether it is right, and no more questions", question.kind, "ask.confirm")
    t.check("Nobody was asked before she agreed", len(await t.offers()), 0)
    await t.answers("doreen", "yes")
    doreen = await t.member("doreen")
    t.check("Her consent is written down, with the means", "sms" in doreen.consent, True)
    t.check("She hears by when", len(t.news("doreen")), 1)


async def first_wave(t: Teller) -> None:
    """The first wave"""
    request = await t.request("doreen")
    t.check("Neighbours are being asked", request.status, RequestStatus.OPEN)
    offers = await t.offers(request)
    t.check("As many as the rules say", len(offers), matching.wave_size(()))
    await every_offer_is_fair(t, request)
    phones = [key for key in t.helpers() if t.news(key)]
    asked = [t.key(offer.member_id) for offer in offers]
    t.check("Each of them was asked, on their own phone, and no one else", phones, sorted(asked))
    t.check("Nobody was asked twice", {len(t.news(key)) for key in asked}, {1})
    words = [s.words for key in [*asked, ALL_STREET] for s in t.news(key)]
    told = [w for w in words if "Doreen" in w or "Shaw" in w or SECRET in w]
    t.check("No offer says who it is for, or where she lives", told, [])


async def two_at_once(t: Teller) -> None:
    """Two say yes at the same moment"""
    request = await t.request("doreen")
    asked = [t.key(offer.member_id) for offer in await t.offers(request)]
    by_button = [k for k in asked if t.village.people[k].channel is Channel.TELEGRAM]
    one, other = by_button[:2]
    t.mark()
    await asyncio.gather(t.answer(one, "accept"), t.answer(other, "accept"))
    t.did(one, "[I'll do it]  (at the same moment)")
    t.did(other, "[I'll do it]  (at the same moment)")
    await t.settle()
    found = await t.visits(request)
    t.check("Two yeses made one visit", len(found), 1)
    visit = found[0]
    winner = t.key(visit.helper_id)
    loser = other if winner == one else one
    t.check("One of the two has it", winner in (one, other), True)
    t.check("The winner's phone has the address", t.saw(winner, SECRET), True)
    t.check("The winner's phone has the word for the door", t.saw(winner, visit.code_word), True)
    t.check("The other is answered, without the address", bool(t.news(loser)), True)
    t.check("Nobody else has the address", t.who_saw(SECRET) - {"doreen"}, {winner})
    first = t.village.people[winner].first
    t.check("Doreen learns who", any(first in s.words for s in t.news("doreen")), True)
    t.check("Doreen learns the word", t.saw("doreen", visit.code_word), True)
    still = [k for k in by_button if k != winner and t.buttons(k)]
    t.check("The others' buttons are gone: it is taken", still, [])
    t.check("The street's card is taken too", t.buttons(ALL_STREET), ())


async def there_and_back(t: Teller) -> None:
    """On the way, done, and again?"""
    request = await t.request("doreen")
    visit = (await t.visits(request))[0]
    winner = t.key(visit.helper_id)
    await t.later(minutes=20)
    await t.answers(winner, "going")
    t.check("Doreen hears that they are on the way", len(t.news("doreen")), 1)
    t.check("... with the word again", t.saw_now("doreen", visit.code_word), True)
    await t.later(minutes=25)
    await t.answers(winner, "done")
    left = [m.words for m in await t.chat(winner) if SECRET in m.words]
    t.check("The address is gone from the helper's chat", left, [])
    t.check("Doreen is asked whether they came", (await t.asked("doreen")).kind, "did_they_come")
    await t.answers("doreen", "yes")
    t.check("Doreen is asked in private: again?", (await t.asked("doreen")).kind, "again")
    await t.answers("doreen", "yes")
    t.check("So is the helper", (await t.asked(winner)).kind, "again")
    await t.answers(winner, "yes")
    doreen = await t.member("doreen")
    async with t.village.bot.database.transaction() as tx:
        bonds = await members.bonds_of(tx, doreen.id)
    t.check("Both are glad, and that is kept", bonds.get(visit.helper_id), {"glad", "glad_of_them"})
    t.check("The request is done", (await t.request("doreen")).status, RequestStatus.DONE)


async def cannot_come(t: Teller) -> None:
    """A helper who can't come after all"""
    await t.asks("harold", "Could somebody pick up my prescription please")
    request = await t.request("harold")
    await every_offer_is_fair(t, request)
    first = t.key((await t.offers(request))[0].member_id)
    await t.answers(first, "accept")
    t.check("Somebody is going", (await t.request("harold")).status, RequestStatus.FILLED)
    before = {offer.member_id for offer in await t.offers(request)}
    await t.answers(first, "cannot")
    request = await t.request("harold")
    visits = await t.visits(request)
    t.check("The visit is given back", visits[-1].status, VisitStatus.GIVEN_UP)
    t.check(
        "It is open again, and urgent", (request.status, request.urgent), (RequestStatus.OPEN, True)
    )
    fresh = [o for o in await t.offers(request) if o.member_id not in before]
    t.check("The next ones are asked at once", bool(fresh), True)
    t.check("Harold is told the truth", bool(t.news("harold")), True)
    second = t.key(fresh[0].member_id)
    await t.answers(second, "accept")
    going = (await t.visits(request))[-1]
    t.check(
        "The next helper has it",
        (t.key(going.helper_id), going.status),
        (second, VisitStatus.ACCEPTED),
    )
    await t.answers(second, "going")
    await t.answers(second, "done")
    await t.answers("harold", "yes")


async def street_card(t: Teller) -> None:
    """A card in the street's chat"""
    await t.later(minutes=15)
    await t.asks("sheila", "I need a bit of shopping please")
    request = await t.request("sheila")
    card = [s for s in t.news(ALL_STREET) if s.kind == "text"][-1]
    sheila = await t.member("sheila")
    facts = [w for w in ("Sheila", "Whitwam", sheila.home, sheila.postcode) if w in card.words]
    t.check("The card names nobody", facts, [])
    asked = {offer.member_id for offer in await t.offers(request)}
    claimer = await t.free_neighbour(request, asked)
    await t.presses_card(claimer)
    visits = await t.visits(request)
    t.check("A neighbour of the chat has it", [t.key(v.helper_id) for v in visits], [claimer])
    t.check("They read the address in private", t.saw(claimer, sheila.home), True)
    t.check("The chat never did", t.saw(ALL_STREET, sheila.home), False)
    t.check("The card has no button any more", t.buttons(ALL_STREET), ())
    await t.answers(claimer, "going")
    await t.answers(claimer, "done")


async def nobody_free(t: Teller) -> None:
    """Nobody is free"""
    await t.does("doreen", "can someone give me a lift to the surgery tomorrow at 10")
    t.check(
        "Nothing is asked twice: only whether it is right",
        (await t.asked("doreen")).kind,
        "ask.confirm",
    )
    await t.answers("doreen", "yes")
    request = await t.request("doreen")
    t.check("Neighbours are being asked", request.status, RequestStatus.OPEN)
    await every_offer_is_fair(t, request)
    refuser = t.key((await t.offers(request))[0].member_id)
    await t.answers(refuser, "decline")
    promised = request.promised_at
    t.mark()
    await t.until(promised)
    request = await t.request("doreen")
    t.check("Every wave went out, further each time", request.wave, 3)
    t.check("By the hour promised the organisers have it", request.status, RequestStatus.HANDED)
    t.check("Doreen was told the truth", bool(t.news("doreen")), True)
    count = str(len(await t.offers(request)))
    ana = [s for s in t.news("ana") if s.buttons]
    t.check("Ana is told how many were asked", any(count in s.words for s in ana), True)
    t.check("Jean is told too, by text", bool(t.news("jean")), True)
    await t.answers("ana", "see_to_it")
    request = await t.request("doreen")
    t.check("Ana sees to it", t.key(request.handler_id or 0), "ana")
    t.check("Jean hears that", bool(t.news("jean")), True)
    await t.answers("ana", "close")
    t.check("It is settled", (await t.request("doreen")).status, RequestStatus.CLOSED)


async def night(t: Teller) -> None:
    """The night"""
    await t.until_hour(21, 30)
    await t.asks("margaret", "could someone get me some tea and biscuits")
    request = await t.request("margaret")
    t.check("At night nobody is asked", len(await t.offers(request)), 0)
    t.check("Margaret is answered all the same", bool(t.news("margaret")), True)
    t.mark()
    await t.until_hour(2, 10)
    heard = sorted({s.who for s in t.since() if s.by == "bot"})
    t.check("From then on nobody hears anything", heard, [])
    await t.does("edith", "I have fallen and cannot get up, my chest hurts")
    t.check(
        "But an emergency is answered at once", any("999" in s.words for s in t.news("edith")), True
    )
    t.check("Help is not said to be on its way", t.saw_now("edith", "on its way"), False)
    t.check("Ana is woken", bool(t.news("ana")), True)
    t.check("Jean is woken", bool(t.news("jean")), True)
    await t.answers("ana", "on_it")
    t.check("Ana takes it, and Jean hears that", "Ana" in t.news("jean")[-1].words, True)
    await t.answers("ana", "in_hands")
    t.check("It is closed with how it was", bool(t.news("jean")), True)
    t.mark()
    await t.until_hour(9, 2)
    t.check("In the morning Margaret's neighbours are asked", bool(await t.offers(request)), True)
    await every_offer_is_fair(t, await t.request("margaret"))
    early = [s for s in t.since() if s.by == "bot" and t.hour(s.at) < 9]
    t.check("And not a minute before nine", early, [])


async def stop(t: Teller) -> None:
    """STOP"""
    helper = await t.texting_helper()
    await t.does(helper, "STOP")
    member = await t.member(helper)
    t.check("STOP is kept", member.stopped_at is not None, True)
    t.check("The number is opted out with the provider as well",
            t.village.chats[helper] in t.village.twilio.opted_out, True)  # fmt: skip
    t.mark()
    await t.later(minutes=30)
    await t.asks("ronnie", "I need some milk please")
    await t.later(hours=2)
    asked = [t.key(o.member_id) for o in await t.offers(await t.request("ronnie"))]
    t.check("Others are asked, they are not", (bool(asked), helper in asked), (True, False))
    t.check("Their phone stays silent", [s for s in t.since() if s.who == helper], [])


async def who_read_what(t: Teller) -> None:
    """Who read whose address"""
    shown = await t.addresses_shown()
    for key, person in t.village.people.items():
        if person.kind != "older":
            continue
        known = (await t.member(key)).home
        readers = t.who_saw(known) - {key}
        t.quietly(
            f"Whoever read {person.first}'s address was to read it", readers - shown[key], set()
        )
    t.check("Nobody read an address but who went there, and the organisers", True, True)
    t.check("The street's chat read none", t.saw(ALL_STREET, SECRET), False)
    async with t.village.bot.database.transaction() as tx:
        for key in t.village.people:
            member = await t.member(key, tx)
            for request in await requests.of_asker(tx, member.id, OPEN):
                rows = await due.of(tx, request.id, DueKind.WAVE, DueKind.PROMISE, DueKind.CHASE)
                t.quietly(f"{key}'s request has a next step", bool(rows), True)
    t.check("No open request is without its next step", True, True)


OPEN = (RequestStatus.OPEN, RequestStatus.HANDED)


async def every_offer_is_fair(t: Teller, request: HelpRequest) -> None:
    """Whoever was asked lives within the distance they chose, and is on duty."""
    asker = await t.member(t.key(request.asker_id))
    beyond, away, cannot = [], [], []
    for offer in await t.offers(request):
        if offer.status is OfferStatus.ACCEPTED and offer.reason == matching.Why.STREET:
            continue
        helper = await t.member(t.key(offer.member_id))
        assert asker.cell and helper.cell
        # They are looked for from a cell beside the asker's own, it may be.
        if km_between(asker.cell, helper.cell) > helper.max_km + VEIL_KM:
            beyond.append(helper.name)
        if not helper.on_duty or helper.paused_until or helper.stopped_at:
            away.append(helper.name)
        if request.need not in helper.can_do or not helper.is_a(Role.HELPER):
            cannot.append(helper.name)
    t.check("Nobody beyond the distance they chose, and the veil's", beyond, [])
    t.check("Nobody off duty or having a rest, nobody who does not do this", away + cannot, [])


Chapter = Callable[[Teller], Awaitable[None]]

CHAPTERS: tuple[Chapter, ...] = (
    first_text,
    first_wave,
    two_at_once,
    there_and_back,
    cannot_come,
    street_card,
    nobody_free,
    night,
    stop,
    who_read_what,
)
