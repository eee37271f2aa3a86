"""Makes the demo data: owners and businesses here, their accounts and past posts in the sandbox.

Every owner is one transaction, and everything asked of the sandbox can be asked again: a second `up`, or one after a
kill in the middle, makes nothing twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr
from sqlmodel import Session, select

from models.account import ConnectedAccount
from models.account_tokens import seal_tokens
from models.base import utc_now
from models.business import Business, UserPreferences
from models.crypto import key_ring
from models.database import Role, session
from models.passwords import hash_password
from models.plan_rights import TRIAL_LENGTH
from models.post import Post
from models.post_status import created
from models.settings import settings
from models.user import User
from ops.demo.businesses import BUSINESSES, PASSWORD, DemoBusiness
from ops.demo.history import Draft, Wanted, past_slots, write
from ops.errors import OpsError
from platforms.errors import PlatformError
from platforms.openai_writer import Writer

SANDBOX_WAIT_SECONDS = 60.0
AT_ONCE = 4
# Starter owners approve nothing: these posts go out by themselves while somebody watches the first two minutes.
SOON_SECONDS = (70, 95)


async def seed_demo() -> int:
    """Make the demo owners that are not there yet; returns how many were made.

    Raises OpsError when the sandbox is not reachable or refuses.
    """
    config = settings()
    if config.sandbox_url is None or config.openai_api_key is None:
        raise OpsError("Demo data needs the sandbox: start everything with `postagent up`")
    with session(Role.OWNER) as db:
        known = set(db.exec(select(User.email)).all())
    missing = [business for business in BUSINESSES if business.email not in known]
    if not missing:
        return 0
    now = utc_now()
    try:
        async with (
            httpx.AsyncClient(base_url=config.sandbox_url, timeout=30, trust_env=False) as sandbox,
            Writer(api_key=config.openai_api_key, base_url=config.openai_base_url) as writer,
        ):
            await _until_ready(sandbox)
            room = asyncio.Semaphore(AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for business in missing:
                    group.create_task(_Seeding(business, sandbox, writer, config.openai_model, now).run(room))
    except* (httpx.HTTPError, PlatformError) as errors:
        first = errors.exceptions[0]
        raise OpsError(f"The sandbox at {config.sandbox_url} did not take the demo data: {first}") from None
    return len(missing)


async def _until_ready(sandbox: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + SANDBOX_WAIT_SECONDS
    while True:
        try:
            (await sandbox.get("/_sandbox/calls")).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


class _Seeding:
    """One owner on the way into the database."""

    def __init__(
        self, business: DemoBusiness, sandbox: httpx.AsyncClient, writer: Writer, model: str, now: datetime
    ) -> None:
        self.business = business
        self.sandbox = sandbox
        self.writer = writer
        self.model = model
        self.now = now

    async def run(self, room: asyncio.Semaphore) -> None:
        """Make it, with a few others at a time."""
        async with room:
            await self._run()

    async def _run(self) -> None:
        """Sandbox first: a row of ours never names an account or post that is not there."""
        business = self.business
        accounts = {platform: await self._connect(platform) for platform in business.platforms}
        history = await write(self.writer, business, past_slots(business, self.now), model=self.model, recent=())
        ids = {platform: await self._publish_past(platform, accounts[platform], history) for platform in accounts}
        soon = await self._write_soon([draft.text for draft in history])
        password_hash = await asyncio.to_thread(hash_password, SecretStr(PASSWORD), email=business.email)
        with session(Role.OWNER) as db:
            user_id = self._insert_owner(db, password_hash)
            rows = {platform: self._insert_account(db, user_id, accounts[platform]) for platform in accounts}
            past = [
                self._post(rows[platform], draft, platform_post_id=post_id)
                for platform in accounts
                for draft, post_id in ids[platform]
            ]
            created(db, past, actor="demo", reason="demo history")
            created(db, [self._post(rows[draft.platform], draft) for draft in soon], actor="demo", reason="demo post")

    async def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        try:
            answer = await self.sandbox.post(path, json=body)
        except httpx.TransportError:  # a kept-alive connection that was closed in the same moment; asking twice is safe
            answer = await self.sandbox.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    async def _connect(self, platform: str) -> dict[str, Any]:
        wish = {"platform": platform, "name": self.business.name, "city": self.business.city}
        made: dict[str, Any] = await self._ask("/_sandbox/accounts", wish)
        return made | {"platform": platform}

    async def _publish_past(
        self, platform: str, account: Mapping[str, Any], history: Sequence[Draft]
    ) -> list[tuple[Draft, str]]:
        mine = [draft for draft in history if draft.platform == platform]
        posts = [
            {
                "text": draft.text,
                "hashtags": list(draft.hashtags),
                "media_url": self._picture(draft),
                "created_time": draft.at.isoformat(),
            }
            for draft in mine
        ]
        told = await self._ask("/_sandbox/history", {"account_id": account["account_id"], "posts": posts})
        return list(zip(mine, told["ids"], strict=True))

    async def _write_soon(self, recent: Sequence[str]) -> list[Draft]:
        """Posts that are due right after the start; only where nobody has to approve them."""
        if self.business.plan != "starter" or self.business.status != "active":
            return []
        places = [
            Wanted(platform=platform, at=utc_now() + timedelta(seconds=seconds), theme=theme)
            for platform, seconds, theme in zip(
                reversed(self.business.platforms), SOON_SECONDS, ("tip", "seasonal"), strict=False
            )
        ]
        return await write(self.writer, self.business, places, model=self.model, recent=recent[-30:])

    def _insert_owner(self, db: Session, password_hash: str) -> UUID:
        business = self.business
        user = User(
            email=business.email,
            password_hash=password_hash,
            plan_tier=business.plan,
            status=business.status,
            trial_ends_at=self.now + TRIAL_LENGTH if business.status == "trial" else None,
        )
        db.add(user)
        db.flush()
        db.add(
            Business(
                user_id=user.id,
                name=business.name,
                type=business.trade,
                location_city=business.city,
                location_state=business.state,
                description=business.description,
                website=business.website,
                brand_voice=business.voice,
            )
        )
        db.add(
            UserPreferences(
                user_id=user.id,
                posting_frequency=business.frequency,
                preferred_times=list(business.times),
                timezone=business.zone,
                themes_enabled=list(business.themes),
                avoid_keywords=list(business.avoid),
            )
        )
        db.flush()
        return user.id

    def _insert_account(self, db: Session, user_id: UUID, account: Mapping[str, Any]) -> ConnectedAccount:
        row_id = uuid4()
        refresh = account["refresh_token"]
        sealed = seal_tokens(
            key_ring(),
            row_id=row_id,
            user_id=user_id,
            access_token=SecretStr(account["access_token"]),
            refresh_token=SecretStr(refresh) if refresh else None,
        )
        life = account["expires_in"]
        row = ConnectedAccount(
            id=row_id,
            user_id=user_id,
            platform=account["platform"],
            account_id=account["account_id"],
            account_name=account["account_name"],
            access_token_encrypted=sealed.access_token_encrypted,
            refresh_token_encrypted=sealed.refresh_token_encrypted,
            token_expires_at=None if life is None else utc_now() + timedelta(seconds=life),
            login_provider=account["login"] if account["platform"] == "instagram" else None,
            connected_at=self.now,
        )
        db.add(row)
        db.flush()
        return row

    def _post(self, account: ConnectedAccount, draft: Draft, *, platform_post_id: str | None = None) -> Post:
        published = platform_post_id is not None
        return Post(
            user_id=account.user_id,
            account_id=account.id,
            platform=draft.platform,
            content=draft.text,
            hashtags=list(draft.hashtags) or None,
            media_url=self._picture(draft),
            scheduled_for=draft.at,
            theme=draft.theme,
            slot=draft.slot,
            status="published" if published else "pending",
            platform_post_id=platform_post_id,
            platform_state="LIVE" if published else None,
            published_at=draft.at if published else None,
            # Due at once, so that the first run of aggregate-analytics reads the numbers that have grown since.
            metrics_due_at=self.now if published else None,
        )

    def _picture(self, draft: Draft) -> str | None:
        """Instagram always has one, the others every other time."""
        number = hashlib.sha256(draft.text.encode()).digest()[0]
        if draft.platform != "instagram" and number % 2:
            return None
        size = "1080x1080" if draft.platform == "instagram" else "1200x900"
        trade = self.business.trade.replace("_", "-")
        return f"{settings().sandbox_url}/_sandbox/pictures/{size}/{trade}-{number % 24}.jpg"
