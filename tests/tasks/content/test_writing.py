"""Writing a week: one call, the gates, one repair, the second model, the evergreen bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.business import Business
from models.business_facts import Review
from models.gates import LIMITS, Draft, GateContext, Verdict, objection
from models.plan_rights import PLANS
from models.settings import load_settings
from models.themes import ThemeResult
from platforms.errors import OperatorNeeded, Refused, TryLater
from platforms.openai_writer import DraftPost
from tasks.content import writing
from tasks.content.knowledge import Knowledge
from tasks.content.paying import PaidWriter
from tasks.content.plan import AccountFacts, OwnerFacts, WeekPlan, plan_weeks
from tasks.content.prompt import INSTRUCTIONS, PROMPT_VERSION
from tasks.content.writing import Models, WeekWriter, WrittenWeek, clean, clean_hashtags, write_week
from tasks.wiring import open_platforms
from tests.tasks.content.fakes import FakeWriter, FreeLedger, plain_post

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
TODAY = date(2026, 11, 22)
DOWN = TryLater("the model's server answered HTTP 503: busy", http_status=503)


def _owner(
    *, frequency: int = 3, plan: str = "pro", platforms: tuple[str, ...] = ("facebook",), **changes: Any
) -> OwnerFacts:
    facts = OwnerFacts(
        user_id=UUID(int=7),
        rights=PLANS[plan],
        business=Business(
            id=uuid4(),
            user_id=UUID(int=7),
            name="Hill Plumbing",
            type="plumber",
            location_city="Austin",
            location_state="TX",
        ),
        frequency=frequency,
        preferred_times=(),
        zone_name="America/Chicago",
        themes_enabled=("tip", "promotion", "seasonal"),
        avoid_keywords=(),
        accounts=tuple(
            AccountFacts(id=UUID(int=number), platform=platform, name=platform, active=True)
            for number, platform in enumerate(platforms, 1)
        ),
        taken={},
        recent_texts=("An older post.",),
        templates=(),
    )
    return replace(facts, **changes)


def _week(owner: OwnerFacts) -> WeekPlan:
    return plan_weeks(owner, NOW, date(2026, 11, 23))[0][0]


async def _write(
    writer: WeekWriter, owner: OwnerFacts | None = None, *, last_chance: bool = False, fallback_model: str | None = None
) -> WrittenWeek:
    owner = owner or _owner()
    models = Models(model="first-model", fallback_model=fallback_model)
    return await write_week(writer, models, owner, _week(owner), today=TODAY, last_chance=last_chance)


class TestOneCall:
    async def test_serves_all_platforms_of_the_week(self) -> None:
        writer = FakeWriter()
        done = await _write(writer, _owner(platforms=("google", "facebook", "instagram")))
        assert len(writer.requests) == 1
        assert len(done.posts) == 9
        assert (done.calls, done.input_tokens, done.cached_tokens, done.output_tokens) == (1, 1000, 600, 450)
        assert (done.fell_back, done.skipped, done.refusals, done.late) == (0, [], [], None)

    async def test_carries_the_document_that_the_writer_knows(self) -> None:
        writer = FakeWriter()
        await _write(writer, _owner(avoid_keywords=("cheap",)))
        request = writer.requests[0]
        assert set(request) == {
            "business", "avoid_keywords", "today", "season", "region", "holidays", "what_worked", "recent_posts",
            "slots",
        }  # fmt: skip
        assert request["business"] == {
            "name": "Hill Plumbing",
            "type": "plumber",
            "city": "Austin",
            "state": "TX",
            "description": "",
            "website": "",
            "brand_voice": "professional",
            "facts": [],
        }
        assert request["today"] == "2026-11-22"
        assert request["season"] == "late autumn"
        assert request["avoid_keywords"] == ["cheap"]
        assert request["recent_posts"] == ["An older post."]
        slot = request["slots"][0]
        assert set(slot) == {"slot", "platform", "theme", "weekday", "date", "template", "max_characters"}
        assert (slot["weekday"], slot["date"], slot["slot"]) == (
            "Tuesday",
            "2026-11-24",
            "2026-11-24T09:00-facebook",
        )
        assert "{" not in slot["template"]
        assert slot["template"]
        assert slot["max_characters"] <= LIMITS["facebook"].max_characters

    async def test_carries_what_the_owner_stated_the_region_the_holidays_and_what_worked(self) -> None:
        writer = FakeWriter()
        known = Knowledge(
            facts=("Two brothers and a van.", "Drain cleaning from $89."),
            results={
                "facebook": {
                    "tip": ThemeResult(posts=14, mean=3.1, variance=1.0),
                    "promotion": ThemeResult(posts=9, mean=1.2, variance=1.0),
                    "fun_fact": ThemeResult(posts=9, mean=9.9, variance=1.0),  # not enabled any more
                },
                "google": {"tip": ThemeResult(posts=1, mean=3.1, variance=0.0)},
            },
        )
        await _write(writer, _owner(knowledge=known))
        request = writer.requests[0]
        assert request["business"]["facts"] == ["Two brothers and a van.", "Drain cleaning from $89."]
        assert request["region"]["weather"] == "falling leaves"
        assert request["region"]["typical_jobs"] == ["yard drains under leaves"]
        assert {"date": "2026-11-26", "weekday": "Thursday", "name": "Thanksgiving Day"} in request["holidays"]
        assert request["what_worked"] == (
            "facebook: tips got 3.1 % over 14 posts, promotions 1.2 % over 9; not known yet: seasonal posts"
        )

    async def test_without_a_state_names_the_nations_holidays_and_no_weather(self) -> None:
        writer = FakeWriter()
        bare = Business(id=uuid4(), user_id=UUID(int=7), name="Hill Plumbing", type="plumber")
        await _write(writer, _owner(business=bare))
        assert writer.requests[0]["region"] == {"weather": "", "typical_jobs": []}
        assert [day["name"] for day in writer.requests[0]["holidays"]] == ["Thanksgiving Day"]

    async def test_south_of_the_equator_november_is_spring(self) -> None:
        writer = FakeWriter()
        island = Business(id=uuid4(), user_id=UUID(int=7), name="Hill Plumbing", type="plumber", location_state="AS")
        await _write(writer, _owner(business=island))
        assert writer.requests[0]["season"] == "late spring"
        assert "typhoon" in writer.requests[0]["region"]["weather"]

    async def test_carries_a_reviews_exact_words_for_a_testimonial(self) -> None:
        words = "They came on a Sunday (really), and \u201cstayed\u201d until it was dry."
        writer = FakeWriter()
        reviews = (Review(id=uuid4(), text=words, author="Maria G."), Review(id=uuid4(), text="Thanks!"))
        done = await _write(
            writer, _owner(themes_enabled=("testimonial",), knowledge=Knowledge(reviews=reviews), frequency=3)
        )
        slots = writer.requests[0]["slots"]
        assert [slot.get("review") for slot in slots] == [
            {"text": words, "author": "Maria G."},
            {"text": "Thanks!", "author": ""},
            None,  # no review is left: this one asks for one
        ]
        assert "Maria G." in slots[0]["template"]
        assert "a customer" in slots[1]["template"]
        assert "uote nobody" in slots[2]["template"]
        assert [post.planned.review for post in done.posts] == [*reviews, None]

    async def test_puts_what_never_changes_first(self) -> None:
        one, other = FakeWriter(), FakeWriter()
        await _write(one)
        await _write(other, _owner(zone_name="America/New_York", plan="premium"))
        assert len(INSTRUCTIONS) > 4 * 1024  # OpenAI caches prefixes of 1024 tokens and more
        assert one.cache_keys == other.cache_keys == [f"{PROMPT_VERSION}-0"]

    async def test_is_split_only_when_very_large(self) -> None:
        writer = FakeWriter()
        done = await _write(writer, _owner(frequency=21, plan="premium", platforms=("google", "facebook", "instagram")))
        assert [len(request["slots"]) for request in writer.requests] == [21, 21, 21]
        assert len(done.posts) == 63
        assert writer.requests[1]["recent_posts"][0].startswith("A thought for")

    async def test_two_accounts_of_a_platform_get_posts_of_their_own(self) -> None:
        writer = FakeWriter()
        done = await _write(writer, _owner(platforms=("facebook", "facebook")))
        keys = [slot["slot"] for slot in writer.requests[0]["slots"]]
        assert keys[:2] == ["2026-11-24T09:00-facebook", "2026-11-24T09:00-facebook-2"]
        assert len(set(keys)) == 6
        assert len({post.text for post in done.posts}) == 6


class TestRepair:
    async def test_asks_once_more_only_for_what_was_refused_with_the_reason(self) -> None:
        def cheap_on_tuesday(slot: Mapping[str, Any]) -> DraftPost:
            post = plain_post(slot)
            return post.model_copy(update={"text": "Cheap, cheap!"}) if slot["weekday"] == "Tuesday" else post

        writer = FakeWriter(cheap_on_tuesday, plain_post)
        done = await _write(writer, _owner(avoid_keywords=("cheap",)))
        assert len(writer.requests) == 2
        assert [slot["slot"] for slot in writer.requests[1]["slots"]] == ["2026-11-24T09:00-facebook"]
        assert writer.requests[1]["rejected"] == [
            {
                "slot": "2026-11-24T09:00-facebook",
                "text": "Cheap, cheap!",
                "reason": "the owner does not want 'cheap'",
            }
        ]
        assert len(writer.requests[1]["recent_posts"]) == 3  # the two good ones are known to the repair
        assert (len(done.posts), done.fell_back, done.calls) == (3, 0, 2)
        assert [(note["slot"], note["gate"]) for note in done.refusals] == [
            ("2026-11-24T09:00-facebook", "avoid_keywords")
        ]

    async def test_missing_unknown_and_double_slots_are_mended(self) -> None:
        def odd(slot: Mapping[str, Any]) -> DraftPost | None:
            post = plain_post(slot)
            return {"Tuesday": None, "Thursday": post.model_copy(update={"slot": "never asked"})}.get(
                slot["weekday"], post
            )

        writer = FakeWriter(odd, plain_post)
        done = await _write(writer)
        assert [slot["weekday"] for slot in writer.requests[1]["slots"]] == ["Tuesday", "Thursday"]
        assert {entry["reason"] for entry in writer.requests[1]["rejected"]} == {"no post came for this slot"}
        assert len(done.posts) == 3

    async def test_what_is_refused_three_times_comes_from_the_evergreen_bank(self) -> None:
        writer = FakeWriter(lambda slot: plain_post(slot).model_copy(update={"text": "x" * 2000}))
        done = await _write(writer, _owner(platforms=("google",)))
        assert len(writer.requests) == 3
        assert (len(done.posts), done.fell_back) == (3, 3)
        assert all(post.model is None and 20 < len(post.text) < 1500 for post in done.posts)
        assert len({post.text for post in done.posts}) == 3
        assert len(done.refusals) == 9
        assert {post.why for post in done.posts} == {"the writer had nothing that may go out"}

    async def test_the_second_model_is_asked_before_the_bank(self) -> None:
        bad = FakeWriter(
            *[lambda slot: plain_post(slot).model_copy(update={"text": "  "})] * 3,
            plain_post,
        )
        done = await _write(bad, fallback_model="second-model")
        assert bad.models == ["first-model", "first-model", "first-model", "second-model"]
        assert {post.model for post in done.posts} == {"second-model"}


class TestWriterDown:
    async def test_leaves_the_slots_for_the_next_try(self) -> None:
        writer = FakeWriter(DOWN)
        done = await _write(writer)
        assert len(writer.requests) == 1
        assert done.late is DOWN
        assert done.posts == []

    async def test_on_the_last_chance_the_bank_fills_the_week(self) -> None:
        done = await _write(FakeWriter(DOWN), last_chance=True)
        assert (len(done.posts), done.fell_back, done.late) == (3, 3, None)
        assert [note["reason"] for note in done.refusals] == [DOWN.message]

    async def test_the_second_model_helps_at_once(self) -> None:
        writer = FakeWriter(DOWN, plain_post)
        done = await _write(writer, fallback_model="second-model")
        assert writer.models == ["first-model", "second-model"]
        assert (len(done.posts), done.late) == (3, None)

    async def test_what_was_good_before_it_went_down_is_kept(self) -> None:
        def only_tuesday(slot: Mapping[str, Any]) -> DraftPost | None:
            return plain_post(slot) if slot["weekday"] == "Tuesday" else None

        done = await _write(FakeWriter(only_tuesday, DOWN))
        assert len(done.posts) == 1
        assert done.late is DOWN

    async def test_a_model_that_refuses_is_not_asked_the_same_again(self) -> None:
        writer = FakeWriter(Refused("the model refused: no", code="refusal"))
        done = await _write(writer)
        assert len(writer.requests) == 1
        assert (len(done.posts), done.fell_back) == (3, 3)

    async def test_an_answer_that_was_cut_off_is_asked_for_in_halves(self) -> None:
        writer = FakeWriter(TryLater("the model's answer was cut off", code="length"), plain_post)
        done = await _write(writer)
        assert [len(request["slots"]) for request in writer.requests] == [3, 1, 2]
        assert len(done.posts) == 3

    async def test_a_wrong_key_is_for_the_operator(self) -> None:
        with pytest.raises(OperatorNeeded, match="401"):
            await _write(FakeWriter(OperatorNeeded("the model's server answered HTTP 401")))


class TestBudget:
    async def test_without_room_the_bank_fills_the_week_and_says_why(self) -> None:
        fake, user_id = FakeWriter(), UUID(int=7)
        done = await _write(PaidWriter(fake, FreeLedger(room=0), user_id))
        assert (len(done.posts), done.fell_back, done.late, done.calls) == (3, 3, None, 0)
        assert {post.why for post in done.posts} == {"this month's budget for writing ($1) is used up"}
        assert [note["gate"] for note in done.refusals] == ["budget"]
        assert fake.requests == []

    async def test_room_that_ends_in_between_keeps_what_was_written(self) -> None:
        def only_tuesday(slot: Mapping[str, Any]) -> DraftPost | None:
            return plain_post(slot) if slot["weekday"] == "Tuesday" else None

        writer = PaidWriter(FakeWriter(only_tuesday), FreeLedger(room=1), UUID(int=7))
        done = await _write(writer)
        assert (len(done.posts), done.fell_back, done.calls) == (3, 2, 1)
        assert writer.cost_usd == Decimal("0.01")

    async def test_a_spent_budget_is_no_reason_to_wait_for_a_writer_that_is_down(self) -> None:
        writer = PaidWriter(FakeWriter(DOWN), FreeLedger(room=1), UUID(int=7))
        done = await _write(writer, fallback_model="second-model")
        assert (len(done.posts), done.fell_back, done.late) == (3, 3, None)

    async def test_an_answer_of_no_use_is_counted(self) -> None:
        class Useless(FakeWriter):
            async def write_week(self, *asked: Any) -> Any:
                draft = await super().write_week(*asked)
                return replace(draft, posts=(), failure=Refused("the model refused: no", code="refusal"))

        done = await _write(Useless())
        assert (done.calls, done.input_tokens, done.fell_back) == (1, 1000, 3)


class TestBank:
    async def test_obeys_the_words_to_avoid(self) -> None:
        banned = ("water", "hot", "drain", "pipe", "leak", "tap")
        done = await _write(FakeWriter(DOWN), _owner(avoid_keywords=banned, frequency=7), last_chance=True)
        assert len(done.posts) == 7
        assert not any(word in post.text.casefold() for post in done.posts for word in ("water", "drain", "pipe"))

    async def test_a_slot_without_any_text_is_skipped_aloud(self) -> None:
        every_word = ("the", "a", "you", "is", "it", "to", "have", "in", "of", "what")
        done = await _write(FakeWriter(DOWN), _owner(avoid_keywords=every_word), last_chance=True)
        assert len(done.posts) + len(done.skipped) == 3
        assert done.skipped
        assert all("no text passes the gates" in note for note in done.skipped)

    async def test_repeats_nothing_that_was_posted_lately(self) -> None:
        first = await _write(FakeWriter(DOWN), last_chance=True)
        texts = tuple(post.text for post in first.posts)
        second = await _write(FakeWriter(DOWN), _owner(recent_texts=texts), last_chance=True)
        assert not {post.text for post in second.posts} & set(texts)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  Hi \r\nthere  \r\n\r\n\r\n\r\nyou \n", "Hi\nthere\n\nyou"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("half an emoji \ud83d here", "half an emoji  here"),
        ("👩‍🔧 stays", "👩‍🔧 stays"),
    ],
)
def test_texts_are_made_fit_for_database_and_platform(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("tags", "text", "platform", "cap", "kept"),
    [
        (["#One", "one", "t w o", "#", "1", "thré_e"], "Hi", "instagram", 5, ("One", "two", "thré_e")),
        (["a", "b", "c"], "Hi #a", "instagram", 2, ("b",)),
        (["a", "b"], "Hi #x #y", "instagram", 2, ()),
        (["a"], "Hi", "google", 5, ()),
        (["a"], "Hi", "instagram", 0, ()),
    ],
)
def test_hashtags_are_bare_distinct_and_few(
    tags: list[str], text: str, platform: str, cap: int, kept: tuple[str, ...]
) -> None:
    assert clean_hashtags(tags, text, platform, cap) == kept


def test_the_plan_leaves_half_an_hour() -> None:
    owner = _owner(frequency=7)
    first = _week(owner).posts[0]
    planned, _ = plan_weeks(owner, first.slot.at - timedelta(minutes=30))
    assert first.slot in [post.slot for post in planned[0].posts]
    planned, _ = plan_weeks(owner, first.slot.at - timedelta(minutes=29))
    assert first.slot not in [post.slot for post in planned[0].posts]


async def test_the_gates_are_never_looser_than_the_platforms() -> None:
    async with open_platforms(load_settings()) as platforms:
        assert set(platforms) == set(LIMITS)
        for name, platform in platforms.items():
            ours, theirs = LIMITS[name], platform.limits
            assert ours.max_characters <= theirs.max_characters
            assert ours.needs_picture == theirs.needs_picture
            assert ours.phone_numbers <= theirs.phone_numbers_allowed
            assert theirs.max_mentions is None or (ours.max_mentions or 0) <= theirs.max_mentions


class TestWhatTheGatesKnow:
    """Every text is judged with all that the owner stated and with what was posted before it."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Draft, GateContext]]:
        """What the gates are asked, while they answer as always."""
        noted: list[tuple[Draft, GateContext]] = []

        def noting(draft: Draft, context: GateContext) -> Verdict | None:
            noted.append((draft, context))
            return objection(draft, context)

        monkeypatch.setattr(writing, "objection", noting)
        return noted

    async def test_is_what_the_owner_stated_and_what_was_posted(self, asked: list[tuple[Draft, GateContext]]) -> None:
        known = Knowledge(
            facts=("Drain cleaning from $89.",),
            reviews=(Review(id=uuid4(), text="Thanks!", author="Maria G."),),
            neighbours_texts=("Another plumber's post.",),
        )
        done = await _write(FakeWriter(), _owner(knowledge=known, avoid_keywords=("cheap",)))
        context = asked[0][1]
        assert context.stated == ("Drain cleaning from $89.", "Maria G.")
        assert context.reviews == ("Thanks!",)
        assert (context.business_name, context.business_type) == ("Hill Plumbing", "plumber")
        assert (context.city, context.state) == ("Austin", "TX")
        assert (context.avoid_keywords, context.hashtag_cap) == (("cheap",), 5)
        assert context.neighbours_texts == ("Another plumber's post.",)
        assert context.own_texts == ("An older post.",)
        assert [context.theme for _, context in asked] == [post.theme for post in done.posts]

    async def test_is_also_what_the_week_has_already(self) -> None:
        same = plain_post({"slot": "x", "weekday": "Monday"})
        writer = FakeWriter(lambda slot: same.model_copy(update={"slot": slot["slot"]}), plain_post)
        done = await _write(writer, _owner())
        assert [note["gate"] for note in done.refusals] == ["near_duplicate", "near_duplicate"]
        assert len(writer.requests[1]["rejected"]) == 2
        assert (len(done.posts), done.fell_back) == (3, 0)

    async def test_never_reaches_the_writer_from_other_tenants(self) -> None:
        writer = FakeWriter()
        known = Knowledge(neighbours_texts=("Another plumber's post.",))
        await _write(writer, _owner(knowledge=known))
        assert "Another plumber" not in str(writer.requests)

    async def test_holds_for_the_evergreen_bank_too_and_at_last_only_against_our_own(
        self, asked: list[tuple[Draft, GateContext]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A town in which everybody has posted the whole bank already: its posts come again, rather than none."""
        known = Knowledge(neighbours_texts=("Another plumber's post.",))

        def crowded(draft: Draft, context: GateContext) -> Verdict | None:
            asked.append((draft, context))
            return Verdict("near_duplicate", False, "too near") if context.neighbours_texts else None

        monkeypatch.setattr(writing, "objection", crowded)
        done = await _write(FakeWriter(DOWN), _owner(knowledge=known, frequency=1), last_chance=True)
        assert (done.fell_back, done.skipped) == (1, [])
        assert asked[0][1].neighbours_texts == ("Another plumber's post.",)
        assert asked[-1][1].neighbours_texts == ()
        assert asked[-1][1].own_texts == ("An older post.",)
