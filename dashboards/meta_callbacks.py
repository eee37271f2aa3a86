"""Meta calls back: somebody removed our app, or wants their data deleted. Two apps, each with its own secret.

    POST /meta/{app}/deauthorize   their accounts wait for a new connection
    POST /meta/{app}/deletion      all that Meta told us of them is deleted; answers with the page that says so
    GET  /meta/deletion/{code}     that page

`app` is facebook or instagram. The addresses have to be entered in the app's settings at Meta. The sender is proved by
the signature alone: these doors are open to everybody.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

import orjson
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboards.doors import Door
from dashboards.forms import fields_of
from dashboards.pages import message_page
from dashboards.parts.times import day_name
from dashboards.parts.wording import count, platform_name
from models.account_status import APP_REMOVED, deleted, lost
from models.connecting import hashed
from models.database import DatabaseError, Role, session
from models.queries import query
from models.settings import settings
from platforms.connecting.signed_request import NotSigned, person_in

log = logging.getLogger(__name__)

_SECRETS = {"facebook": "meta_app_secret", "instagram": "instagram_app_secret"}
_PLATFORMS = ("facebook", "instagram")  # what Facebook's login leads to


async def deauthorize(request: Request) -> Response:
    """POST /meta/{app}/deauthorize."""
    return await _for_person(request, _hold)


async def deletion(request: Request) -> Response:
    """POST /meta/{app}/deletion: deleted when this answers."""
    return await _for_person(request, _forget)


async def _for_person(request: Request, act: Callable[[str, str], dict[str, str]]) -> Response:
    app = request.path_params["app"]
    if app not in _SECRETS:
        return JSONResponse({"error": "there is no such app"}, status_code=404)
    secret: SecretStr | None = getattr(settings(), _SECRETS[app])
    if secret is None:
        log.error("%s calls back, but POSTAGENT_%s is not set", app, _SECRETS[app].upper())
        return JSONResponse({"error": "not set up"}, status_code=503)
    fields = await fields_of(request, link=("/", "To the dashboard"))
    if isinstance(fields, Response):
        return fields
    try:
        person = person_in(dict(fields).get("signed_request", ""), secret)
    except NotSigned as refused:
        log.warning("a callback in the name of %s is refused: %s", app, refused)
        return JSONResponse({"error": "not signed"}, status_code=400)
    try:
        return JSONResponse(await run_in_threadpool(act, app, person))
    except (OperationalError, DatabaseError):
        log.exception("a callback of %s cannot be carried out", app)
        return JSONResponse({"error": "try again later"}, status_code=503, headers={"retry-after": "60"})


def _hold(app: str, person: str) -> dict[str, str]:
    reasons = orjson.dumps({platform: lost(platform, APP_REMOVED).reason for platform in _PLATFORMS}).decode()
    with session(Role.ACCESS) as db:
        values = {"app": app, "person": person, "reasons": reasons}
        held = db.connection().exec_driver_sql(query("hold_accounts_granted_by"), values).scalar_one()
    log.info("somebody removed our app at %s: %d accounts wait", app, held)
    return {"status": "ok"}


def _forget(app: str, person: str) -> dict[str, str]:
    code = secrets.token_hex(10)
    reasons = orjson.dumps({platform: deleted(platform) for platform in _PLATFORMS}).decode()
    with session(Role.ACCESS) as db:
        run = db.connection().exec_driver_sql
        values = {"app": app, "person": person, "reasons": reasons}
        accounts = run(query("forget_accounts_granted_by"), values).scalar_one()
        run(query("note_data_deletion"), {"code_hash": hashed(code), "app": app, "accounts": accounts})
    log.info("somebody had their data at %s deleted: %d accounts", app, accounts)
    return {"url": f"{settings().public_url}/meta/deletion/{code}", "confirmation_code": code}


async def deletion_page(request: Request) -> Response:
    """GET /meta/deletion/{code}: what became of it."""
    code = request.path_params["code"]

    def read() -> tuple[str, int, str] | None:
        with session(Role.ACCESS) as db:
            row = db.connection().exec_driver_sql(query("data_deletion"), {"code_hash": hashed(code)}).one_or_none()
        return None if row is None else (row.app, row.accounts, day_name(row.deleted_at.date()))

    found = await run_in_threadpool(read)
    if found is None:
        return message_page(404, "We do not know this code", "Please check the address that you were given.")
    app, accounts, day = found
    what = (
        f"{count(accounts, 'connection')} with names, ids and access"
        if accounts
        else "There was nothing of yours any more"
    )
    text = f"What {platform_name(app)} told PostAgentPro about you was deleted on {day}: {what}."
    return message_page(200, "Your data is deleted", text)


ROUTES = [
    Door(path="/meta/{app}/deauthorize", endpoint=deauthorize, methods=("POST",), anonymous=True, cross_site=True),
    Door(path="/meta/{app}/deletion", endpoint=deletion, methods=("POST",), anonymous=True, cross_site=True),
    Door(path="/meta/deletion/{code}", endpoint=deletion_page, anonymous=True),
]
