"""The picture that an owner chooses for a post, decided by the database as the dashboard's role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from models.base import utc_now
from models.database import Role, connect, session
from models.post_pictures import PictureNeeded, PictureTaken, choose
from models.post_status import ImpossibleChange, PostChanged, PostNotFound
from models.queries import query
from tests.factories import Owner, insert, make_account, make_owner, make_post

Db = psycopg.Connection[Any]
ADDRESS = "https://pictures.example/m/new.jpg"


@pytest.fixture
def bob(owner: Db) -> Owner:
    return make_owner(owner)


@pytest.fixture
def new_post(owner: Db, bob: Owner) -> Callable[..., UUID]:
    def make(platform: str = "facebook", **values: Any) -> UUID:
        values.setdefault("status", "approved")
        account = make_account(owner, bob, platform)
        return make_post(owner, bob, account, requires_approval=True, media_url="https://old.example/1.jpg", **values)

    return make


def own_picture(owner: Db, who: Owner, *, fingerprint: str | None = None, instagram: bool = False) -> UUID:
    """A picture of somebody's library that is ready."""
    picture, keys = uuid4(), [uuid4().hex for _ in range(1 + instagram)]
    for key in keys:
        insert(owner, "stored_objects", key=key, user_id=who.user_id, place="local")
    insert(
        owner,
        "media_library",
        id=picture,
        user_id=who.user_id,
        filename="van.jpg",
        url=ADDRESS,
        storage_key=keys[0],
        instagram_key=keys[1] if instagram else None,
        fingerprint=fingerprint,
    )
    return picture


def stock_photo(owner: Db, source: str = "pexels", kind: str = "plumber") -> UUID:
    """A stock photo that is ready."""
    photo, key = uuid4(), uuid4().hex
    insert(owner, "stored_objects", key=key, place="local")
    insert(
        owner,
        "stock_photo_cache",
        id=photo,
        business_type=kind,
        search_query="pipes",
        photo_url=f"https://photos.example/{photo}",
        photographer_name="Ann Lee",
        photographer_url="https://photos.example/ann",
        page_url="https://photos.example/page",
        source=source,
        storage_key=key,
        download_ping_url="https://photos.example/ping" if source == "unsplash" else None,
    )
    return photo


def chosen(who: Owner, post: UUID, owner: Db, platform: str = "facebook", **picture: Any) -> None:
    (seen,) = owner.execute("SELECT content_hash FROM post_queue WHERE id = %s", (post,)).fetchone() or ("",)
    address = {"address": ADDRESS} if picture else {}
    with session(Role.DASHBOARD, tenant=who.user_id) as db:
        choose(db, post, platform=platform, seen_hash=seen, actor=who.email, now=utc_now(), **address | picture)


def standing(owner: Db, post: UUID) -> tuple[Any, ...]:
    row = owner.execute(
        "SELECT p.status, p.media_url, p.alt_text, p.media_id, u.source, u.source_key FROM post_queue p "
        "LEFT JOIN picture_uses u ON u.post_id = p.id WHERE p.id = %s",
        (post,),
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_an_own_picture_takes_the_place_of_all_and_voids_the_approval(
    owner: Db, bob: Owner, new_post: Callable[..., UUID]
) -> None:
    post, picture = (
        new_post(alt_text="Old words", more_media_urls=["https://old.example/2.jpg"]),
        own_picture(owner, bob),
    )
    chosen(bob, post, owner, own=picture, alt_text="Our van")
    assert standing(owner, post) == ("pending", ADDRESS, "Our van", picture, "upload", f"media:{picture}")
    assert owner.execute("SELECT more_media_urls, approved_hash FROM post_queue").fetchone() == (None, None)
    assert owner.execute("SELECT last_used_at IS NOT NULL FROM media_library").fetchone() == (True,)


def test_instagram_shows_the_cropped_picture(owner: Db, bob: Owner, new_post: Callable[..., UUID]) -> None:
    picture = own_picture(owner, bob, instagram=True)
    chosen(bob, new_post("instagram"), owner, "instagram", own=picture)
    row = owner.execute(
        "SELECT u.storage_key = m.instagram_key FROM picture_uses u JOIN media_library m ON m.id = u.media_id"
    ).fetchone()
    assert row == (True,)


@pytest.mark.parametrize(("source", "pinged"), [("pexels", False), ("unsplash", True)])
def test_a_stock_photo_comes_with_whom_to_thank_and_its_duties(
    owner: Db, bob: Owner, new_post: Callable[..., UUID], source: str, pinged: bool
) -> None:
    post, photo = new_post(), stock_photo(owner, source)
    chosen(bob, post, owner, stock=photo, alt_text="Pipes")
    assert standing(owner, post)[1:5] == (ADDRESS, "Pipes", None, source)
    uses = owner.execute("SELECT author, page_url, show_url IS NOT NULL, ping_due_at IS NOT NULL FROM picture_uses")
    assert uses.fetchall() == [("Ann Lee", "https://photos.example/page", pinged, pinged)]


def test_no_picture_frees_the_one_it_had(owner: Db, bob: Owner, new_post: Callable[..., UUID]) -> None:
    post, other, picture = new_post(), new_post(), own_picture(owner, bob)
    chosen(bob, post, owner, own=picture)
    chosen(bob, post, owner)
    assert standing(owner, post) == ("pending", None, None, None, None, None)
    chosen(bob, other, owner, own=picture)
    assert standing(owner, other)[3] == picture


def test_instagram_is_never_left_without_a_picture(owner: Db, bob: Owner, new_post: Callable[..., UUID]) -> None:
    post = new_post("instagram")
    with pytest.raises(PictureNeeded, match="Instagram takes no post without a picture"):
        chosen(bob, post, owner, "instagram")
    assert standing(owner, post)[0] == "approved"


@pytest.mark.parametrize("alike", ["the same", "the same look"])
def test_a_picture_that_rests_is_refused_and_everything_stays_as_it_was(
    owner: Db, bob: Owner, new_post: Callable[..., UUID], alike: str
) -> None:
    first, second = new_post(), new_post()
    picture = own_picture(owner, bob, fingerprint="ab" * 32)
    mine = own_picture(owner, bob)
    chosen(bob, first, owner, own=picture)
    chosen(bob, second, owner, own=mine)
    owner.execute("UPDATE post_queue SET status = 'approved' WHERE id = %s", (second,))
    before = standing(owner, second)
    wanted = picture if alike == "the same" else own_picture(owner, bob, fingerprint="ab" * 31 + "aa")
    with pytest.raises(PictureTaken, match="in the last 60 days"):
        chosen(bob, second, owner, own=wanted)
    assert standing(owner, second) == before, "approved, with the picture that it had"


@pytest.mark.parametrize("whose", ["another tenant's", "nobody's", "one that cannot be posted"])
def test_a_picture_that_is_not_ones_own_is_refused(
    owner: Db, bob: Owner, new_post: Callable[..., UUID], whose: str
) -> None:
    post = new_post()
    pictures = {
        "another tenant's": own_picture(owner, make_owner(owner)),
        "nobody's": uuid4(),
        "one that cannot be posted": own_picture(owner, bob),
    }
    owner.execute("UPDATE media_library SET refusal = 'broken' WHERE user_id = %s", (bob.user_id,))
    with pytest.raises(PictureTaken):
        chosen(bob, post, owner, own=pictures[whose])
    assert standing(owner, post)[:2] == ("approved", "https://old.example/1.jpg")


def test_a_picture_for_a_post_that_changed_or_is_out_is_refused(
    owner: Db, bob: Owner, new_post: Callable[..., UUID]
) -> None:
    picture, post = own_picture(owner, bob), new_post()
    with session(Role.DASHBOARD, tenant=bob.user_id) as db, pytest.raises(PostChanged):
        choose(db, post, platform="facebook", seen_hash="old", actor="x", now=utc_now(), own=picture, address=ADDRESS)
    with pytest.raises(ImpossibleChange):
        chosen(bob, new_post(status="published"), owner, own=picture)
    with pytest.raises(PostNotFound):
        chosen(make_owner(owner), post, owner, own=picture)


def test_the_functions_of_the_database_know_only_the_tenant_of_the_transaction(
    owner: Db, bob: Owner, new_post: Callable[..., UUID]
) -> None:
    post, picture, photo = new_post(), own_picture(owner, bob), stock_photo(owner)
    held = new_post(lease_expires_at=utc_now() + timedelta(minutes=1))
    live = new_post(status="published")
    eve = make_owner(owner)
    arguments = {"own": picture, "stock": None, "address": ADDRESS}
    with connect(Role.DASHBOARD, autocommit=True) as dashboard:
        for tenant, wanted in ((eve.user_id, post), ("", post), (bob.user_id, held), (bob.user_id, live)):
            dashboard.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(tenant),))
            answer = dashboard.execute(query("choose_picture").encode(), arguments | {"post_id": wanted}).fetchone()
            assert answer == (False,)
            seen = dashboard.execute("SELECT id FROM stock_pictures('plumber', 9)").fetchall()
            assert seen == ([] if tenant == "" else [(photo,)])
    assert owner.execute("SELECT count(*) FROM picture_uses").fetchone() == (0,)


def test_stock_photos_are_offered_of_the_trade_and_not_while_they_rest(
    owner: Db, bob: Owner, new_post: Callable[..., UUID]
) -> None:
    photo, other, _roof = stock_photo(owner), stock_photo(owner), stock_photo(owner, kind="roofer")
    refused = stock_photo(owner)
    owner.execute("UPDATE stock_photo_cache SET refusal = 'too small' WHERE id = %s", (refused,))
    chosen(bob, new_post(), owner, stock=photo)

    def offered(who: Owner) -> set[UUID]:
        with session(Role.DASHBOARD, tenant=who.user_id) as db:
            rows = db.connection().exec_driver_sql(query("dashboard_stock_pictures"), {"kind": "plumber", "limit": 9})
            return {row.id for row in rows}

    assert offered(bob) == {other}
    assert offered(make_owner(owner)) == {photo, other}
