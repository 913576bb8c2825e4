"""The HTTP side: webhooks, health, metrics.

A webhook answers 2xx only once the message is safely stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from bot.channels.base import ChannelAdapter, MalformedError, RefusedError
from bot.channels.base import Route as Webhook
from bot.intake import Intake
from bot.metrics import WEBHOOKS
from storage.database import StorageUnavailableError

log = structlog.get_logger("web")

LARGEST_BODY = 64 * 1024
"""Bytes. Telegram's and Twilio's own calls are a few KiB."""

BODY_SECONDS = 10
"""How long a body may take to come: a caller who dawdles holds a line, and no more."""

STORE_SECONDS = 12
"""How long storing may take before the caller is told to come again: Twilio hangs up after 15
(twilio.com/docs, "Webhooks FAQ"). It may have been stored all the same; it is then a repeat."""


HEAD_SECONDS = 10
"""How long the head of a call may take to come. uvicorn itself waits for ever, so that a thousand
callers who say nothing (`limit_concurrency`) would shut out everybody else."""


class PatientOnlySoLong(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """One line to a caller, hung up where the head of a call, or a body that nobody asked for, does
    not come to its end. What comes in the middle of a call is that call's own (`BODY_SECONDS`)."""

    _hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._wait_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._hang_up is None:
            self._hang_up = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None


def make_app(
    adapters: list[ChannelAdapter],
    intake: Intake,
    ready: Callable[[], Awaitable[str]],
    measure: Callable[[], Awaitable[None]],
) -> Starlette:
    """The web app. `ready` gives the reason why the bot can't do its work, or an empty string;
    `measure` brings the gauges up to date."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        reason = await ready()
        return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)

    async def metrics(_: Request) -> Response:
        await measure()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    routes: list[BaseRoute] = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
    for adapter in adapters:
        for webhook in adapter.routes:
            endpoint = _endpoint(adapter, webhook, intake)
            routes.append(Route(f"/webhooks/{webhook.path}", endpoint, methods=["POST"]))
    return Starlette(routes=routes)


def _endpoint(
    adapter: ChannelAdapter, webhook: Webhook, intake: Intake
) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        response = await _receive(adapter, webhook, intake, request)
        WEBHOOKS.labels(webhook.path, str(response.status_code)).inc()
        return response

    return receive


async def _receive(
    adapter: ChannelAdapter, webhook: Webhook, intake: Intake, request: Request
) -> Response:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(request)
    except (ClientDisconnect, TimeoutError):
        return PlainTextResponse("too slow\n", status_code=408, headers={"Connection": "close"})
    if body is None:
        # What is left of it is not worth reading: the line is closed.
        return PlainTextResponse("too large\n", status_code=413, headers={"Connection": "close"})
    done = Response(webhook.reply, media_type=webhook.media_type)
    try:
        query = request.scope["query_string"].decode("latin-1")  # as it came, whatever it is
        received = adapter.receive(webhook, request.headers, body, query)
    except RefusedError:
        log.warning("refused", route=webhook.path)
        return PlainTextResponse("forbidden\n", status_code=403)
    except MalformedError:
        # The provider's own, and no use to anybody: sent again it would be no better.
        log.warning("malformed", route=webhook.path)
        return done
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await intake.store(received)
    except (StorageUnavailableError, TimeoutError) as error:
        log.error("not_stored", route=webhook.path, error=type(error).__name__)
        return PlainTextResponse("try again\n", status_code=503, headers={"Retry-After": "5"})
    return done


async def _body(request: Request) -> bytes | None:
    """The body; none if it is too large, found out without reading it all."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > LARGEST_BODY:
        return None
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
