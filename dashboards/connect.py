"""Connecting, mending and disconnecting accounts, as plain routes: a platform's dialog comes back to an address.

    POST /connect/{service}            on to the platform's dialog
    POST /connect/again/{id}           the same, to mend one account
    GET  /connect/{service}/callback   back from it: once, in time, in the same session
    GET  /connect/choice/{id}          the list of what was found     POST   what the owner ticked
    GET  /connect/end/{id}             really disconnect?             POST   disconnect

Every address that a platform comes back to has to be registered there; `postagent doctor` names them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from uuid import UUID

from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.connecting import attempts, keeping
from dashboards.connecting.answers import choice_page, failed, problem_page, told_page, trouble_page
from dashboards.connecting.attempts import Returned
from dashboards.connecting.words import NAMES, Trouble, not_stored_told, other_account_told, trouble_told
from dashboards.doors import Door, Endpoint
from dashboards.first_week import write_soon
from dashboards.forms import fields_of
from dashboards.guard import SIGNED_IN, no_database
from dashboards.logins import SignedIn
from dashboards.pages import page
from dashboards.parts.owner import Owner, owner_of
from dashboards.parts.wording import count, platform_name
from models.account_status import is_deleted
from models.base import utc_now
from models.crypto import CryptoError
from models.database import DatabaseError
from models.settings import settings
from platforms.connecting.base import Choice, ConnectError, Findings, Problem, Service, dialog_problem
from platforms.connecting.registry import missing_settings, platform_of, service_of
from platforms.errors import PlatformError
from tasks.owners.disconnecting import disconnect
from tasks.wiring import connect_config, open_connector, redirect_uri

log = logging.getLogger(__name__)

LONGEST_SECONDS = 60.0  # all calls of one way back together: a person waits
MOST_PICKS = 200

OwnersEndpoint = Callable[[Request, SignedIn, Owner], Awaitable[Response]]


def _for_owners(endpoint: OwnersEndpoint) -> Endpoint:
    """An endpoint for who is logged in. What they cannot mend is written down, and told without its inside."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        who: SignedIn | None = request.scope.get(SIGNED_IN)
        if who is None:
            return told_page(
                trouble_told(Trouble.LOGGED_OUT, _service_in(request)), status=401, back="/login?next=/accounts"
            )
        try:
            owner = await run_in_threadpool(owner_of, who.user_id, utc_now())
            if owner is None:  # erased a moment ago
                return trouble_page(Trouble.NOT_OURS, _service_in(request))
            return await endpoint(request, who, owner)
        except (OperationalError, DatabaseError):
            log.exception("accounts cannot be connected")
            return no_database()
        except CryptoError as error:
            log.error("accounts cannot be connected: %s", error)
            return trouble_page(Trouble.NOT_SET_UP, _service_in(request))

    return answered


@_for_owners
async def start(request: Request, who: SignedIn, owner: Owner) -> Response:
    """POST /connect/{service}: on to the platform."""
    service = _service_in(request)
    return await _to_dialog(who, owner, service) if service else trouble_page(Trouble.GONE, None)


@_for_owners
async def again(request: Request, who: SignedIn, owner: Owner) -> Response:
    """POST /connect/again/{id}: on to the platform, to mend this account."""
    account_id = _id_in(request)
    account = await run_in_threadpool(keeping.account_of, owner, account_id) if account_id else None
    if account is None or is_deleted(account.account_id):
        return trouble_page(Trouble.GONE, None)
    return await _to_dialog(who, owner, service_of(account.platform, account.login_provider), mending=account.id)


async def _to_dialog(who: SignedIn, owner: Owner, service: Service, *, mending: UUID | None = None) -> Response:
    config = settings()
    if not owner.may_change:
        return trouble_page(Trouble.CANCELED, service)
    if missing := missing_settings(service, connect_config(config)):
        log.error("%s cannot be connected: set %s", service, " and ".join(f"POSTAGENT_{name}" for name in missing))
        return trouble_page(Trouble.NOT_SET_UP, service)
    begun = await run_in_threadpool(attempts.begin, who, service, reconnects=mending, now=utc_now())
    async with open_connector(config, service) as connector:
        address = connector.dialog_url(
            redirect_uri=redirect_uri(config, service), state=begun.state, challenge=begun.challenge
        )
    # No redirect: browsers hold every stop of a form's way against form-action, and Facebook has stops of its own.
    return page("going.html", name=NAMES[service], address=address, sandbox=config.uses_sandbox)


@_for_owners
async def callback(request: Request, who: SignedIn, owner: Owner) -> Response:
    """GET /connect/{service}/callback: what the platform says is believed only with a state that we gave out."""
    service = _service_in(request)
    if service is None:
        return trouble_page(Trouble.GONE, None)
    asked = request.query_params
    returned = await run_in_threadpool(attempts.come_back, who, service, asked.get("state", ""), now=utc_now())
    if isinstance(returned, Trouble):
        return trouble_page(returned, service)
    found = await _after_dialog(request, service, returned)
    if isinstance(found, Response):
        await run_in_threadpool(attempts.end, returned.attempt_id)
        return found
    if returned.reconnects is not None:
        await run_in_threadpool(attempts.end, returned.attempt_id)
        return await _mend(owner, service, found, returned.reconnects)
    await run_in_threadpool(attempts.keep, who, returned.attempt_id, found, now=utc_now())
    return RedirectResponse(f"/connect/choice/{returned.attempt_id}", status_code=303)


async def _after_dialog(request: Request, service: Service, returned: Returned) -> Findings | Response:
    """What can be connected, or the page that says why nothing can."""
    asked, config = request.query_params, settings()
    if "error" in asked or not asked.get("code"):
        problem = dialog_problem(asked)
        if problem is None:
            log.error("%s's dialog came back with %.100r", service, asked.get("error") or asked.get("error_code"))
            return trouble_page(Trouble.REFUSED, service)
        return problem_page(problem, service, mending=returned.reconnects)
    async with open_connector(config, service) as connector:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await connector.find(
                    asked["code"],
                    redirect_uri=redirect_uri(config, service),
                    verifier=returned.verifier,
                    now=utc_now(),
                )
        except ConnectError as error:
            log.info("%s was not connected: %s", service, error)
            return problem_page(error.problem, service, missing=error.missing, mending=returned.reconnects)
        except (PlatformError, TimeoutError) as error:
            return failed(error, service, mending=returned.reconnects)


async def _mend(owner: Owner, service: Service, findings: Findings, account_id: UUID) -> Response:
    """The owner named the account before: it is not asked for again, and never another one taken for it."""
    account = await run_in_threadpool(keeping.account_of, owner, account_id)
    if account is None:
        return trouble_page(Trouble.GONE, service)
    mine = await run_in_threadpool(keeping.places_of, owner)
    wanted, others = keeping.to_mend(findings, account.platform, account.account_id, mine)
    if wanted is None:
        name = account.account_name or account.account_id
        told = other_account_told(service, name, [choice.name for choice in findings.choices])
        return told_page(told, status=422, service=service, mending=account_id)
    return await _store(owner, service, [wanted, *others], findings.person, done="again")


@_for_owners
async def choice(request: Request, who: SignedIn, owner: Owner) -> Response:
    """GET /connect/choice/{id}: the list; POST: what was ticked."""
    attempt_id = _id_in(request)
    found = await run_in_threadpool(attempts.found, who, attempt_id, now=utc_now()) if attempt_id else None
    if found is None or attempt_id is None:
        return trouble_page(Trouble.CHOICE_OVER, None)
    service, findings = found
    mine = await run_in_threadpool(keeping.places_of, owner)
    if request.method != "POST":
        return choice_page(owner, service, findings, mine, None)
    fields = await fields_of(request, link=("/accounts", "Back to your accounts"), most=MOST_PICKS)
    if isinstance(fields, Response):
        return fields
    ticked = {value for name, value in fields if name == "pick"}
    lines = keeping.offered(findings, platform_of(service), mine, ticked)
    picked = [line for line in lines if line.is_ticked]
    if not picked:
        return choice_page(owner, service, findings, mine, ticked, problem="Tick at least one.")
    new = sum(not line.is_mine for line in picked)
    if new > max(keeping.room(owner.rights.accounts_per_platform, platform_of(service), mine), 0):
        return choice_page(
            owner, service, findings, mine, ticked, problem="That is more than your plan holds. Tick fewer."
        )
    answer = await _store(owner, service, [line.choice for line in picked], findings.person, done="connected")
    await run_in_threadpool(attempts.end, attempt_id)
    return answer


async def _store(owner: Owner, service: Service, choices: list[Choice], person: str | None, *, done: str) -> Response:
    stored = await run_in_threadpool(keeping.store, owner, service, choices, person=person, now=utc_now())
    if stored.stored:
        write_soon(owner.user_id)
    if not (stored.taken or stored.no_room or stored.not_lasting):
        return RedirectResponse(f"/accounts?done={done}", status_code=303)
    if stored.not_lasting:
        return problem_page(Problem.NOT_LASTING, service)
    taken, no_room, kept = ([choice.name for choice in some] for some in (stored.taken, stored.no_room, stored.stored))
    most = owner.rights.accounts_per_platform
    return told_page(not_stored_told(taken, no_room, kept, platform_of(service), most), status=409)


@_for_owners
async def end(request: Request, who: SignedIn, owner: Owner) -> Response:
    """GET /connect/end/{id}: asks whether it is meant; POST: disconnects."""
    account_id = _id_in(request)
    account = await run_in_threadpool(keeping.account_of, owner, account_id) if account_id else None
    if account is None or not account.is_connected:
        return trouble_page(Trouble.GONE, None)
    if request.method != "POST":
        return page(
            "disconnect.html",
            name=account.account_name or account.account_id,
            platform=platform_name(account.platform),
            waiting=count(account.open_posts, "post", "posts") if account.open_posts else "",
            action=f"/connect/end/{account.id}",
            sandbox=settings().uses_sandbox,
        )
    service = service_of(account.platform, account.login_provider)
    done = await disconnect(settings(), owner.user_id, account.id, service, seconds=LONGEST_SECONDS)
    return RedirectResponse(f"/accounts?done={done}&at={account.platform}", status_code=303)


def _service_in(request: Request) -> Service | None:
    try:
        return Service(request.path_params.get("service", ""))
    except ValueError:
        return None


def _id_in(request: Request) -> UUID | None:
    try:
        return UUID(request.path_params.get("id", ""))
    except ValueError:
        return None


ROUTES = [
    Door(path="/connect/again/{id}", endpoint=again, methods=("POST",)),
    Door(path="/connect/choice/{id}", endpoint=choice),
    Door(path="/connect/choice/{id}", endpoint=choice, methods=("POST",)),
    Door(path="/connect/end/{id}", endpoint=end),
    Door(path="/connect/end/{id}", endpoint=end, methods=("POST",)),
    # Who was logged out on the way is told here: the login page would carry the code on in an address.
    Door(path="/connect/{service}/callback", endpoint=callback, anonymous=True),
    Door(path="/connect/{service}", endpoint=start, methods=("POST",)),
]
