"""Pictures as files: taking an owner's uploads, and serving what lies in the embedded folder to who has its address."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from functools import lru_cache, partial
from urllib.parse import urlencode
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from dashboards.doors import Door
from dashboards.guard import SIGNED_IN
from dashboards.parts.owner import owner_of
from models.base import utc_now
from models.database import DatabaseError
from models.media_library import LibraryRefusal
from models.picture_encoding import NotAPicture
from models.picture_rules import LARGEST_UPLOAD
from models.plan_rights import Rights
from models.settings import settings
from platforms.errors import PlatformError
from platforms.object_storage import CACHE_CONTROL, CONTENT_TYPE, FOLDER_ROUTE, KEY, local_storage
from tasks.media.storage import Storages, media_folder
from tasks.media.uploading import keep_upload

log = logging.getLogger(__name__)

UPLOAD = "/pictures/upload"
MOST_FILES = 10
LARGEST_BODY = 60 * 2**20
# A browser that is not listened to until the end shows its own error instead of ours.
_LISTENED_TO = 5 * LARGEST_BODY
_LISTENED_SECONDS = 60.0


class _TooLarge(MultiPartException):
    """More bytes came in than an upload may have."""


@lru_cache(maxsize=1)
def _one_at_a_time() -> CapacityLimiter:
    """A decoded picture takes up to 150 MB."""
    return CapacityLimiter(1)


async def picture(request: Request) -> Response:
    """GET /m/<key>: a picture of the embedded folder, for ever the same. Its key is the permission."""
    key = request.path_params["key"]
    content = await run_in_threadpool(_read, key) if KEY.fullmatch(key) else None
    if content is None:
        return PlainTextResponse("There is no such picture.", 404)
    headers = {"cache-control": CACHE_CONTROL, "content-security-policy": "default-src 'none'; sandbox"}
    return Response(content, media_type=CONTENT_TYPE, headers=headers)


def _read(key: str) -> bytes | None:
    config = settings()
    return local_storage(media_folder(config), public_url=config.public_url).get(key)


async def upload(request: Request) -> Response:
    """POST /pictures/upload: take what can be taken, then back to the page with what became of each file."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return PlainTextResponse("Please use the page of your pictures.", 415)
    try:
        owner = await run_in_threadpool(owner_of, request.scope[SIGNED_IN].user_id, utc_now())
        if owner is None or not owner.may_change or not owner.rights.own_media:
            await _listen_to_the_end(request)
            return _back(Counter({"plan": 1}))
        return _back(await _take(request, owner.user_id, owner.rights))
    except _TooLarge:
        await _listen_to_the_end(request)
        return _back(Counter({"size": 1}))
    except MultiPartException:
        await _listen_to_the_end(request)
        return _back(Counter({"many": 1}))
    except ClientDisconnect:
        return Response(status_code=400)
    except (OperationalError, DatabaseError):
        log.exception("no upload can be taken")
        await _listen_to_the_end(request)
        return _back(Counter({"storage": 1}))


async def _take(request: Request, user_id: UUID, rights: Rights) -> Counter[str]:
    """What became of the files: how many were added, and how many were not for which reason."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST_BODY:
        raise _TooLarge("announced")
    form = await MultiPartParser(request.headers, _counted(request), max_files=MOST_FILES, max_fields=5).parse()
    came: Counter[str] = Counter()
    storages = Storages.from_settings(settings())
    try:
        for file in form.getlist("picture"):
            if isinstance(file, UploadFile) and file.filename:
                came[await _take_one(storages, user_id, rights, file)] += 1
    finally:
        await form.close()
    return came or Counter({"nothing": 1})


async def _take_one(storages: Storages, user_id: UUID, rights: Rights, file: UploadFile) -> str:
    if (file.size or 0) > LARGEST_UPLOAD:
        return "size"
    keep = partial(keep_upload, storages, user_id, rights, filename=file.filename or "", content=await file.read())
    try:
        await to_thread.run_sync(keep, limiter=_one_at_a_time())
    except (NotAPicture, LibraryRefusal) as refusal:
        return refusal.code
    except PlatformError:
        log.exception("an uploaded picture cannot be stored")
        return "storage"
    return "added"


async def _counted(request: Request) -> AsyncGenerator[bytes]:
    """The body, until it is too large: whatever its length was said to be."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise _TooLarge("counted")
        yield chunk


async def _listen_to_the_end(request: Request) -> None:
    """Let the rest of the body come in and go nowhere."""
    size = 0
    try:
        async with asyncio.timeout(_LISTENED_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > _LISTENED_TO:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):  # RuntimeError: it was read already
        return


def _back(came: Counter[str]) -> Response:
    """Only numbers and known words travel in the address: nobody can put a text of theirs on the page by a link."""
    added = came.pop("added", 0)
    said = {"added": added, "refused": ",".join(sorted(came))} if came else {"added": added}
    return RedirectResponse(f"/pictures?{urlencode(said)}", status_code=303)


ROUTES = [
    Door(path=f"{FOLDER_ROUTE}/{{key}}", endpoint=picture, anonymous=True),
    Door(path=UPLOAD, endpoint=upload, methods=("POST",)),
]
