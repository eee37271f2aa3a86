"""An owner whose accounts are connected to the sandbox, for tests of tasks (imported by conftest files)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from pydantic import SecretStr

from models.account_tokens import seal_tokens
from models.crypto import key_ring
from models.settings import settings
from platforms.base import Platform
from platforms.sandbox.state import GRAPH_SCOPES
from tasks.wiring import open_platforms
from tests.factories import Connected, Owner, make_account, make_owner, make_post
from tests.sandbox_server import APP_ID, APP_SECRET, Server

LONG = 60 * 86_400.0


@dataclass
class House:
    """The database, the sandbox, and one owner."""

    connection: psycopg.Connection[Any]
    sandbox: Server
    owner: Owner

    @property
    def now(self) -> datetime:
        """The sandbox's clock."""
        return datetime.fromtimestamp(self.sandbox.world.now(), UTC)

    def connect(
        self,
        platform: str,
        *,
        name: str = "Rossi Plumbing",
        life: float | None = None,
        age: float = 0.0,
        user_life: float | None = None,
        owner: Owner | None = None,
        login: str | None = None,
        known_end: bool = True,
        **columns: Any,
    ) -> Connected:
        """Connect an account: `life` and `age` of its token in seconds, `user_life` of the user token behind a Page."""
        wish = {"platform": platform, "name": name, "token_age_seconds": age}
        wish |= {} if life is None else {"token_life_seconds": life}
        wish |= {} if login is None else {"login": login}
        made = self.sandbox.control("POST", "accounts", wish)
        refresh, ends_in = made["refresh_token"], made["expires_in"]
        if user_life is not None:
            pages = [made["account_id"], *([made["linked_id"]] if "linked_id" in made else [])]
            user = self.sandbox.world.issue("user", pages, life=user_life, app_id=APP_ID, scopes=GRAPH_SCOPES)
            refresh, ends_in = user.value, user_life
        connected_at = self.now - timedelta(seconds=age)
        return make_account(
            self.connection,
            owner or self.owner,
            platform,
            account_id=made["account_id"],
            account_name=name,
            access_token=made["access_token"],
            refresh_token=refresh,
            token_expires_at=self.now + timedelta(seconds=ends_in) if ends_in is not None and known_end else None,
            login_provider=login,
            connected_at=connected_at,
            **columns,
        )

    def publish(
        self, account: Connected, *ages: timedelta, owner: Owner | None = None, due: bool = True, **columns: Any
    ) -> list[UUID]:
        """Posts that are live in the sandbox since `ages` ago; their numbers are due now unless told otherwise."""
        times = [self.now - age for age in ages]
        posts = [
            {"text": f"Post {index} of {account.id}", "created_time": at.isoformat()} for index, at in enumerate(times)
        ]
        ids = self.sandbox.control("POST", "history", {"account_id": account.account_id, "posts": posts})["ids"]
        return [
            make_post(
                self.connection,
                owner or self.owner,
                account,
                status="published",
                scheduled_for=at,
                platform_post_id=platform_post_id,
                metrics_due_at=self.now if due else None,
                **columns,
            )
            for at, platform_post_id in zip(times, ids, strict=True)
        ]

    def row(self, account: Connected | UUID) -> dict[str, Any]:
        """The account's row as it is now."""
        account_id = account if isinstance(account, UUID) else account.id
        cursor = self.connection.cursor(row_factory=dict_row)
        found = cursor.execute("SELECT * FROM connected_accounts WHERE id = %s", (account_id,)).fetchone()
        assert found is not None
        return found

    def change(self, account: Connected, **columns: Any) -> None:
        """Change the account's row by hand."""
        for name, value in columns.items():
            self.connection.execute(
                f"UPDATE connected_accounts SET {name} = %s WHERE id = %s".encode(), (value, account.id)
            )

    def seal(self, account: Connected, access_token: str, refresh_token: str | None = None) -> None:
        """Put other tokens into the row, as connecting again does."""
        sealed = seal_tokens(
            key_ring(),
            row_id=account.id,
            user_id=account.user_id,
            access_token=SecretStr(access_token),
            refresh_token=SecretStr(refresh_token) if refresh_token else None,
        )
        self.change(account, access_token_encrypted=sealed.access_token_encrypted)
        if sealed.refresh_token_encrypted is not None:
            self.change(account, refresh_token_encrypted=sealed.refresh_token_encrypted)

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Any query."""
        return self.connection.cursor(row_factory=dict_row).execute(statement.encode(), values).fetchall()


@pytest.fixture
def house(
    database_url: str,
    owner: psycopg.Connection[Any],
    sandbox: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> House:
    """A migrated database with one owner, and settings that point at the sandbox."""
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    monkeypatch.setenv("POSTAGENT_SANDBOX_URL", sandbox.url)
    monkeypatch.setenv("POSTAGENT_META_APP_ID", APP_ID)
    monkeypatch.setenv("POSTAGENT_META_APP_SECRET", APP_SECRET)
    monkeypatch.setenv("POSTAGENT_GOOGLE_CLIENT_ID", "client")
    monkeypatch.setenv("POSTAGENT_GOOGLE_CLIENT_SECRET", "google-secret")
    settings.cache_clear()
    return House(owner, sandbox, make_owner(owner))


@pytest.fixture
async def platforms(house: House) -> AsyncIterator[dict[str, Platform]]:
    """The product's clients, on the sandbox."""
    async with open_platforms(settings()) as opened:
        yield opened
