"""Real posts in a real database, published to the sandbox over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from models.base import utc_now
from models.connections import NewAccount, store_account
from models.crypto import key_ring
from models.database import Role, session
from models.plan_rights import PLANS
from models.settings import Settings, settings
from tasks import wiring
from tasks.publishing.publisher import WindowReport
from tasks.publishing.window import open_window
from tests.factories import Connected, Owner, make_account, make_owner, make_post
from tests.sandbox_server import APP_ID, APP_SECRET, Server

Publish = Callable[..., Coroutine[Any, Any, WindowReport]]


@dataclass
class Town:
    """One owner with accounts on the sandbox, and the means to publish."""

    database_url: str
    db: psycopg.Connection[Any]
    sandbox: Server
    owner: Owner
    accounts: dict[str, Connected] = field(default_factory=dict)

    def connect(self, platform: str, owner: Owner | None = None, **wish: Any) -> Connected:
        """Connect another account."""
        person = owner or self.owner
        made = self.sandbox.control("POST", "accounts", {"platform": platform, "name": f"{person.email}", **wish})
        expires = made["expires_in"]
        account = make_account(
            self.db,
            person,
            platform,
            account_id=made["account_id"],
            access_token=made["access_token"],
            refresh_token=made["refresh_token"],
            token_expires_at=utc_now() + timedelta(seconds=expires) if expires else None,
            last_refreshed_at=utc_now(),
            login_provider=wish.get("login"),
        )
        self.accounts[platform] = account
        return account

    def reconnect(self, platform: str) -> None:
        """The owner gives access again: the same account, a fresh token, stored as the connect page stores it."""
        account = self.accounts[platform]
        made = self.sandbox.control("POST", "accounts", {"platform": platform, "name": self.owner.email})
        assert made["account_id"] == account.account_id
        new = NewAccount(
            platform=platform,
            account_id=account.account_id,
            name=account.account_name,
            access_token=SecretStr(made["access_token"]),
            refresh_token=SecretStr(made["refresh_token"] or ""),
            expires_at=utc_now() + timedelta(seconds=made["expires_in"]) if made["expires_in"] else None,
        )
        with session(Role.OWNER) as db:
            assert store_account(db, key_ring(), account.user_id, new, PLANS["premium"], utc_now()) == account.id

    def post(self, platform: str, *, due: float = -1, account: Connected | None = None, **columns: Any) -> UUID:
        """A post that goes out without approval, due `due` seconds from now."""
        if platform == "instagram":
            columns.setdefault("media_url", f"{self.sandbox.url}/_sandbox/pictures/1080x1080/pipes.jpg")
        return make_post(
            self.db,
            self.owner,
            account or self.accounts[platform],
            scheduled_for=utc_now() + timedelta(seconds=due),
            **columns,
        )

    def row(self, post: UUID) -> dict[str, Any]:
        """The post as it stands."""
        with self.db.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            row = cursor.execute("SELECT * FROM post_queue WHERE id = %s", (post,)).fetchone()
        assert row is not None
        return row

    def attempts(self, post: UUID) -> list[str | None]:
        """How each attempt ended, in order."""
        rows = self.db.execute(
            "SELECT outcome FROM publish_attempts WHERE post_id = %s ORDER BY attempt_number", (post,)
        ).fetchall()
        return [row[0] for row in rows]

    def story(self, post: UUID) -> list[str]:
        """The reasons in the post's story."""
        rows = self.db.execute("SELECT reason FROM post_events WHERE post_id = %s ORDER BY seq", (post,)).fetchall()
        return [row[0] for row in rows]

    def live(self, platform: str) -> list[str]:
        """Texts that are really visible on the platform, oldest first."""
        truth = self.sandbox.control("GET", "truth")["accounts"][self.accounts[platform].account_id]
        return [post["text"] for post in truth["posts"] if post["visible"]]


@pytest.fixture
def town(database_url: str, owner: psycopg.Connection[Any], sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> Town:
    for name, value in {
        "SANDBOX_URL": sandbox.url,
        "META_APP_ID": APP_ID,
        "META_APP_SECRET": APP_SECRET,
        "GOOGLE_CLIENT_ID": "client",
        "GOOGLE_CLIENT_SECRET": "google-secret",
        "PUBLISH_TIMEOUT_SECONDS": "2",
        "PUBLISH_LEASE_SECONDS": "5",
        "RECONCILE_SETTLE_SECONDS": "0.3",
    }.items():
        monkeypatch.setenv(f"POSTAGENT_{name}", value)
    settings.cache_clear()
    monkeypatch.setattr("models.publishing.FIRST_LOOK_DELAY", 0.1)
    monkeypatch.setattr("models.publishing.FIRST_DELAY", 0.2)
    monkeypatch.setattr("models.publishing.FOLLOW_DELAYS", (0.1, 0.2, 0.5))
    place = Town(database_url, owner, sandbox, make_owner(owner, plan="starter"))
    for platform in ("google", "facebook", "instagram"):
        place.connect(platform)
    return place


@pytest.fixture
def publish(town: Town) -> Publish:
    """Run a publishing window; without seconds: what is due now, settled, and over."""

    async def run(seconds: float = 0, **changes: Any) -> WindowReport:
        config: Settings = settings().model_copy(update=changes)
        async with wiring.open_platforms(config) as platforms:
            return await open_window(town.database_url, config, platforms, window_seconds=seconds)

    return run


async def settle(town: Town, publish: Publish, post: UUID, mode: str = "prepared") -> None:
    """Publish until nothing is open any more, however slow the machine is."""
    for _ in range(20):
        await publish(facebook_publish_mode=mode)
        if town.row(post)["status"] in ("published", "failed"):
            return
        await asyncio.sleep(0.2)
