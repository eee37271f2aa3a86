"""The page of pictures: with some, without any, on every plan, and what it says before something is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from models import media_library
from models.base import utc_now
from models.database import Role, session
from models.plan_rights import PLANS
from models.settings import settings
from tasks.media.storage import Storages
from tasks.media.uploading import keep_upload
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import ALLOWED_TAGS, Login, Seen, make_login, words
from tests.factories import Owner, insert, make_account, make_owner, make_post
from tests.tasks.content.fakes import picture_of

Connection = psycopg.Connection[Any]
ATTACK = "<img src=x onerror=alert(1)> *b* [x](javascript:alert(1))"


@pytest.fixture(autouse=True)
def _home(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    settings.cache_clear()


def _upload(who: Owner, name: str = "van.jpg") -> UUID:
    storages = Storages.from_settings(settings())
    return keep_upload(storages, who.user_id, PLANS["pro"], filename=name, content=picture_of(name))


def _wait_with(owner: Connection, who: Owner, media: UUID) -> UUID:
    url = "http://localhost:8501/m/x.jpg"
    post = make_post(owner, who, make_account(owner, who), media_url=url, requires_approval=True)
    use = {"user_id": who.user_id, "post_id": post, "media_id": media, "source": "upload", "source_key": str(media)}
    insert(owner, "picture_uses", **use, url=url, planned_for=utc_now())
    return post


def test_an_empty_library_says_what_it_is_for(bob_in: Login, open_page: OpenPage) -> None:
    test = open_page(bob_in, "pictures")
    said = words(test)
    assert "No pictures yet." in said
    assert "0 of 200 pictures, 0.0 of 200 MB used." in said
    assert 'action="/pictures/upload"' in said
    assert 'enctype="multipart/form-data"' in said


def test_pictures_are_shown_by_our_own_path_and_nobody_elses(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    eve = make_owner(owner)
    _upload(eve, "eve.jpg")
    _upload(bob_in.owner)
    test = open_page(bob_in, "pictures")
    (key,) = owner.execute("SELECT storage_key FROM media_library WHERE filename = 'van.jpg'").fetchone() or ("",)
    said = words(test)
    assert f'src="/m/{key}"' in said
    assert "1 of 200 pictures, 0.0 of 200 MB used." in said
    assert "Not shown yet" in said
    assert "eve.jpg" not in said


def test_a_picture_is_described_in_one_line(owner: Connection, bob_in: Login) -> None:
    media = _upload(bob_in.owner)
    for words_given, kept in (("  Our van\nin front of\x00 a house ", "Our van in front of a house"), (" \n", None)):
        with session(Role.DASHBOARD, tenant=bob_in.owner.user_id) as db:
            media_library.describe(db, media, words_given)
        assert owner.execute("SELECT alt_text FROM media_library").fetchone() == (kept,)


def test_what_waits_is_told_before_a_picture_is_deleted(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    media = _upload(bob_in.owner)
    post = _wait_with(owner, bob_in.owner, media)
    test = open_page(bob_in, "pictures")
    assert "In 1 post waiting to go out" in words(test)
    test.button(key=f"delete-{media}").click().run()
    assert "1 post waits to go out with this picture, and will still show it." in words(test)
    assert owner.execute("SELECT count(*) FROM media_library").fetchone() == (1,)
    with session(Role.DASHBOARD, tenant=bob_in.owner.user_id) as db:  # the dialog's button: see test_browser.py
        media_library.delete(db, media)
    assert owner.execute("SELECT count(*) FROM media_library").fetchone() == (0,)
    assert owner.execute("SELECT media_url IS NOT NULL, status FROM post_queue WHERE id = %s", (post,)).fetchone() == (
        True,
        "pending",
    )


def test_a_deleted_picture_is_not_shown_once_its_post_is_out(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    post = _wait_with(owner, bob_in.owner, _upload(bob_in.owner))
    owner.execute("DELETE FROM media_library")
    assert "/m/x.jpg" in words(open_page(bob_in, "queue", show="waiting"))
    owner.execute("UPDATE post_queue SET requires_approval = false WHERE id = %s", (post,))
    owner.execute(
        "UPDATE post_queue SET status = 'published', platform_post_id = '1', published_at = now() WHERE id = %s",
        (post,),
    )
    assert "/m/x.jpg" not in words(open_page(bob_in, "queue", show="published"))


def test_a_post_with_a_stock_photo_thanks_who_made_it(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    who, url = bob_in.owner, "https://media.example/m/1.jpg"
    post = make_post(owner, who, make_account(owner, who), media_url=url, requires_approval=True)
    stock = {"source": "pexels", "source_key": "1", "author": "Ann Lee", "page_url": "https://www.pexels.com/photo/1/"}
    insert(owner, "picture_uses", user_id=who.user_id, post_id=post, url=url, **stock, planned_for=utc_now())
    assert 'Photo by Ann Lee on <a href="https://www.pexels.com/photo/1/"' in words(open_page(bob_in, "queue"))
    owner.execute("UPDATE post_queue SET media_url = 'https://example.com/another.jpg'")
    assert "Ann Lee" not in words(open_page(bob_in, "queue"))  # another picture by now


def test_starter_is_told_what_is_missing_and_keeps_what_there_is(owner: Connection, open_page: OpenPage) -> None:
    starter = make_owner(owner, plan="starter")
    _upload(starter)
    said = words(open_page(make_login(owner, starter), "pictures"))
    assert "part of Pro and Premium" in said
    assert "/pictures/upload" not in said
    assert "van.jpg" in said


def test_a_canceled_owner_sees_and_changes_nothing(owner: Connection, open_page: OpenPage) -> None:
    canceled = make_owner(owner, status="canceled")
    media = _upload(canceled)
    test = open_page(make_login(owner, canceled), "pictures")
    assert "van.jpg" in words(test)
    assert "/pictures/upload" not in words(test)
    assert f"delete-{media}" not in [button.key for button in test.button]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"added": "3"}, ["3 pictures added."]),
        ({"added": "1", "refused": "known,shape"}, ["1 picture added.", "already", "too small"]),
        ({"added": "0", "refused": "storage"}, ["could not store that right now"]),
        ({"added": "0", "refused": "full,size,many,plan,nothing,broken,too_large,not_a_picture"}, ["library is full"]),
    ],
)
def test_what_came_of_an_upload_is_said(
    bob_in: Login, open_page: OpenPage, query: dict[str, str], said: list[str]
) -> None:
    told = words(open_page(bob_in, "pictures", **query))
    for part in said:
        assert part in told


@pytest.mark.parametrize("query", [{"added": "999999"}, {"added": ATTACK}, {"added": "0", "refused": ATTACK}])
def test_nobody_puts_words_on_the_page_by_a_link(bob_in: Login, open_page: OpenPage, query: dict[str, str]) -> None:
    told = words(open_page(bob_in, "pictures", **query))
    for part in ("onerror", "javascript", "added.", "999"):
        assert part not in told


def test_no_text_of_an_owners_becomes_markup(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    ids = {"user_id": bob_in.owner.user_id}
    insert(owner, "media_library", **ids, filename=ATTACK, url=ATTACK, alt_text=ATTACK, refusal=ATTACK)
    insert(owner, "media_library", **ids, filename=ATTACK, url="javascript:alert(1)", alt_text=ATTACK)
    for html in open_page(bob_in, "pictures").html:
        seen = Seen(html.proto.body)
        assert set(seen.tags) <= ALLOWED_TAGS | {"input", "label", "style"}
        assert "onerror" not in seen.attributes
        assert all(src.startswith(("/m/", "https://")) for src in seen.attributes.get("src", []))


def test_many_pictures_have_pages(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    for number in range(13):
        insert(owner, "media_library", user_id=bob_in.owner.user_id, filename=f"n{number}", url="https://x.example/1")
    said = words(open_page(bob_in, "pictures"))
    assert said.count('class="pa-media-facts"') == 12
