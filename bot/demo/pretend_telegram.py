"""A pretend Telegram: the Bot API over real HTTP on loopback, and the people who use it.

A bot that works with this works with Telegram's own servers by another base URL. What people do
(`says`, `presses` …) becomes updates; what the bot does is seen in `messages` and `calls`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from bot.clock import Clock
from bot.demo.pretend_limits import TelegramLimits, TelegramSpeed
from bot.demo.pretend_server import (
    Agenda,
    Call,
    Fault,
    Faults,
    Feed,
    LoopbackServer,
    NoAnswer,
    Postman,
    caller_left,
    read_params,
    trim,
)
from bot.demo.pretend_telegram_api import BotApi, Press
from bot.demo.pretend_telegram_checks import as_json, command_entities
from bot.demo.pretend_telegram_updates import Updates
from bot.demo.pretend_telegram_world import (
    JSON,
    PretendChat,
    PretendMessage,
    TelegramError,
    World,
    bad,
)

_AS_JSON = [
    "reply_markup",
    "commands",
    "scope",
    "allowed_updates",
    "reply_parameters",
    "entities",
    "link_preview_options",
]
_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


class PretendTelegram:
    """One bot's Telegram.

    `token`: what the bot must use. `speed`: the flood control; `privacy_mode`: in groups the bot
    sees commands, mentions and replies to it only, as bots do by default. `history`: so many calls
    are kept. `webhook_timeout`: real seconds until a webhook call is given up.
    """

    def __init__(
        self,
        clock: Clock,
        token: str,
        username: str = "PoproundBot",
        *,
        bot_name: str = "Popround",
        speed: TelegramSpeed | None = None,
        privacy_mode: bool = True,
        webhook_timeout: float = 60.0,
        history: int = 10_000,
    ) -> None:
        number = token.partition(":")[0]
        bot_id = int(number) if number.isdigit() else 7_000_000_001
        self._clock = clock
        self._token = token
        self._history = history
        self._privacy = privacy_mode
        self._world = World(clock, bot_id, username, bot_name)
        self._agenda = Agenda(clock)
        self._postman = Postman(webhook_timeout)
        self.feed = Feed(clock)
        self._updates = Updates(clock, self._agenda, self._postman, self.feed)
        self._limits = TelegramLimits(clock, speed or TelegramSpeed())
        self._api = BotApi(
            self._world, self._updates, self._limits, self.feed, privacy=privacy_mode
        )
        self._faults = Faults()
        self._numbers = itertools.count(1)
        self._press_ids = itertools.count(4_400_000_001)
        router = Router([Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"])])
        self._server = LoopbackServer(router)
        self.url = ""
        self.latency = 0.0
        """Seconds on the clock that every call takes before it does anything."""
        self.calls: list[Call] = []
        """Every call, in order; getUpdates only when it was refused."""
        self.rejected: list[Call] = []
        """Those of them that got an error."""
        self.unknown_calls: list[Call] = []
        """Methods that Telegram may know and the pretend does not."""

    async def start(self, port: int = 0) -> str:
        """Serve on loopback. Returns the base URL: calls go to `{url}/bot{token}/{method}`."""
        self.url = await self._server.start(port)
        self._agenda.start()
        return self.url

    async def stop(self) -> None:
        self._updates.release()
        await self._agenda.stop()
        await self._server.stop()
        await self._postman.close()

    def reach(self, public: str, actual: str) -> None:
        """Where the bot really is: `reach("https://popround.example", "http://127.0.0.1:8000")`."""
        self._postman.reach(public, actual)

    async def settle(self) -> None:
        """Wait until every webhook delivery that is due now on the clock has been tried."""
        await self._agenda.settle()

    # ---- people and what they do; True: taken by the bot's webhook, or queued to be polled -----

    def person(
        self,
        first_name: str,
        language_code: str = "en",
        last_name: str | None = None,
        username: str | None = None,
    ) -> int:
        """Somebody with the app, who has not met the bot yet. Returns their user id."""
        return self._world.new_person(first_name, language_code, last_name, username).id

    def met_before(self, user_id: int) -> None:
        """They pressed Start long ago, so the bot may write to them; no update comes of it."""
        self._world.people[user_id].started = True

    async def says(self, user_id: int, text: str, reply_to: int | None = None) -> bool:
        """They write to the bot in private (and unblock it first, as their app makes them)."""
        return await self._private(
            user_id, text=text, entities=command_entities(text), reply_to=reply_to
        )

    async def shares_location(self, user_id: int, lat: float, lon: float) -> bool:
        return await self._private(user_id, extra={"location": {"latitude": lat, "longitude": lon}})

    async def sends_photo(self, user_id: int, caption: str = "") -> bool:
        photo: JSON = {"photo": [_file("photo", width=90, height=90)]}
        return await self._private(user_id, extra=photo | ({"caption": caption} if caption else {}))

    async def sends_voice(self, user_id: int, seconds: int = 5) -> bool:
        return await self._private(user_id, extra={"voice": _file("voice", duration=seconds)})

    async def sends_sticker(self, user_id: int, emoji: str = "👍") -> bool:
        sticker = _file(
            "sticker",
            type="regular",
            width=512,
            height=512,
            is_animated=False,
            is_video=False,
            emoji=emoji,
        )
        return await self._private(user_id, extra={"sticker": sticker})

    async def presses(
        self, user_id: int, message_id: int, label_or_index: str | int, chat_id: int | None = None
    ) -> str:
        """They press an inline button, perhaps one that was there earlier. Returns the callback id,
        for `toast`, `toast_of` and `was_delivered`.

        Raises:
            LookupError: there is no such message or button.
        """
        chat = self._world.chats[user_id if chat_id is None else chat_id]
        message = chat.messages[message_id]
        press = Press(str(next(self._press_ids)), user_id, self._clock.monotonic())
        query = {
            "id": press.id,
            "from": self._world.user_json(user_id),
            "message": self._world.message_json(message),
            "chat_instance": str(-(abs(chat.id) * 7919)),
            "data": message.find_button(label_or_index),
        }
        presses = self._api.presses
        presses[press.id] = press
        if len(presses) > self._history:
            del presses[next(iter(presses))]
        self.feed.tell("press", message=message, user_id=user_id, data=query["data"])
        press.delivered = await self._updates.offer({"callback_query": query}, chat.id)
        return press.id

    def toast(self, callback_id: str) -> str | None:
        """What the bot answered to a press: None until it does, "" without words."""
        return self._api.presses[callback_id].toast

    async def toast_of(self, callback_id: str, seconds: float = 10.0) -> str:
        """Wait for that answer; TimeoutError after so many real seconds."""
        press = self._api.presses[callback_id]
        async with asyncio.timeout(seconds):
            await press.answered.wait()
        return press.toast or ""

    def was_delivered(self, callback_id: str) -> bool:
        return self._api.presses[callback_id].delivered

    async def blocks(self, user_id: int) -> bool:
        self._world.people[user_id].blocked = True
        return await self._private_membership(user_id, "member", "kicked")

    async def unblocks(self, user_id: int) -> bool:
        self._world.people[user_id].blocked = False
        return await self._private_membership(user_id, "kicked", "member")

    # ---- groups ------------------------------------------------------------------------------

    async def group(self, title: str, member_ids: list[int]) -> int:
        """A group of these people; the first made it. The bot is not in it yet."""
        chat = self._world.new_group(title)
        for member in member_ids:
            chat.members[member] = "member" if chat.members else "creator"
        return chat.id

    async def adds_bot(self, chat_id: int, by_user_id: int, *, as_admin: bool = False) -> bool:
        taken = await self._membership(
            chat_id, by_user_id, "administrator" if as_admin else "member"
        )
        here = self._world.chats[chat_id]
        return await self._service(here, by_user_id, new_chat_members=[self._world.bot]) and taken

    async def removes_bot(self, chat_id: int, by_user_id: int) -> bool:
        return await self._membership(chat_id, by_user_id, "kicked")

    async def becomes_supergroup(self, chat_id: int) -> int:
        """The group gets a new id, as Telegram does for many reasons. Returns it."""
        old = self._world.chats[chat_id]
        new = self._world.new_group(old.title, "supergroup")
        new.members, new.bot_status, old.moved_to = dict(old.members), old.bot_status, new.id
        owner = next(iter(old.members))
        await self._service(old, owner, migrate_to_chat_id=new.id)
        await self._service(new, owner, migrate_from_chat_id=old.id)
        return new.id

    async def says_in_group(
        self, user_id: int, chat_id: int, text: str, reply_to: int | None = None
    ) -> bool:
        """False also where the bot is not shown it: not in the group, or privacy mode."""
        chat = self._world.chats[chat_id]
        message = self._world.new_message(
            chat, user_id, text=text, entities=command_entities(text), reply_to=reply_to
        )
        self.feed.tell("message", message=message)
        origin = chat.messages.get(reply_to) if reply_to is not None else None
        meant = (
            text.startswith("/")
            or f"@{self._world.bot['username']}".lower() in text.lower()
            or (origin is not None and origin.sender_id == self._world.bot["id"])
        )
        present = chat.bot_status in ("member", "administrator")
        if not present or not (meant or not self._privacy or chat.bot_status == "administrator"):
            return False
        return await self._updates.offer({"message": self._world.message_json(message)}, chat.id)

    async def raw_update(self, update: dict[str, Any], lane: int = 0) -> bool:
        """Any update as it is (an `update_id` of its own is kept: the same twice is a repeat)."""
        return await self._updates.offer(update, lane)

    # ---- looking -----------------------------------------------------------------------------

    def messages(self, chat_id: int) -> list[PretendMessage]:
        """A chat as it looks now, oldest first; deleted messages are marked, not left out."""
        return list(self._world.chats[chat_id].messages.values())

    def from_bot(self, chat_id: int) -> list[PretendMessage]:
        """What the bot wrote there and has not deleted."""
        bot = self._world.bot["id"]
        return [one for one in self.messages(chat_id) if one.sender_id == bot and not one.deleted]

    def commands_for(self, user_id: int, chat_id: int | None = None) -> list[JSON]:
        """The command menu that somebody sees: "Telegram Bot API", Determining list of commands."""
        chat = self._world.chats[user_id if chat_id is None else chat_id]
        plain = "all_group_chats" if chat.is_group else "all_private_chats"
        scopes = [f'{{"chat_id": {chat.id}, "type": "chat"}}']
        scopes += [f'{{"type": "{plain}"}}', '{"type": "default"}']
        language = self._world.people[user_id].language_code[:2]
        for scope, tongue in itertools.product(scopes, (language, "")):
            if found := self._world.commands.get((scope, tongue)):
                return found
        return []

    @property
    def pending_updates(self) -> int:
        return self._updates.pending

    @property
    def delivered_updates(self) -> list[int]:
        """The ids of updates that the bot has taken, in order."""
        return self._updates.delivered

    @property
    def polls(self) -> int:
        """How many times getUpdates was asked; each start is told as a `poll` event."""
        return self._updates.polls

    @property
    def did_not_wait(self) -> int:
        """How many calls came before the `retry_after` they had been told was over."""
        return self._limits.did_not_wait

    # ---- making things go wrong ----------------------------------------------------------------

    def fail_next(
        self,
        method: str = "*",
        *,
        status: int = 500,
        description: str | None = None,
        retry_after: int | None = None,
        times: int = 1,
    ) -> None:
        """The next call of that method (`*`: any) gets this error and does nothing."""
        words = description or _REASONS.get(status, "Internal Server Error")
        parameters = {} if retry_after is None else {"retry_after": retry_after}
        if retry_after is not None and description is None:
            words += f": retry after {retry_after}"
        self._faults.add(method, Fault(TelegramError(status, words, **parameters)), times)

    def hang_next(self, method: str = "*", *, after_doing: bool, drop: bool = False) -> None:
        """The next call of that method is done or not, and never answered; `drop`: the connection
        breaks at once instead of staying silent until the bot gives up."""
        self._faults.add(method, Fault(None, after_doing, drop))

    def repeat_next(self, times: int = 1) -> None:
        """The next update that the webhook takes is delivered so many times more."""
        self._updates.repeat = times

    # ---- inside --------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        method = request.path_params["method"]
        params: JSON = {}
        fault: Fault | None = None
        answer: JSON | None
        try:
            if request.path_params["token"] != self._token:
                raise TelegramError(401, "Unauthorized")
            try:
                params = await read_params(request)
            except ValueError as error:
                raise bad(f"can't parse request: {error}") from None
            if self.latency:
                await self._clock.sleep(self.latency)
            fault = self._faults.take(method)
            if fault is not None and fault.error is not None:
                raise fault.error
            if not self._api.knows(method):
                raise TelegramError(404, "Not Found")
            if fault is None or fault.after_doing:
                result = await self._api.call(method, params, lambda: caller_left(request))
                answer = {"ok": True, "result": result}
            else:
                answer = None
        except TelegramError as error:
            answer = error.as_json()
        unanswered = fault is not None and fault.error is None
        self._note(method, params, None if unanswered else answer)
        if unanswered and fault is not None:
            return NoAnswer(self._updates.stopping, drop=fault.drop)
        assert answer is not None
        return JSONResponse(answer, status_code=answer.get("error_code", 200))

    def _note(self, method: str, params: JSON, answer: JSON | None) -> None:
        error = answer["description"] if answer and not answer["ok"] else None
        if method.lower() == "getupdates" and not error:
            return
        for name in _AS_JSON:
            if name in params:
                with contextlib.suppress(TelegramError):
                    params[name] = as_json(params[name])
        call = Call(next(self._numbers), method, params, self._clock.now(), answer, error)
        self.calls.append(call)
        trim(self.calls, self._history)
        if error:
            self.rejected.append(call)
            trim(self.rejected, self._history)
        if not self._api.knows(method):
            self.unknown_calls.append(call)
        self.feed.tell("call", call=call)

    async def _private(self, user_id: int, **what: Any) -> bool:
        person = self._world.people[user_id]
        if person.blocked:
            await self.unblocks(user_id)
        person.started = True
        message = self._world.new_message(self._world.chats[user_id], user_id, **what)
        self.feed.tell("message", message=message)
        return await self._updates.offer({"message": self._world.message_json(message)}, user_id)

    async def _private_membership(self, user_id: int, old: str, new: str) -> bool:
        chat = self._world.chats[user_id]
        return await self._my_chat_member(chat, user_id, old, new)

    async def _membership(self, chat_id: int, by_user_id: int, new: str) -> bool:
        chat = self._world.chats[chat_id]
        old = chat.bot_status
        return await self._my_chat_member(chat, by_user_id, old, new)

    async def _my_chat_member(self, chat: PretendChat, by: int, old: str, new: str) -> bool:
        bot = self._world.bot["id"]
        chat.bot_status = old
        before = self._world.member_json(chat, bot)
        chat.bot_status = new
        self.feed.tell("membership", chat_id=chat.id, status=new)
        change = {
            "chat": self._world.chat_json(chat),
            "from": self._world.user_json(by),
            "date": int(self._clock.now().timestamp()),
            "old_chat_member": before,
            "new_chat_member": self._world.member_json(chat, bot),
        }
        return await self._updates.offer({"my_chat_member": change}, chat.id)

    async def _service(self, chat: PretendChat, by_user_id: int, **extra: Any) -> bool:
        message = self._world.new_message(chat, by_user_id, extra=extra)
        self.feed.tell("message", message=message)
        if chat.bot_status not in ("member", "administrator"):
            return False
        return await self._updates.offer({"message": self._world.message_json(message)}, chat.id)


def _file(kind: str, **more: Any) -> JSON:
    return {"file_id": f"pretend-{kind}", "file_unique_id": f"pretend-{kind}-1", **more}
