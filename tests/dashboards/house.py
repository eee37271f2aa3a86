"""Tools of the dashboard's tests: logging somebody in, sending the login form, reading a page."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import psycopg
from argon2 import PasswordHasher
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from dashboards.guard import cookie_name
from models.base import utc_now
from tests.factories import Owner

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "orange van at noon"
# Passwords are checked for real, only cheaper: a tenth of a second and 64 MiB a guess would add up.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD_HASH = CHEAP.hash(PASSWORD)
CHEAP_NOBODY = CHEAP.hash("nobody has this password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A live session of an owner."""

    owner: Owner
    session_id: UUID
    token: str

    @property
    def user(self) -> dict[str, str | bool | None]:
        """What the guard would put into `st.user`."""
        return {
            "user_id": str(self.owner.user_id),
            "session_id": str(self.session_id),
            "email": self.owner.email,
        }


def make_login(connection: psycopg.Connection[Any], owner: Owner, *, days: float = 30) -> Login:
    """Log an owner in without the form."""
    token = secrets.token_urlsafe(32)
    row = connection.execute(
        "INSERT INTO dashboard_sessions (token_hash, user_id, expires_at) VALUES (%s, %s, %s) RETURNING id",
        (hashlib.sha256(token.encode()).hexdigest(), owner.user_id, utc_now() + timedelta(days=days)),
    ).fetchone()
    assert row is not None
    return Login(owner=owner, session_id=row[0], token=token)


def words(test: AppTest) -> str:
    """Everything a page says, in one text."""
    kinds = ("html", "markdown", "caption", "info", "warning", "error", "success", "toast", "header", "subheader")
    return "\n".join(str(element.value if kind != "html" else element.proto.body)
                     for kind in kinds for element in getattr(test, kind))  # fmt: skip


def post_login(
    client: TestClient, email: str = "bob@example.com", password: str = PASSWORD, **extra: Any
) -> httpx2.Response:
    """Send the login form as a browser would."""
    headers = {"origin": str(client.base_url).rstrip("/")} | extra.pop("headers", {})
    form = {"email": email, "password": password} | extra
    return client.post("/login", data=form, headers=headers)


def cookie_of(client: TestClient) -> str | None:
    """The session cookie that the visitor holds."""
    return client.cookies.get(cookie_name(str(client.base_url)))


# What our own pieces of HTML are made of; a tag beside these came out of somebody's text.
ALLOWED_TAGS = {"article", "header", "h1", "div", "span", "b", "br", "small", "img", "p", "a", "form", "button"}
ALLOWED_TAGS |= {"dl", "dt", "dd", "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr", "th", "td"}


class Seen(HTMLParser):
    """The tags, attributes and text that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data
