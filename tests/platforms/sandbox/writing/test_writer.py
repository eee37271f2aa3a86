"""The writer's weeks: nobody sees a sentence twice, nothing is invented, everything fits its platform."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from platforms.sandbox.writing.banks import SECTIONS, Unit, all_banks, bank_for, frames, sentences
from platforms.sandbox.writing.writer import Writer, plain

MONDAY = date(2026, 11, 23)
DEFAULT_THEMES = ("tip", "promotion", "seasonal")
ALL_THEMES = (*DEFAULT_THEMES, "testimonial", "fun_fact")
TRADES = ("plumber", "electrician", "roofer", "HVAC contractor", "landscaper", "painter", "cleaning service", "bakery",
          "dentist", "hair salon", "auto repair", "restaurant")  # fmt: skip
CLAIMS = re.compile(
    r"\d|%|\$|https?:|www\.|\bfree\b|guarant|licens|insured|award|cheapest|number one|lowest|\bbest in\b|since the",
    re.IGNORECASE,
)


def request(
    business_type: str = "plumber",
    *,
    monday: date = MONDAY,
    posts: int = 21,
    themes: tuple[str, ...] = DEFAULT_THEMES,
    **more: Any,
) -> dict[str, Any]:
    slots = []
    for number in range(posts):
        day = monday + timedelta(days=number * 7 // posts)
        platform = ("google", "facebook", "instagram")[number % 3]
        theme = themes[(number // 3 + number) % len(themes)]
        slots.append(
            {"slot": f"{day}T{9 + number % 3 * 4:02d}:00-{platform}", "platform": platform, "theme": theme,
             "weekday": day.strftime("%A"), "date": str(day), "template": "", "max_characters": 1500}
        )  # fmt: skip
    business = {"name": f"Bob's {business_type}", "type": business_type, "city": "Austin", "state": "TX",
                "description": "", "website": "https://bob.example", "brand_voice": "friendly"}  # fmt: skip
    return {"business": {**business, **more.pop("business", {})}, "avoid_keywords": [], "today": str(monday),
            "season": "late autumn", "recent_posts": [], "slots": slots, **more}  # fmt: skip


def seen(posts: list[dict[str, Any]]) -> Counter[str]:
    return Counter(plain(sentence) for post in posts for sentence in sentences(post["text"]))


@pytest.mark.parametrize("themes", [DEFAULT_THEMES, ALL_THEMES], ids=["default", "all"])
def test_twelve_owners_never_see_a_sentence_twice_in_a_week_and_hardly_in_four(themes: tuple[str, ...]) -> None:
    writer = Writer()
    texts: Counter[str] = Counter()
    again = total = 0
    for trade in TRADES:
        month: Counter[str] = Counter()
        for week in range(4):
            posts = writer.write(request(trade, monday=MONDAY + timedelta(weeks=week), themes=themes))
            assert len(posts) == 21
            counted = seen(posts)
            assert counted.most_common(1)[0][1] == 1, counted.most_common(3)
            month += counted
            texts.update(post["text"] for post in posts)
        again += sum(count - 1 for count in month.values())
        total += sum(month.values())
    assert texts.most_common(1)[0][1] == 1
    assert again / total < 0.05  # 21 posts a week for four weeks is more than any plan but the largest has


def test_at_the_usual_pace_four_weeks_hold_no_sentence_twice() -> None:
    writer = Writer()
    for trade in TRADES:
        month: Counter[str] = Counter()
        for week in range(4):
            month += seen(writer.write(request(trade, monday=MONDAY + timedelta(weeks=week), posts=7)))
        assert month.most_common(1)[0][1] == 1, (trade, month.most_common(2))


def test_two_businesses_of_a_trade_in_one_town_post_different_things() -> None:
    writer = Writer()
    one = writer.write(request(business={"name": "Alpha Plumbing"}))
    two = writer.write(request(business={"name": "Beta Plumbing"}))
    assert not {post["text"] for post in one} & {post["text"] for post in two}


def test_the_same_request_gets_the_same_answer() -> None:
    writer = Writer()
    assert writer.write(request()) == writer.write(request()) == Writer().write(request())


def test_a_restarted_writer_still_avoids_what_was_posted_lately() -> None:
    first = Writer().write(request(posts=9))
    later = request(posts=9, recent_posts=[post["text"] for post in first])
    second = Writer().write(later)
    assert not seen(first) & seen(second)


def test_a_repair_call_brings_another_text() -> None:
    asked = request(posts=1)
    (first,) = Writer().write(asked)
    rejected = [{"slot": first["slot"], "text": first["text"], "reason": "contains a phone number"}]
    (second,) = Writer().write({**asked, "rejected": rejected})
    assert second["slot"] == first["slot"]
    assert not seen([first]) & seen([second])


def test_words_to_avoid_are_avoided_with_their_inflections() -> None:
    avoid = ["leak", "drain", "water"]
    found = re.compile(r"\b(leak|drain|water)\w{0,3}\b", re.IGNORECASE)
    for week in range(3):
        for post in Writer().write(request(monday=MONDAY + timedelta(weeks=week), avoid_keywords=avoid)):
            assert not found.search(post["text"]), post["text"]
            assert not found.search(" ".join(post["hashtags"]))


def test_instagram_has_lines_and_hashtags_and_the_others_have_none() -> None:
    for post in Writer().write(request(themes=ALL_THEMES)):
        if post["slot"].endswith("instagram"):
            assert 3 <= len(post["hashtags"]) <= 5
            assert all(re.fullmatch(r"\w+", tag) for tag in post["hashtags"])
            assert len(set(post["hashtags"])) == len(post["hashtags"])
            assert "\n" in post["text"]
        else:
            assert post["hashtags"] == []
        assert "#" not in post["text"]
        assert 1 <= len(post["picture_query"].split()) <= 6


@pytest.mark.parametrize("limit", [60, 120, 300])
def test_texts_fit_the_limit_they_are_given(limit: int) -> None:
    asked = request(themes=ALL_THEMES)
    for slot in asked["slots"]:
        slot["max_characters"] = limit
    for post in Writer().write(asked):
        assert 0 < len(post["text"]) <= limit


def test_the_town_is_named_where_it_is_known_and_no_gap_is_left_where_not() -> None:
    posts = Writer().write(request())
    assert any("Austin" in post["text"] for post in posts)
    for post in Writer().write(request(business={"city": None, "website": None}, themes=ALL_THEMES)):
        assert "{" not in post["text"]
        assert "None" not in post["text"]
        assert "website" not in post["text"]
        assert "button" not in post["text"]


def test_a_testimonial_slot_with_a_review_quotes_it_word_for_word() -> None:
    asked = request(themes=("testimonial",), posts=2)
    words = "They came on a Sunday, and stayed until it was dry!"
    asked["slots"][0]["review"] = {"text": words, "author": "Maria G."}
    asked["slots"][1]["review"] = {"text": words, "author": ""}
    first, second = Writer().write(asked)
    assert f"Maria G. wrote: \u201c{words}\u201d" in first["text"]
    assert f"\u201c{words}\u201d" in second["text"]
    assert "Maria" not in second["text"]


def test_a_testimonial_slot_invites_to_a_review_and_quotes_nobody() -> None:
    for post in Writer().write(request(themes=("testimonial",), posts=15)):
        assert '"' not in post["text"]
        assert "“" not in post["text"]
        assert re.search(
            r"review|tell|feedback|word|trust|opinion|story|how (it|was)|mention|question|ask|neighbor|notice|back",
            post["text"], re.IGNORECASE,
        )  # fmt: skip


def test_seasons_follow_the_date_of_the_slot() -> None:
    def week(monday: date) -> str:
        return " ".join(post["text"] for post in Writer().write(request(monday=monday, themes=("seasonal",), posts=6)))

    assert week(date(2026, 12, 7)) != week(date(2026, 7, 6))
    winter = {plain(s) for unit in bank_for("plumber").sections["winter"] for s in sentences(unit.text)}
    summer_posts = Writer().write(request(monday=date(2026, 7, 6), themes=("seasonal",), posts=6))
    assert not winter & set(seen(summer_posts))


def test_nothing_out_of_its_months_is_said() -> None:
    posts = [post for trade in TRADES for post in Writer().write(request(trade, monday=date(2026, 11, 23)))]
    text = " ".join(post["text"] for post in posts)
    assert "candy in one go" not in text  # October
    assert "Candy canes" not in text  # December
    assert "Mow high" not in text  # the growing season


@pytest.mark.parametrize(
    ("business_type", "bank"),
    [
        ("Plumbing & Drain", "plumber"), ("electrical contractor", "electrician"), ("Roofing", "roofer"),
        ("heating and cooling", "hvac"), ("lawn care", "landscaper"), ("house painter", "painter"),
        ("cleaning_service", "cleaner"), ("Bakery", "bakery"), ("orthodontist", "dentist"),
        ("barbershop", "hair_salon"), ("auto_repair", "auto_repair"), ("florist", "florist"),
        ("yoga studio", "gym"), ("pizzeria", "restaurant"), ("dog walker", "generic"), ("carpenter", "generic"),
        ("", "generic"),
    ],
)  # fmt: skip
def test_business_types_find_their_bank(business_type: str, bank: str) -> None:
    assert bank_for(business_type).name == bank


def test_an_unknown_trade_gets_a_week_too() -> None:
    posts = Writer().write(request("kite maker", themes=ALL_THEMES))
    assert seen(posts).most_common(1)[0][1] == 1


def _all_units() -> list[Unit]:
    around = frames()
    units = [unit for bank in all_banks() for section in SECTIONS for unit in bank.sections[section]]
    units += [unit for bank in all_banks() for unit in bank.questions]
    for group in (around.openers, around.leads, around.closers, around.handover, around.offers, around.testimonial):
        units += [unit for part in group.values() for unit in part]
    return units


def test_no_bank_holds_a_price_a_number_an_address_or_a_claim() -> None:
    bad = [unit.text for unit in _all_units() if CLAIMS.search(unit.text)]
    assert bad == []


def test_no_sentence_stands_in_two_places_of_the_banks() -> None:
    counted = Counter(plain(s) for unit in _all_units() for s in sentences(unit.text) if len(plain(s).split()) > 3)
    assert [sentence for sentence, count in counted.items() if count > 1] == []


def test_every_bank_has_enough_to_say_and_a_picture_for_it() -> None:
    assert len(all_banks()) >= 15
    for bank in all_banks():
        assert len(bank.sections["tip"]) >= 20
        assert len(bank.sections["promotion"]) >= 12
        assert len(bank.sections["fun_fact"]) >= 10
        assert all(unit.picture for section in SECTIONS for unit in bank.sections[section])


@pytest.mark.parametrize(
    ("how", "pattern"),
    [("phone", r"\(512\) 555"), ("price", r"\$49"), ("chatter", r"^Sure!"), ("placeholder", r"\[Business Name\]"),
     ("claim", r"guarantee")],
)  # fmt: skip
def test_it_can_write_badly_on_request(how: str, pattern: str) -> None:
    first, second = Writer().write(request(posts=2), poor=how)
    assert re.search(pattern, first["text"])
    assert not re.search(pattern, second["text"])
