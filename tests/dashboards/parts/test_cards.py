"""Posts drawn as HTML: what a tenant, a model or a platform wrote never becomes markup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.accounts import list_item
from dashboards.parts.cards import badge, definition_list, facts, hashtag_line, preview, web_address
from dashboards.parts.tables import table
from dashboards.parts.wording import State
from tests.dashboards.house import ALLOWED_TAGS, Seen
from tests.dashboards.parts.test_wording import card

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</article></div><iframe src=javascript:alert(1)>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    '<a href="https://evil.example">click</a>',
]


def drawn(**changes: Any) -> Seen:
    """What a browser sees of a post's preview."""
    return Seen(preview(card(**changes), zone=ZONE, now=NOW))


TEXT_FIELDS = ["content", "account_name", "alt_text", "media_url", "link_url", "call_to_action", "permalink", "theme"]
TEXT_FIELDS += [
    "photo_author",
    "photo_author_url",
    "photo_page_url",
    "photo_show_url",
    "photo_source",
    "event_title",
    "offer_coupon_code",
    "offer_redeem_url",
    "offer_terms",
]
LIST_FIELDS = ["hashtags", "more_media_urls", "more_alt_texts"]
EVENT = {
    "platform": "google",
    "topic_type": "EVENT",
    "event_title": "Open day",
    "event_starts_at": datetime(2026, 12, 5, 16, tzinfo=UTC),
    "event_ends_at": datetime(2026, 12, 5, 20, tzinfo=UTC),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", [*TEXT_FIELDS, *LIST_FIELDS, "platform"])
def test_no_text_becomes_markup(field: str, attack: str) -> None:
    changes: dict[str, Any] = {"media_url": "https://example.com/a.jpg", "link_url": "https://example.com"}
    changes |= {"photo_source": "pexels", "photo_author": "Ann Lee", "photo_page_url": "https://pexels.example/1"}
    changes |= EVENT | {"more_media_urls": ["https://example.com/b.jpg"] * 2}
    changes[field] = [attack, attack] if field in LIST_FIELDS else attack
    seen = drawn(**changes)
    assert set(seen.tags) <= ALLOWED_TAGS
    allowed = {"class", "src", "alt", "loading", "referrerpolicy", "aria-hidden", "href", "target", "rel"}
    assert set(seen.attributes) <= allowed
    assert all(href.startswith("https://") for href in seen.attributes.get("href", []))
    assert all(src.startswith("https://") for src in seen.attributes.get("src", []))


@pytest.mark.parametrize("attack", ATTACKS)
def test_other_pieces_escape_too(attack: str) -> None:
    class Account:
        platform: str = attack
        account_name: str | None = attack
        account_id: str = attack
        status: str = "active"
        status_reason: str | None = attack
        token_expires_at: datetime | None = None
        last_refreshed_at: datetime | None = None
        connected_at: datetime = NOW
        disconnected_at: datetime | None = None
        open_posts: int = 0
        slowed_until: datetime | None = None
        slowed_reason: str | None = attack
        full_until: datetime | None = None
        posts_used: int | None = None
        posts_total: int | None = None
        lost_at: datetime | None = None
        ends_message: str | None = attack
        ends_at: datetime | None = None

    html = badge(State(attack, attack, "calm")) + definition_list([(attack, attack)])
    html += facts(card(theme=attack), zone=ZONE, now=NOW)
    html += list_item(Account(), State(attack, attack, "good"), zone=ZONE)
    html += list_item(Account(), State(attack, attack, "warn"), zone=ZONE)
    html += table(attack, [{attack: attack, "Posts": 3}])
    seen = Seen(html)
    assert set(seen.tags) <= ALLOWED_TAGS
    assert set(seen.attributes) <= {"class", "aria-hidden", "scope"}


@given(content=st.text(min_size=1).filter(lambda text: "\x00" not in text and "\r" not in text))
def test_every_text_is_shown_whole_and_unchanged(content: str) -> None:
    seen = drawn(content=content)
    assert content in seen.text
    assert set(seen.tags) <= ALLOWED_TAGS


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//example.com/a", "/local", "ftp://example.com", "https://", "", None],
)
def test_only_web_addresses_become_pictures_and_links(url: str | None) -> None:
    assert web_address(url) is None
    assert "img" not in drawn(media_url=url).tags


def test_each_platform_has_its_order_and_its_button() -> None:
    picture = "https://example.com/a.jpg"
    facebook = preview(card(media_url=picture), zone=ZONE, now=NOW)
    google = preview(
        card(platform="google", media_url=picture, call_to_action="LEARN_MORE", link_url="https://bob.example/x"),
        zone=ZONE,
        now=NOW,
    )
    assert facebook.index("pa-post-text") < facebook.index("<img")
    assert google.index("<img") < google.index("pa-post-text")
    assert "Learn more" in google
    assert "bob.example" in google


def test_a_link_looks_as_each_platform_shows_it() -> None:
    link, picture = {"link_url": "https://www.bob.example/x"}, {"media_url": "https://example.com/a.jpg"}
    assert "BOB.EXAMPLEBob's Plumbing" in drawn(**link).text
    assert "BOB.EXAMPLE" not in drawn(**link, **picture).text, "Facebook shows the picture, or the link"
    assert "Learn more bob.example" in drawn(**link, **picture, platform="google").text
    assert "Call now" in drawn(platform="google", call_to_action="CALL").text
    assert "bob.example" not in drawn(**link, **picture, platform="instagram").text.casefold()


def test_all_pictures_are_shown_in_their_order_with_what_they_show() -> None:
    urls = [f"https://example.com/{name}.jpg" for name in "abc"]
    seen = drawn(media_url=urls[0], more_media_urls=urls[1:], alt_text="A pipe", more_alt_texts=[None, "A valve"])
    assert seen.attributes["src"] == urls
    assert seen.attributes["alt"] == ["A pipe", "Picture 2 of 3", "A valve"]
    assert drawn(media_url=urls[0]).attributes["alt"] == ["The picture of this post"]
    unsafe = drawn(media_url=urls[0], more_media_urls=["javascript:alert(1)", urls[2]])
    assert unsafe.attributes["src"] == [urls[0], urls[2]]


def test_an_event_shows_its_title_and_its_times_on_the_owners_clock_with_the_zone_named() -> None:
    seen = drawn(**EVENT, call_to_action="SIGN_UP", link_url="https://bob.example/x")
    assert "Open daySat, Dec 5, 2026, 10:00 AM to 2:00 PM, Chicago time (CST)" in seen.text
    assert "Sign up" in seen.text


def test_an_offer_shows_what_it_gives_and_no_button_which_google_would_not_show() -> None:
    offer = {**EVENT, "topic_type": "OFFER", "call_to_action": "SHOP", "link_url": "https://bob.example/x"}
    offer |= {"offer_coupon_code": "TAP10", "offer_redeem_url": "https://shop.example/a", "offer_terms": "One each"}
    seen = drawn(**offer)
    assert "Code TAP10Redeem at shop.exampleOne each" in seen.text
    assert "Chicago time" in seen.text
    assert "Shop" not in seen.text
    assert "bob.example" not in seen.text


def test_hashtags_are_written_with_one_sign_however_they_are_kept() -> None:
    assert hashtag_line(["#one", "two"]) == "#one #two"
    assert "#one #two" in drawn(platform="instagram", hashtags=["one", "two"]).text


def test_numbers_of_a_live_post_are_shown_where_the_platform_tells() -> None:
    live = {"status": "published", "published_at": NOW, "reach": 1204, "likes": 1, "comments": 0, "shares": 2}
    assert "1,204 reached1 like0 comments2 shares" in drawn(**live).text
    assert "reached" not in drawn(status="published", published_at=NOW).text


def test_a_stock_photo_names_and_links_who_made_it_and_where_it_is_from() -> None:
    thanks = {
        "photo_source": "pexels",
        "photo_author": "Ann Lee",
        "photo_author_url": "https://www.pexels.com/@ann",
        "photo_page_url": "https://www.pexels.com/photo/1/",
    }
    seen = drawn(media_url="https://example.com/a.jpg", **thanks)
    assert "Photo by Ann Lee on Pexels" in seen.text
    assert seen.attributes["href"] == ["https://www.pexels.com/@ann", "https://www.pexels.com/photo/1/"]
    assert "Photo on Pexels" in drawn(media_url="https://example.com/a.jpg", photo_source="pexels").text
    for nothing_to_thank_for in ({"photo_source": "upload"}, {}, {"photo_source": "pexels", "media_url": None}):
        assert "Photo" not in drawn(**{"media_url": "https://example.com/a.jpg"} | nothing_to_thank_for).text


def test_an_unsplash_photo_is_shown_from_where_unsplash_asks() -> None:
    ours: dict[str, Any] = {"media_url": "https://ours.example/m/1.jpg", "photo_source": "unsplash"}
    assert drawn(**ours, photo_show_url="https://images.example/1").attributes["src"] == ["https://images.example/1"]
    assert "img" not in drawn(**ours, photo_show_url="javascript:alert(1)").tags
