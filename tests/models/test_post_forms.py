"""The forms of a post in the database: which are possible, that approval is for all of it, that old hashes stand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from models import migrations, post_status
from models.base import utc_now
from models.database import Role, session
from models.gates import LIMITS
from models.migrations import migrate
from models.post_status import ImpossibleChange
from platforms.facebook import Facebook
from platforms.google_business import GoogleBusiness
from platforms.instagram import MAX_PICTURES
from tests.factories import Owner, make_account, make_owner, make_post

Db = psycopg.Connection[Any]
PICTURE = "https://example.com/{}.jpg"
ALBUM: dict[str, Any] = {
    "media_url": PICTURE.format(0),
    "more_media_urls": [PICTURE.format(1), PICTURE.format(2)],
    "more_alt_texts": ["A valve", None],
}
EVENT: dict[str, Any] = {
    "topic_type": "EVENT",
    "event_title": "Open day",
    "event_starts_at": "2026-12-05 16:00Z",
    "event_ends_at": "2026-12-05 20:00Z",
}
OFFER = EVENT | {
    "topic_type": "OFFER",
    "offer_coupon_code": "TAP10",
    "offer_redeem_url": "https://example.com/tap",
    "offer_terms": "One each",
}


@pytest.fixture
def person(owner: Db) -> Owner:
    return make_owner(owner, plan="pro")


@pytest.fixture
def new_post(owner: Db, person: Owner) -> Callable[..., UUID]:
    accounts = {platform: make_account(owner, person, platform) for platform in ("google", "facebook", "instagram")}
    return lambda platform, **columns: make_post(owner, person, accounts[platform], **columns)


def value(db: Db, column: str, post_id: UUID) -> Any:
    row = db.execute(f"SELECT {column} FROM post_queue p WHERE id = %s".encode(), (post_id,)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("platform", "columns"),
    [
        ("facebook", ALBUM),
        ("facebook", ALBUM | {"more_media_urls": [PICTURE.format(n) for n in range(9)], "more_alt_texts": None}),
        ("instagram", ALBUM),
        ("google", {"topic_type": "STANDARD"}),
        ("google", EVENT),
        ("google", EVENT | {"media_url": PICTURE.format(0)}),
        ("google", OFFER),
        ("google", EVENT | {"topic_type": "OFFER"}),
    ],
)
def test_these_forms_are_possible(new_post: Callable[..., UUID], platform: str, columns: dict[str, Any]) -> None:
    new_post(platform, **columns)


@pytest.mark.parametrize(
    ("platform", "columns", "constraint"),
    [
        ("google", ALBUM, "pictures"),
        ("facebook", ALBUM | {"media_url": None}, "pictures"),
        ("facebook", ALBUM | {"more_media_urls": [PICTURE.format(n) for n in range(10)]}, "pictures"),
        ("facebook", ALBUM | {"more_media_urls": [], "more_alt_texts": []}, "pictures"),
        ("facebook", ALBUM | {"more_media_urls": [PICTURE.format(1), None]}, "pictures"),
        ("facebook", ALBUM | {"more_media_urls": [[PICTURE.format(1)], [PICTURE.format(2)]]}, "pictures"),
        ("facebook", ALBUM | {"more_alt_texts": ["A valve"]}, "pictures"),
        ("facebook", ALBUM | {"more_alt_texts": []}, "pictures"),
        ("facebook", {"media_url": PICTURE.format(0), "more_alt_texts": ["A valve"]}, "pictures"),
        ("facebook", {"topic_type": "STANDARD"}, "topic_type"),
        ("instagram", EVENT, "topic_type"),
        ("google", {"topic_type": "ALERT"}, "topic_type"),
        ("google", EVENT | {"event_title": None}, "event"),
        ("google", EVENT | {"event_title": "  "}, "event"),
        ("google", EVENT | {"event_starts_at": None}, "event"),
        ("google", EVENT | {"event_ends_at": None}, "event"),
        ("google", EVENT | {"event_ends_at": EVENT["event_starts_at"]}, "event"),
        ("google", EVENT | {"event_ends_at": "infinity"}, "event"),
        ("google", EVENT | {"event_starts_at": "-infinity"}, "event"),
        ("google", EVENT | {"event_ends_at": "12026-12-05 20:00Z"}, "event"),
        ("google", EVENT | {"topic_type": None}, "event"),
        ("google", EVENT | {"topic_type": "STANDARD"}, "event"),
        ("google", {"topic_type": "OFFER", "offer_terms": "One each"}, "event"),
        ("google", EVENT | {"offer_terms": "One each"}, "offer"),
        ("google", {"offer_coupon_code": "TAP10"}, "offer"),
        ("facebook", {"offer_redeem_url": "https://example.com"}, "offer"),
    ],
)
def test_these_forms_are_impossible(
    new_post: Callable[..., UUID], platform: str, columns: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=f"post_queue_{constraint}_check"):
        new_post(platform, **columns)


CHANGES = [
    ("facebook", ALBUM, "more_media_urls", [PICTURE.format(2), PICTURE.format(1)]),
    ("facebook", ALBUM, "more_alt_texts", ["A pipe", None]),
    ("google", OFFER, "topic_type", "EVENT"),
    ("google", {}, "topic_type", "STANDARD"),
    ("google", EVENT, "event_title", "Closed day"),
    ("google", EVENT, "event_starts_at", "2026-12-05 17:00Z"),
    ("google", EVENT, "event_ends_at", "2026-12-05 21:00Z"),
    ("google", OFFER, "offer_coupon_code", "TAP20"),
    ("google", OFFER, "offer_redeem_url", None),
    ("google", OFFER, "offer_terms", "Two each"),
]


@pytest.mark.parametrize(("platform", "columns", "column", "new"), CHANGES, ids=[change[2] for change in CHANGES])
def test_changing_any_of_it_takes_the_approval_away(
    owner: Db,
    person: Owner,
    new_post: Callable[..., UUID],
    platform: str,
    columns: dict[str, Any],
    column: str,
    new: Any,
) -> None:
    post = new_post(platform, status="approved", requires_approval=True, **columns)
    before = value(owner, "content_hash", post)
    assert value(owner, "approved_hash", post) == before
    extra = ", offer_coupon_code = NULL, offer_redeem_url = NULL, offer_terms = NULL" if new == "EVENT" else ""
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        db.connection().exec_driver_sql(f"UPDATE post_queue SET {column} = %s{extra} WHERE id = %s", (new, post))
    assert value(owner, "status", post) == "pending"
    assert value(owner, "approved_hash", post) is None
    assert value(owner, "content_hash", post) != before


def test_nothing_of_it_can_be_changed_under_a_workers_hands(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post("google", status="approved", **EVENT)
    owner.execute("UPDATE post_queue SET lease_expires_at = now() + interval '1 minute' WHERE id = %s", (post,))
    with pytest.raises(psycopg.errors.LockNotAvailable, match="being published right now"):
        owner.execute("UPDATE post_queue SET event_title = 'Closed day' WHERE id = %s", (post,))


def test_the_hash_does_not_depend_on_the_time_zone_of_the_session(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post("google", **EVENT)
    owner.execute("SET timezone = 'Asia/Tokyo'")
    assert value(owner, "post_content_hash(p) = content_hash", post)


def test_an_edit_of_the_pictures_takes_the_approval_away(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post("instagram", status="approved", requires_approval=True, **ALBUM)
    new = [PICTURE.format(7)]
    with session(Role.WORKER) as db:
        post_status.edit(
            db, post, seen_hash=value(owner, "content_hash", post), actor="anna", now=utc_now(), more_media_urls=new
        )
    assert value(owner, "status", post) == "pending"
    assert value(owner, "more_media_urls", post) == new
    assert value(owner, "more_alt_texts", post) is None


@pytest.mark.parametrize("change", [{"media_url": None}, {"more_media_urls": None}, {"more_media_urls": []}])
def test_pictures_can_be_taken_away(owner: Db, new_post: Callable[..., UUID], change: dict[str, Any]) -> None:
    post = new_post("facebook", **ALBUM)
    with session(Role.WORKER) as db:
        post_status.edit(db, post, seen_hash=value(owner, "content_hash", post), actor="anna", now=utc_now(), **change)
    assert value(owner, "more_media_urls", post) is None
    assert value(owner, "more_alt_texts", post) is None
    assert value(owner, "media_url", post) == (None if "media_url" in change else ALBUM["media_url"])


def test_another_edit_leaves_the_pictures_alone(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post("facebook", **ALBUM)
    with session(Role.WORKER) as db:
        seen = value(owner, "content_hash", post)
        post_status.edit(db, post, seen_hash=seen, actor="anna", now=utc_now(), content="New words")
    assert value(owner, "more_media_urls", post) == ALBUM["more_media_urls"]
    assert value(owner, "more_alt_texts", post) == ALBUM["more_alt_texts"]


@pytest.mark.parametrize(("platform", "most"), [("google", 1), ("facebook", 10), ("instagram", 10)])
def test_more_pictures_than_the_platform_takes_are_refused_in_words(
    owner: Db, new_post: Callable[..., UUID], platform: str, most: int
) -> None:
    post = new_post(platform, media_url=PICTURE.format(0))
    too_many = [PICTURE.format(n) for n in range(1, most + 1)]
    seen = value(owner, "content_hash", post)
    with pytest.raises(ImpossibleChange, match=f"at most {most} pictures, not {most + 1}"), session(Role.WORKER) as db:
        post_status.edit(db, post, seen_hash=seen, actor="anna", now=utc_now(), more_media_urls=too_many)


def test_queue_and_platforms_take_the_same_number_of_pictures() -> None:
    ours = {name: limits.max_pictures for name, limits in LIMITS.items()}
    theirs = {"google": GoogleBusiness.limits, "facebook": Facebook.limits}
    assert ours == {name: limits.max_pictures for name, limits in theirs.items()} | {"instagram": MAX_PICTURES}


def test_posts_from_before_keep_their_hash_and_their_approval(empty_database_url: str, tmp_path: Path) -> None:
    before = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parents[1] / "sql" / "migrations", before)
    for path in before.iterdir():
        if path.name >= "017":
            path.unlink()
    migrate(empty_database_url, before)
    hashes = "SELECT id, content_hash, approved_hash, status FROM post_queue ORDER BY id"
    with psycopg.connect(empty_database_url, autocommit=True) as db:
        db.execute("INSERT INTO users (email, password_hash) VALUES ('bob@example.com', 'x')")
        db.execute(
            "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted) "
            "SELECT id, 'facebook', '123', 'x' FROM users"
        )
        posts: tuple[tuple[str, str | None, list[str] | None], ...]
        posts = (("approved", None, None), ("approved", PICTURE.format(1), ["a", "b"]), ("pending", None, []))
        for post in posts:
            db.execute(
                "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for, requires_approval, "
                "link_url, status, media_url, hashtags) "
                "SELECT user_id, id, platform, 'Hello', now(), true, 'https://a.example', %s, %s, %s "
                "FROM connected_accounts",
                post,
            )
        old = db.execute(hashes).fetchall()
        migrate(empty_database_url)
        assert db.execute(hashes).fetchall() == old
        recomputed = db.execute("SELECT bool_and(post_content_hash(p) = content_hash) FROM post_queue p").fetchone()
        assert recomputed == (True,)
        db.execute("UPDATE post_queue SET content_hash = 'somebody else''s idea'")  # the trigger reckons anew
        assert db.execute(hashes).fetchall() == old
