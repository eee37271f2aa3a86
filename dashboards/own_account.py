"""What an owner does with their own account, as plain routes: a new password, their data, leaving for good.

    GET  /settings/password   the form     POST   a new password; every other session ends
    POST /settings/export     all of their data as one ZIP, made while it is sent
    GET  /settings/delete     what goes with the account     POST   deletes it
    GET  /goodbye             afterwards

Passwords go through forms that are posted, never through a Streamlit script, which keeps what it is given.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from functools import lru_cache
from urllib.parse import quote
from uuid import UUID

from anyio import CancelScope, CapacityLimiter, to_thread
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from dashboards.access import logged_out, one_guess_a_core, too_soon, visitor
from dashboards.doors import Door
from dashboards.forms import fields_of
from dashboards.guard import SIGNED_IN, no_database
from dashboards.logins import Known, SignedIn, TooSoon, WrongPassword, check_password_of
from dashboards.pages import page
from dashboards.parts.owner import owner_of
from dashboards.parts.wording import PLATFORMS, count
from dashboards.sessions import Changed, change_password
from models.base import utc_now
from models.database import DatabaseError
from models.passwords import SHORTEST, PasswordError
from models.settings import settings
from tasks.owners.erasing import erase
from tasks.owners.exporting import export

log = logging.getLogger(__name__)

PASSWORD = "/settings/password"  # noqa: S105 - an address
EXPORT = "/settings/export"
DELETE = "/settings/delete"
WORD = "DELETE"
_BACK = ("/settings", "Back to your settings")


@lru_cache(maxsize=1)
def _few_exports() -> CapacityLimiter:
    """Each reads all that an owner has, and takes a connection for as long as its receiver is slow."""
    return CapacityLimiter(4)


async def password_form(request: Request) -> Response:
    """GET /settings/password."""
    return _password_page(request.scope[SIGNED_IN])


async def password(request: Request) -> Response:
    """POST /settings/password: back to the settings, or why not."""
    who: SignedIn = request.scope[SIGNED_IN]
    fields = await fields_of(request, link=_BACK)
    if isinstance(fields, Response):
        return fields
    form = dict(fields)
    old, new, again = (form.get(name, "") for name in ("old", "new", "again"))
    if not old or not new:
        return _password_page(who, "Please fill in all fields.", 422)
    if new != again:
        return _password_page(who, "The two new passwords differ. Type the new one twice.", 422)
    if new == old:
        return _password_page(who, "That is your password already. Choose another one.", 422)

    def change() -> Changed | WrongPassword | TooSoon:
        return change_password(who, SecretStr(old), SecretStr(new), address=visitor(request), now=utc_now())

    try:
        result = await to_thread.run_sync(change, limiter=one_guess_a_core())
    except PasswordError as refusal:
        return _password_page(who, f"{refusal}.", 422)
    except (OperationalError, DatabaseError):
        log.exception("a password cannot be changed")
        return no_database()
    if isinstance(result, TooSoon):
        return _password_page(who, too_soon(result), 429)
    if isinstance(result, WrongPassword):
        return _password_page(who, "This is not your current password. Check it and try again.", 401)
    done = "password" if result is Changed.YES else "password-meanwhile"
    return RedirectResponse(f"/settings?done={done}", status_code=303)


def _password_page(who: SignedIn, problem: str | None = None, status_code: int = 200) -> Response:
    return page("password.html", status_code=status_code, problem=problem, action=PASSWORD, email=who.email,
                shortest=SHORTEST)  # fmt: skip


async def export_data(request: Request) -> Response:
    """POST /settings/export: the file. What goes wrong after its beginning ends it, and shows as a broken file."""
    who: SignedIn = request.scope[SIGNED_IN]
    name = f"postagent-{utc_now():%Y-%m-%d}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(_pieces(who.user_id), media_type="application/zip", headers=headers)


async def _pieces(user_id: UUID) -> AsyncIterator[bytes]:
    async with _few_exports():
        pieces = export(settings(), user_id, now=utc_now())
        try:
            async for piece in iterate_in_threadpool(pieces):
                yield piece
        finally:
            with CancelScope(shield=True):  # also when the browser went away: it holds a connection
                await run_in_threadpool(pieces.close)


async def delete_form(request: Request) -> Response:
    """GET /settings/delete."""
    return await _delete_page(request)


async def delete(request: Request) -> Response:
    """POST /settings/delete: with the password and the typed word."""
    who: SignedIn = request.scope[SIGNED_IN]
    fields = await fields_of(request, link=_BACK)
    if isinstance(fields, Response):
        return fields
    form = dict(fields)
    given = SecretStr(form.get("password", ""))
    if form.get("word", "").strip().upper() != WORD:
        return await _delete_page(request, f"Type the word {WORD} to show that you mean it.", 422)
    if not given.get_secret_value():
        return await _delete_page(request, "Your password is needed, too.", 422)

    def check() -> Known | WrongPassword | TooSoon:
        return check_password_of(who.email, given, address=visitor(request), now=utc_now())

    try:
        result = await to_thread.run_sync(check, limiter=one_guess_a_core())
        if isinstance(result, TooSoon):
            return await _delete_page(request, too_soon(result), 429)
        if isinstance(result, WrongPassword):
            return await _delete_page(request, "This is not your password. Check it and try again.", 401)
        erased = await erase(settings(), who.user_id)
    except (OperationalError, DatabaseError):
        log.exception("user %s cannot be erased", who.user_id)
        return no_database()
    state = "" if erased.is_gone or not erased.existed else "&soon=1"
    told = quote(",".join(erased.still_listed), safe=",")
    return logged_out(f"/goodbye?listed={told}{state}")


async def _delete_page(request: Request, problem: str | None = None, status_code: int = 200) -> Response:
    who: SignedIn = request.scope[SIGNED_IN]
    try:
        owner = await run_in_threadpool(owner_of, who.user_id, utc_now())
        held = await run_in_threadpool(owner.rows, "what_goes_with_the_account") if owner else []
    except (OperationalError, DatabaseError):
        log.exception("the page for leaving cannot be shown")
        return no_database()
    if not held:  # gone, in another tab
        return RedirectResponse("/login", status_code=303)
    return page(
        "delete_account.html",
        status_code=status_code,
        problem=problem,
        action=DELETE,
        export=EXPORT,
        email=who.email,
        word=WORD,
        queued=count(held[0].queued, "post") if held[0].queued else "",
        pictures=count(held[0].pictures, "picture") if held[0].pictures else "",
        accounts=count(held[0].accounts, "connected account") if held[0].accounts else "",
        sandbox=settings().uses_sandbox,
    )


async def goodbye(request: Request) -> Response:
    """GET /goodbye. Only known words: the address is anybody's to write."""
    asked = request.query_params
    listed = [PLATFORMS[name] for name in asked.get("listed", "").split(",") if name in PLATFORMS]
    return page("goodbye.html", listed=" and ".join(listed), soon="soon" in asked)


ROUTES = [
    Door(path=PASSWORD, endpoint=password_form),
    Door(path=PASSWORD, endpoint=password, methods=("POST",)),
    Door(path=EXPORT, endpoint=export_data, methods=("POST",)),
    Door(path=DELETE, endpoint=delete_form),
    Door(path=DELETE, endpoint=delete, methods=("POST",)),
    Door(path="/goodbye", endpoint=goodbye, anonymous=True),
]
