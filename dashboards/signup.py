"""Signing up, as a plain page: a trial with a business, and a mail that proves the address.

GET /signup    the form     POST   a new owner, or a mail to the one who has the address; both look the same
"""

from __future__ import annotations

from collections.abc import Mapping

from anyio import to_thread
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards import joining
from dashboards.access import one_guess_a_core, retry_after, too_soon, visitor
from dashboards.beat import on_the_beat
from dashboards.doors import Door
from dashboards.forms import fields_of
from dashboards.guard import SIGNED_IN
from dashboards.mail_links import needs_mails, sent_page
from dashboards.pages import page
from models.base import utc_now
from models.owners import NewOwner, OwnerError, check_owner
from models.passwords import SHORTEST, PasswordError, check_password, hash_password
from models.regions import states
from models.settings import settings
from models.state_zones import guessed_zone
from models.trades import GENERIC, trades

_FIELDS = ("email", "password", "business_name", "business_type", "city", "state")
_MISSING = {
    "email": "Please give your e-mail address, such as name@example.com.",
    "business_name": "Please give the name of your business, in at most 100 characters.",
    "business_type": "Please say what your business does, in at most 100 characters.",
    "city": "Please give the town that your business is in.",
    "state": "Please choose your state.",
}


@needs_mails
async def signup_form(request: Request) -> Response:
    """GET /signup: the form; who is logged in already goes on."""
    if request.scope.get(SIGNED_IN) is not None:
        return RedirectResponse("/", status_code=303)
    return _form({})


@needs_mails
async def signup(request: Request) -> Response:
    """POST /signup: always the same answer for values that can be right, whoever has the address."""
    fields = await fields_of(request, link=("/signup", "Sign up"))
    if isinstance(fields, Response):
        return fields
    given = {name: value for name, value in fields if name in _FIELDS}
    try:
        owner, password = _read(given)
    except (OwnerError, PasswordError) as error:
        problem = _MISSING.get(error.field, str(error)) if isinstance(error, OwnerError) else f"{error}."
        return _form(given, problem=problem, status_code=422)
    async with on_the_beat():
        now = utc_now()
        wait = await run_in_threadpool(joining.may_ask, owner.email, address=visitor(request), now=now)
        if wait is not None:
            return _form(given, problem=too_soon(wait), status_code=429, headers=retry_after(wait))
        hashed = await to_thread.run_sync(
            lambda: hash_password(password, email=owner.email), limiter=one_guess_a_core()
        )
        mail_id = await run_in_threadpool(joining.sign_up, owner, hashed, now)
    joining.send_soon(mail_id)
    return sent_page(
        f"We have sent a mail to {owner.email}. Open it and confirm your address: from then on we write posts for "
        "your business.",
        "You can log in and look around already.",
    )


def _read(given: Mapping[str, str]) -> tuple[NewOwner, SecretStr]:
    """What the form says. Raises OwnerError or PasswordError for the first value that cannot be right."""
    state, city, trade = given.get("state", ""), given.get("city", "").strip(), given.get("business_type", "").strip()
    if state not in states():
        raise OwnerError("state", "is none")
    owner = NewOwner(
        email=given.get("email", "").strip(),
        trial=True,
        business_name=given.get("business_name", "").strip(),
        business_type=_trades().get(trade.casefold(), trade),
        city=city,
        state=state,
        zone=guessed_zone(state, city),
    )
    check_owner(owner)
    password = SecretStr(given.get("password", ""))
    check_password(password, email=owner.email)
    return owner, password


def _trades() -> dict[str, str]:
    """Our names of the trades by the words that the form proposes."""
    return {trade.noun: name for name, trade in trades().items() if name != GENERIC}


def _form(
    given: Mapping[str, str],
    *,
    problem: str | None = None,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return page(
        "signup.html",
        status_code=status_code,
        headers=headers,
        given={name: given.get(name, "") for name in _FIELDS if name != "password"},
        problem=problem,
        trades=sorted(noun.capitalize() for noun in _trades()),
        states=states(),
        shortest=SHORTEST,
        sandbox=settings().uses_sandbox,
    )


ROUTES = [
    Door(path="/signup", endpoint=signup_form, anonymous=True),
    Door(path="/signup", endpoint=signup, methods=("POST",), anonymous=True),
]
