"""Login and logout, as plain pages: a Streamlit script can neither set a cookie nor take a POST."""

from __future__ import annotations

import logging
from functools import lru_cache
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.doors import Door
from dashboards.forms import fields_of
from dashboards.guard import SIGNED_IN, cookie_name, safe_next, token_of
from dashboards.logins import SESSION_LIFE, LoggedIn, TooSoon, WrongPassword, log_in, log_out
from dashboards.pages import page
from models.base import utc_now
from models.database import DatabaseError
from models.settings import settings

log = logging.getLogger(__name__)

_SAID = {"bye": "You are logged out.", "changed": "Your password is changed. Log in with the new one."}


@lru_cache(maxsize=1)
def one_guess_a_core() -> CapacityLimiter:
    """Each check of a password takes 64 MiB and a core for a fifth of a second."""
    return CapacityLimiter(2)


async def login_form(request: Request) -> Response:
    """GET /login: the form; who is logged in already goes on."""
    target = safe_next(request.query_params.get("next"))
    if request.scope.get(SIGNED_IN) is not None:
        return RedirectResponse(target, status_code=303)
    said = next((words for name, words in _SAID.items() if request.query_params.get(name)), None)
    return _form(target, said=said)


async def login(request: Request) -> Response:
    """POST /login: a new session and on to where the visitor wanted to go; or why not."""
    fields = await fields_of(request, link=("/login", "Log in"))
    if isinstance(fields, Response):
        return fields
    form = dict(fields)
    email, password, target = (form.get(name, "") for name in ("email", "password", "next"))
    target = safe_next(target)
    if not email.strip() or not password:
        return _form(target, email=email, problem="Please fill in both fields.", status_code=422)

    try:
        result = await try_login(request, email, SecretStr(password))
    except (OperationalError, DatabaseError):
        log.exception("nobody can log in")
        problem = "We cannot reach our database. Please try again in a minute."
        return _form(target, email=email, problem=problem, status_code=503, headers={"retry-after": "30"})
    if isinstance(result, TooSoon):
        return _form(target, email=email, problem=too_soon(result), status_code=429, headers=retry_after(result))
    if isinstance(result, WrongPassword):
        problem = "This e-mail and password do not belong together. Check both and try again."
        return _form(target, email=email, problem=problem, status_code=401)
    return logged_in(target, result)


async def try_login(request: Request, email: str, password: SecretStr) -> LoggedIn | WrongPassword | TooSoon:
    """Check e-mail and password. A session that stood here before ends when they are right: no fixation."""
    name = cookie_name(settings().public_url)

    def check() -> LoggedIn | WrongPassword | TooSoon:
        now = utc_now()
        result = log_in(
            email, password, address=visitor(request), user_agent=request.headers.get("user-agent"), now=now
        )
        if isinstance(result, LoggedIn):
            log_out(token_of(request.headers, name), now=now)
        return result

    return await to_thread.run_sync(check, limiter=one_guess_a_core())


def logged_in(target: str, login: LoggedIn) -> Response:
    """On to a page of ours, with the new session's cookie."""
    config = settings()
    response = RedirectResponse(target, status_code=303, headers={"cache-control": "no-store"})
    response.set_cookie(
        cookie_name(config.public_url),
        login.token.get_secret_value(),
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=config.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return response


def visitor(request: Request) -> str:
    """The visitor's IP address."""
    return request.client.host if request.client else ""


def too_soon(answer: TooSoon) -> str:
    """What is said to who tries too often."""
    minutes, seconds = -(-answer.seconds // 60), answer.seconds
    wait = f"{minutes} minutes" if seconds > 90 else "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"Too many tries. Try again in {wait}."


def retry_after(answer: TooSoon) -> dict[str, str]:
    """The same for programs."""
    return {"retry-after": str(answer.seconds)}


async def logout(request: Request) -> Response:
    """POST /logout: the session ends on the server, also for pages that stand open."""
    token = token_of(request.headers, cookie_name(settings().public_url))
    await to_thread.run_sync(lambda: log_out(token, now=utc_now()))
    return logged_out("/login?bye=1")


def logged_out(target: str) -> Response:
    """On to a page of ours, without a cookie."""
    public_url = settings().public_url
    response = RedirectResponse(target, status_code=303)
    response.delete_cookie(
        cookie_name(public_url), path="/", secure=public_url.startswith("https://"), httponly=True, samesite="lax"
    )
    return response


def _form(
    target: str,
    *,
    email: str = "",
    problem: str | None = None,
    said: str | None = None,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    action = "/login" if target == "/" else f"/login?next={quote(target, safe='/')}"
    return page(
        "login.html",
        status_code=status_code,
        headers=headers,
        action=action,
        target=target,
        email=email,
        problem=problem,
        said=said,
        sandbox=settings().uses_sandbox,
    )


ROUTES = [
    Door(path="/login", endpoint=login_form, anonymous=True),
    Door(path="/login", endpoint=login, methods=("POST",), anonymous=True),
    Door(path="/logout", endpoint=logout, methods=("POST",), anonymous=True),
]
