"""Eve, who has a row in every table that has tenants' rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from models.base import utc_now
from tests.dashboards.house import make_login
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
EVES_FILE = f"{'e' * 43}.jpg"  # as our keys look, so that it is looked for in the storage


@pytest.fixture
def eve(owner: Connection) -> tuple[Owner, Connected, UUID]:
    """A tenant with a row in every table that has tenants' rows."""
    eve = make_owner(owner, email="eve@example.com", password_hash="EVES-HASH")
    account = make_account(owner, eve, access_token="EVES-TOKEN")
    post = make_post(owner, eve, account, content="Eve's words", requires_approval=True)
    ids: dict[str, Any] = {"user_id": eve.user_id}
    of_post, of_account = ids | {"post_id": post}, ids | {"account_id": account.id, "platform": account.platform}
    insert(owner, "stored_objects", **ids, key=EVES_FILE, place="local")
    insert(owner, "media_library", **ids, filename="eve.jpg", url="https://example.com/eve.jpg", storage_key=EVES_FILE)
    insert(
        owner,
        "picture_uses",
        **ids,
        post_id=post,
        source="upload",
        source_key="eve.jpg",
        url="https://example.com/eve.jpg",
        planned_for=utc_now(),
    )
    insert(owner, "analytics", **of_post, platform=account.platform, reach=5)
    insert(owner, "publish_attempts", **of_post, attempt_number=1, fingerprint="f", worker="w", lease_token=1)
    insert(
        owner,
        "publish_discards",
        **ids,
        account_id=account.id,
        platform=account.platform,
        handles="{}",
        reason="edited",
    )
    insert(owner, "publish_handles", **of_post, kind="container", content_hash="h", handle="x")
    insert(
        owner,
        "content_generations",
        **ids,
        business_id=eve.business_id,
        week_start=utc_now().date(),
        model="m",
        prompt_version="1",
        slots_wanted=1,
    )
    insert(owner, "business_facts", **ids, business_id=eve.business_id, kind="fact", text="Eve's fact")
    insert(owner, "analytics_daily", **of_account, day=utc_now().date())
    insert(owner, "location_metrics", **of_account, day=utc_now().date(), metric="CALL_CLICKS", value=1)
    insert(owner, "publishing_quotas", **of_account, used=1, window_seconds=86_400, read_at=utc_now())
    call, batch, money = uuid4(), uuid4(), {"reserved": 1, "reserved_until": utc_now()}
    insert(owner, "ai_calls", id=call, **ids, **money, month=utc_now().date(), model="m", price_date=utc_now().date())
    insert(owner, "ai_batches", id=batch, model="m")
    insert(
        owner,
        "ai_batch_requests",
        **ids,
        batch_id=batch,
        call_id=call,
        week_start=utc_now().date(),
        part=0,
        slots="[]",
        first_at=utc_now(),
    )
    insert(owner, "owner_notices", **of_account, kind="connection_lost", message="Eve's trouble")
    insert(
        owner,
        "connect_attempts",
        **ids,
        session_id=make_login(owner, eve).session_id,
        service="google",
        state_hash="EVES-STATE",
        verifier_encrypted="v1.x.y",
        started_at=utc_now(),
        expires_at=utc_now(),
    )
    mail = uuid4()
    insert(owner, "mails", id=mail, **ids, kind="verify_email", address=eve.email, next_attempt_at=utc_now())
    insert(
        owner,
        "mail_links",
        **ids,
        mail_id=mail,
        token_hash="EVES-LINK",
        purpose="verify_email",
        address=eve.email,
        made_at=utc_now(),
        expires_at=utc_now(),
    )
    return eve, account, post
