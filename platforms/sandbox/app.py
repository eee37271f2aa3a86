"""The sandbox as one ASGI application: every twin below its prefix, the control routes, the page.

Product code never knows that it is here; only base URLs differ.
"""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platforms.sandbox.calls import CallLog
from platforms.sandbox.control import Control
from platforms.sandbox.exchange import Call, Operation, Twin, Voice
from platforms.sandbox.facebook import Facebook
from platforms.sandbox.faults import Faults
from platforms.sandbox.google import GooglePosts
from platforms.sandbox.google_common import GoogleVoice
from platforms.sandbox.google_reading import GoogleAccounts, GoogleLocations, GooglePerformance
from platforms.sandbox.google_tokens import GoogleTokens
from platforms.sandbox.instagram import Instagram
from platforms.sandbox.instagram_tokens import InstagramTokens
from platforms.sandbox.mail import serving
from platforms.sandbox.meta import MetaVoice
from platforms.sandbox.openai import OpenAi
from platforms.sandbox.openai_common import OpenAiVoice
from platforms.sandbox.page.consent import Consent
from platforms.sandbox.page.mails import Mails
from platforms.sandbox.page.view import Page
from platforms.sandbox.pictures import jpeg
from platforms.sandbox.state import World
from platforms.sandbox.stock_photos import Pexels, PexelsVoice, Unsplash, UnsplashVoice
from platforms.sandbox.storage import Storage


class Sandbox(Starlette):
    """Starlette for control and page; calls to a twin go straight to it, without middleware in between."""

    world: World
    faults: Faults
    calls: CallLog
    twins: dict[str, Twin]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            parts = scope["path"].split("/", 3)
            twin = self.twins.get("/".join(parts[:3])) or self.twins.get("/".join(parts[:2]))
            if twin is not None:
                await twin(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def create_app(
    state_path: Path | None = None,
    clock: Callable[[], float] = time.time,
    *,
    mail_listener: socket.socket | None = None,
) -> Sandbox:
    """Build the sandbox.

    `state_path` is a file that keeps its state over restarts; without one it lives in memory. `clock` gives Unix
    seconds. Mails are taken on `mail_listener`, a bound socket, where one is given. Raises storage.StateFileInUse when
    another sandbox has that file open.
    """
    world, faults, calls = World(clock), Faults(), CallLog()
    storage = Storage(state_path) if state_path is not None else None
    if storage is not None:
        world.load(storage.rows())
        world.on_change, world.on_clear = storage.changed, storage.cleared

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if storage is not None:
                stack.callback(storage.close)
            if mail_listener is not None:
                await stack.enter_async_context(serving(world, faults, mail_listener))
            yield

    routes = [
        *Page(world, faults).routes(),
        *Mails(world).routes(),
        *Consent(world).routes(),
        *Control(world, faults, calls).routes(),
        Route(PICTURE_PATH, picture),
    ]
    app = Sandbox(routes=routes, lifespan=lifespan)
    app.world, app.faults, app.calls = world, faults, calls
    app.twins = _twins(world, faults, calls)
    return app


def _twins(world: World, faults: Faults, calls: CallLog) -> dict[str, Twin]:
    voices: dict[str, Voice] = {
        "google": GoogleVoice(),
        "facebook": MetaVoice(80001, "pages"),
        "instagram": MetaVoice(80002, "instagram"),
        "pexels": PexelsVoice(),
        "unsplash": UnsplashVoice(),
        "openai": OpenAiVoice(),
    }
    instagram = Instagram(world)
    services: dict[str, Callable[[Call], Operation]] = {
        "/google/token": GoogleTokens(world).resolve,
        "/google/posts": GooglePosts(world).resolve,
        "/google/accounts": GoogleAccounts(world).resolve,
        "/google/locations": GoogleLocations(world).resolve,
        "/google/performance": GooglePerformance(world).resolve,
        "/facebook/graph": Facebook(world, instagram).resolve,
        "/instagram/graph": instagram.resolve,
        "/instagram/token": InstagramTokens(world).resolve,
        "/pexels": Pexels(world).resolve,
        "/unsplash": Unsplash(world).resolve,
        "/openai": OpenAi(world, faults).resolve,
    }
    return {prefix: Twin(resolve, voices, faults, calls, world.now, prefix) for prefix, resolve in services.items()}


PICTURE_PATH = "/_sandbox/pictures/{width:int}x{height:int}/{slug}.jpg"


DRAWING = anyio.CapacityLimiter(1)  # a page full of new pictures must not slow down the platforms


async def picture(request: Request) -> Response:
    """A drawn photograph; open to everybody, as a platform fetches it."""
    place = request.path_params
    try:
        body = await anyio.to_thread.run_sync(
            jpeg, place["width"], place["height"], place["slug"][:120], limiter=DRAWING
        )
    except ValueError as error:
        return Response(str(error), 400, media_type="text/plain")
    return Response(body, media_type="image/jpeg", headers={"Cache-Control": "public, max-age=31536000"})
