"""An owner with something of everything, every text of it a script: whoever could set it, a platform included."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg

from models.base import utc_now
from tests.dashboards.attacks.catalogue import Column, Connection, Table, tables_of, tenants_tables
from tests.factories import Connected, Owner, insert, make_account, make_fact, make_owner, make_post

# Each breaks out of another place: a tag, an attribute, Markdown, LaTeX, a style. `evil.example` is asked for by what
# got through without a script.
TEXT = (
    '"\'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg onload="window.hacked=1">'
    '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe><xss-probe>'
    "<img src=\"https://evil.example/tag.png\"><style>@import 'https://evil.example/style.css';</style>"
    "[x](javascript:window.hacked=1) ![x](https://evil.example/markdown.png) <https://evil.example/auto> "
    "$\\href{javascript:window.hacked=1}{x}$ :red[x] :material/home: `x` </textarea></title></xss-probe>"
)
SHORT = '<xss-probe><img src=x onerror="window.hacked=1">'
ADDRESSES = (
    "javascript:window.hacked=1",
    'https://pictures.example/x.png" onerror="window.hacked=1" x="',
    "data:text/html,<script>window.hacked=1</script>",
    " javascript:window.hacked=1",
    "//evil.example/x.png",
    "https://pictures.example/'><script>window.hacked=1</script>",
)
# What a browser never gets to see, or finds rows by.
_NOT_SHOWN = ("_hash", "_encrypted", "_key", "fingerprint", "sha256", "slot", "state")
_BY_NAME = ("key", "platform", "source", "kind", "timezone")
# Texts that somebody outside sets: that each of these was poisoned keeps this from proving nothing.
WANTED = {
    ("businesses", "name"), ("businesses", "description"), ("businesses", "website"), ("businesses", "logo_url"),
    ("business_facts", "text"), ("business_facts", "author"), ("post_queue", "content"), ("post_queue", "hashtags"),
    ("post_queue", "alt_text"), ("post_queue", "error_message"), ("post_queue", "permalink"),
    ("post_queue", "link_url"),
    ("post_queue", "media_url"), ("post_queue", "theme"), ("post_queue", "event_title"), ("post_queue", "offer_terms"),
    ("post_queue", "approved_by"), ("post_events", "reason"), ("post_events", "actor"),
    ("connected_accounts", "account_name"), ("connected_accounts", "status_reason"),
    ("connected_accounts", "slowed_reason"), ("media_library", "filename"), ("media_library", "alt_text"),
    ("media_library", "refusal"), ("media_library", "url"), ("picture_uses", "author"), ("picture_uses", "author_url"),
    ("picture_uses", "page_url"), ("picture_uses", "show_url"), ("owner_notices", "message"),
    ("user_preferences", "avoid_keywords"), ("user_preferences", "themes_enabled"),
    ("content_generations", "themes_why"), ("location_metrics", "metric"), ("users", "email"),
    ("dashboard_sessions", "user_agent"),
}  # fmt: skip


def make_rich_owner(owner: Connection) -> Owner:
    """Accounts in every state, posts in every state on every platform, pictures, numbers, facts and notices."""
    bob, now = make_owner(owner, plan="premium", avoid_keywords=["cheap"]), utc_now()
    owner.execute("UPDATE businesses SET logo_url = 'x' WHERE user_id = %s", (bob.user_id,))
    accounts = {platform: make_account(owner, bob, platform) for platform in ("facebook", "google", "instagram")}
    for status in ("revoked", "expired"):
        broken = make_account(owner, bob, "google", status=status, status_reason="It broke.")
        notice = {"user_id": bob.user_id, "account_id": broken.id, "platform": "google", "message": "It broke."}
        insert(owner, "owner_notices", **notice, kind="connection_lost")
        make_post(owner, bob, broken, requires_approval=True)
    gone = make_account(owner, bob, "facebook", status="revoked", status_reason="You disconnected it.")
    make_post(owner, bob, gone, requires_approval=True)
    owner.execute(
        "UPDATE connected_accounts SET disconnected_at = now(), access_token_encrypted = '' WHERE id = %s", (gone.id,)
    )
    owner.execute(
        "UPDATE connected_accounts SET slowed_until = now() + interval '5 hours', slowed_reason = 'Slow down.' "
        "WHERE id = %s",
        (accounts["facebook"].id,),
    )
    insert(
        owner, "owner_notices", user_id=bob.user_id, account_id=accounts["instagram"].id, platform="instagram",
        kind="access_ends", message="It ends.", takes_effect_at=now + timedelta(days=2),
    )  # fmt: skip
    _posts(owner, bob, accounts)
    for number in range(2):
        insert(
            owner, "media_library", user_id=bob.user_id, filename="van.jpg", url="https://example.com/van.jpg",
            alt_text="A van", refusal="Too small." if number else None,
        )  # fmt: skip
    make_fact(owner, bob, "We are two brothers.")
    make_fact(owner, bob, "They came at once.", kind="review", author="Ann")
    insert(
        owner, "content_generations", user_id=bob.user_id, business_id=bob.business_id, week_start=now.date(),
        model="m", prompt_version="1", slots_wanted=1, themes_why="Tips did best.",
    )  # fmt: skip
    for platform, account in accounts.items():
        whose: dict[str, Any] = {"user_id": bob.user_id, "account_id": account.id, "platform": platform}
        for ago in (1, 2, 31):
            insert(
                owner, "analytics_daily", **whose, day=(now - timedelta(days=ago)).date(), posts=1, reach=100, likes=9
            )
    insert(
        owner, "location_metrics", user_id=bob.user_id, account_id=accounts["google"].id, platform="google",
        day=(now - timedelta(days=1)).date(), metric="CALL_CLICKS", value=3,
    )  # fmt: skip
    return bob


def _posts(owner: Connection, bob: Owner, accounts: dict[str, Connected]) -> None:
    """Each state on each platform, with all that a post can carry there."""
    now = utc_now()
    for platform, account in accounts.items():
        event: dict[str, Any] = {"more_media_urls": ["x"], "more_alt_texts": ["x"]}
        if platform == "google":
            times = {"event_starts_at": now, "event_ends_at": now + timedelta(days=3)}
            event = {"topic_type": "OFFER", "event_title": "Sale", **times}
            event |= {"offer_terms": "All.", "offer_coupon_code": "X", "offer_redeem_url": "x"}
        states: tuple[dict[str, Any], ...] = (
            {"requires_approval": True},
            {"status": "approved", "approved_by": "bob"},
            {"status": "approved", "in_doubt_since": now},
            {"status": "approved", "error_message": "Busy.", "next_attempt_at": now + timedelta(hours=3)},
            {"status": "published", "permalink": "x", "scheduled_for": now - timedelta(days=1)},
            {"status": "failed", "error_message": "No.", "scheduled_for": now - timedelta(days=1)},
            {"status": "rejected", "scheduled_for": now - timedelta(days=1)},
        )
        for state in states:
            post = make_post(
                owner, bob, account, **state, **event, media_url="x", alt_text="x", link_url="x", hashtags=["x"],
                theme="tip",
            )  # fmt: skip
            insert(
                owner, "picture_uses", user_id=bob.user_id, post_id=post, source="unsplash", source_key=str(post),
                url=str(post), author="x", author_url="x", page_url="x", show_url="x", planned_for=now,
            )  # fmt: skip
            if state.get("status") == "published":
                insert(owner, "analytics", post_id=post, user_id=bob.user_id, platform=platform, reach=100, likes=9)


def poison(owner: Connection, bob: Owner) -> set[tuple[str, str]]:
    """Put a script into every text of the owner's rows that takes one; which columns did.

    As nobody could who writes through our own code: triggers and foreign keys are off, so that rows that are closed
    by now are poisoned too, as if they had come with the text.
    """
    done = set()
    owner.execute("SET session_replication_role = replica")
    for name, table in tenants_tables(tables_of(owner)).items():
        for column in table.columns.values():
            if column.type not in ("text", "text[]") or column.is_generated or _finds_rows(table, column.name):
                continue
            is_address = column.name.endswith(("url", "urls", "permalink", "website"))
            for values in (ADDRESSES,) if is_address else ((TEXT, f"{TEXT} 2"), (SHORT, f"{SHORT} 2")):
                with suppress(psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation):
                    if owner.execute(_poisoning(table, column), (list(values), bob.user_id)).rowcount:
                        done.add((name, column.name))
                    break
    owner.execute("UPDATE picture_uses u SET url = p.media_url FROM post_queue p WHERE p.id = u.post_id")
    owner.execute("RESET session_replication_role")
    return done


def _poisoning(table: Table, column: Column) -> bytes:
    """The values by turns, where there is a text."""
    value = "v.given[(r.turn %% cardinality(v.given))::int + 1]"
    if column.type == "text[]":
        value = f"ARRAY[{value}]"
    same = " AND ".join(f"t.{part} = r.{part}" for part in table.key)
    return (
        f"WITH v AS (SELECT %s::text[] AS given), r AS (SELECT {', '.join(table.key)}, row_number() OVER () AS turn "
        f"FROM {table.name} WHERE {table.tenant} = %s) "
        f"UPDATE {table.name} t SET {column.name} = {value} FROM r, v WHERE {same} AND t.{column.name} IS NOT NULL"
    ).encode()


def _finds_rows(table: Table, column: str) -> bool:
    refers = any(column in reference.columns for reference in table.references)
    return refers or column.endswith(_NOT_SHOWN) or column in _BY_NAME
