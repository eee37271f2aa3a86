"""What the links in our mails lead to, and asking for such a mail, as plain pages.

    GET /verify?token=   a button, a password for who is not logged in  POST   the address is proved
    POST /verify/again   another mail, for who is logged in
    GET /forgot          the form                                       POST   a mail, if anybody has the address
    GET /reset?token=    the form for a new password                    POST   the password is changed

No GET changes anything: mail scanners follow links too. Who proves an address has to know the account's password: else
somebody could sign up with another person's address and have them confirm it.
"""

from __future__ import annotations

import logging
from functools import wraps

from anyio import to_thread
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards import joining
from dashboards.access import logged_in, logged_out, one_guess_a_core, retry_after, too_soon, try_login, visitor
from dashboards.beat import on_the_beat
from dashboards.doors import Door, Endpoint
from dashboards.first_week import write_soon
from dashboards.forms import fields_of
from dashboards.guard import SIGNED_IN, no_database
from dashboards.joining import Opened
from dashboards.logins import LoggedIn, SignedIn, TooSoon
from dashboards.pages import message_page, page
from dashboards.parts.owner import owner_of
from models.base import utc_now
from models.database import DatabaseError
from models.mails import MailKind
from models.owners import LONGEST_EMAIL
from models.passwords import SHORTEST, PasswordError, check_password, hash_password
from models.settings import settings

log = logging.getLogger(__name__)


def with_database(endpoint: Endpoint) -> Endpoint:
    """What a visitor cannot mend is written down, and told without its inside."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (OperationalError, DatabaseError):
            log.exception("%s cannot be answered", request.url.path)
            return no_database()

    return answered


def needs_mails(endpoint: Endpoint) -> Endpoint:
    """An endpoint that is closed where this installation has no mail server."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        if settings().smtp_url is None:
            log.error("%s is closed: set POSTAGENT_SMTP_URL", request.url.path)
            text = "We cannot send mails at the moment. Please ask whoever runs this site."
            return message_page(503, "Not possible right now", text, link=("/login", "To the login"))
        return await with_database(endpoint)(request)

    return answered


def sent_page(text: str, more: str = "") -> Response:
    """A mail is on its way, or would be: the same words for both."""
    return page("mail_sent.html", text=text, more=more, shown_at=settings().mails_shown_at)


@with_database
async def verify_form(request: Request) -> Response:
    """GET /verify: what the link would do."""
    token = request.query_params.get("token", "")
    found = await run_in_threadpool(joining.opened, token, MailKind.VERIFY_EMAIL, utc_now())
    return _verify_form(request, token, found) if found is not None else _link_is_over(request, MailKind.VERIFY_EMAIL)


@with_database
async def verify(request: Request) -> Response:
    """POST /verify: the address is proved, and its owner logged in."""
    fields = await fields_of(request, link=("/", "To the dashboard"))
    if isinstance(fields, Response):
        return fields
    form = dict(fields)
    token = form.get("token", "")
    found = await run_in_threadpool(joining.opened, token, MailKind.VERIFY_EMAIL, utc_now())
    if found is None:
        return _link_is_over(request, MailKind.VERIFY_EMAIL)
    answer: Response = RedirectResponse("/", status_code=303)
    if not _is_here(request, found):
        login = await try_login(request, found.email, SecretStr(form.get("password", "")))
        if isinstance(login, TooSoon):
            return _verify_form(
                request, token, found, problem=too_soon(login), status_code=429, headers=retry_after(login)
            )
        if not isinstance(login, LoggedIn):
            problem = "That is not the password you signed up with. Check it and try again."
            return _verify_form(request, token, found, problem=problem, status_code=401)
        answer = logged_in("/", login)
    if await run_in_threadpool(joining.prove, token, utc_now()):
        write_soon(found.user_id)
    return answer


@needs_mails
async def verify_again(request: Request) -> Response:
    """POST /verify/again: another mail for who is logged in."""
    who: SignedIn = request.scope[SIGNED_IN]
    now = utc_now()
    owner = await run_in_threadpool(owner_of, who.user_id, now)
    if owner is None or owner.is_verified:
        return RedirectResponse("/", status_code=303)
    wait = await run_in_threadpool(joining.may_ask, owner.email, address=visitor(request), now=now)
    if wait is not None:
        return message_page(
            429, "Please wait a little", too_soon(wait), link=("/", "To the dashboard"), headers=retry_after(wait)
        )
    joining.send_soon(await run_in_threadpool(joining.ask_again, owner.user_id, owner.email, now))
    return sent_page(f"We have sent another mail to {owner.email}. Its link works for 24 hours.")


@needs_mails
async def forgot_form(_request: Request) -> Response:
    """GET /forgot: the form."""
    return _forgot_form()


@needs_mails
async def forgot(request: Request) -> Response:
    """POST /forgot: the same answer, whether anybody has this address or not."""
    fields = await fields_of(request, link=("/forgot", "Forgot your password?"))
    if isinstance(fields, Response):
        return fields
    email = dict(fields).get("email", "").replace("\0", "").strip()[:LONGEST_EMAIL]
    if not email:
        return _forgot_form(problem="Please give your e-mail address.", status_code=422)
    async with on_the_beat():
        now = utc_now()
        wait = await run_in_threadpool(joining.may_ask, email, address=visitor(request), now=now)
        if wait is not None:
            return _forgot_form(email=email, problem=too_soon(wait), status_code=429, headers=retry_after(wait))
        mail_id = await run_in_threadpool(joining.forget_password, email, now)
    joining.send_soon(mail_id)
    return sent_page(f"If {email} has an account, a mail is on its way. Its link works for an hour.")


@with_database
async def reset_form(request: Request) -> Response:
    """GET /reset: the form for a new password."""
    token = request.query_params.get("token", "")
    found = await run_in_threadpool(joining.opened, token, MailKind.RESET_PASSWORD, utc_now())
    return _reset_form(token, found) if found is not None else _link_is_over(request, MailKind.RESET_PASSWORD)


@with_database
async def reset(request: Request) -> Response:
    """POST /reset: the password is changed, every session ended; on to the login."""
    fields = await fields_of(request, link=("/forgot", "Forgot your password?"))
    if isinstance(fields, Response):
        return fields
    form = dict(fields)
    token, password = form.get("token", ""), SecretStr(form.get("password", ""))
    found = await run_in_threadpool(joining.opened, token, MailKind.RESET_PASSWORD, utc_now())
    if found is None:
        return _link_is_over(request, MailKind.RESET_PASSWORD)
    try:
        check_password(password, email=found.email)
    except PasswordError as error:
        return _reset_form(token, found, problem=f"{error}.", status_code=422)
    hashed = await to_thread.run_sync(lambda: hash_password(password, email=found.email), limiter=one_guess_a_core())
    mail_id = await run_in_threadpool(joining.change_forgotten, token, hashed, utc_now())
    if mail_id is None:
        return _link_is_over(request, MailKind.RESET_PASSWORD)
    joining.send_soon(mail_id)
    return logged_out("/login?changed=1")


def _is_here(request: Request, found: Opened) -> bool:
    """Whether the owner of a link is logged in."""
    who: SignedIn | None = request.scope.get(SIGNED_IN)
    return who is not None and who.user_id == found.user_id


def _verify_form(
    request: Request,
    token: str,
    found: Opened,
    *,
    problem: str | None = None,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    return page(
        "verify.html",
        status_code=status_code,
        headers=headers,
        token=token,
        email=found.email,
        asks_password=not _is_here(request, found),
        problem=problem,
        sandbox=settings().uses_sandbox,
    )


def _forgot_form(
    *, email: str = "", problem: str | None = None, status_code: int = 200, headers: dict[str, str] | None = None
) -> Response:
    sandbox = settings().uses_sandbox
    return page("forgot.html", status_code=status_code, headers=headers, email=email, problem=problem, sandbox=sandbox)


def _reset_form(token: str, found: Opened, *, problem: str | None = None, status_code: int = 200) -> Response:
    return page(
        "reset.html",
        status_code=status_code,
        token=token,
        email=found.email,
        problem=problem,
        shortest=SHORTEST,
        sandbox=settings().uses_sandbox,
    )


def _link_is_over(request: Request, purpose: MailKind) -> Response:
    title = "This link does not work any more"
    if purpose is MailKind.RESET_PASSWORD:
        text = "It was used already, a newer one was, or it is older than an hour."
        return message_page(410, title, text, link=("/forgot", "Send me another one"))
    text = "It was used already, or it is older than a day. Once you are logged in we can send you another one."
    is_in = request.scope.get(SIGNED_IN) is not None
    return message_page(410, title, text, link=("/", "To the dashboard") if is_in else ("/login", "Log in"))


ROUTES = [
    Door(path="/verify", endpoint=verify_form, anonymous=True),
    Door(path="/verify", endpoint=verify, methods=("POST",), anonymous=True),
    Door(path="/verify/again", endpoint=verify_again, methods=("POST",)),
    Door(path="/forgot", endpoint=forgot_form, anonymous=True),
    Door(path="/forgot", endpoint=forgot, methods=("POST",), anonymous=True),
    Door(path="/reset", endpoint=reset_form, anonymous=True),
    Door(path="/reset", endpoint=reset, methods=("POST",), anonymous=True),
]
