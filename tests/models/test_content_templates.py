"""Prompt templates: loading them twice changes nothing, own rows go first, wrong placeholders are named."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from models.business import Business
from models.content_templates import (
    Template,
    TemplateError,
    choose,
    facts,
    load_templates,
    render,
    shipped,
    templates_for,
)
from models.database import Role, engine, session
from models.trades import trades

DAY = date(2026, 11, 24)
PLUMBER = Business(
    user_id=uuid4(), name="Hill {Country} Plumbing", type="plumber", location_city="Austin", location_state="TX"
)


class TestRender:
    def test_fills_every_fact(self) -> None:
        text = render("{business_name}, {noun} in {city}, {state}: {season} {month} {{kept}}", facts(PLUMBER, DAY))
        assert text == "Hill {Country} Plumbing, plumber in Austin, TX: late autumn November {kept}"

    @pytest.mark.parametrize("name", ["phone", "business_name.__class__", "city[0]", "", "0", "City"])
    def test_an_unknown_placeholder_is_named(self, name: str) -> None:
        with pytest.raises(TemplateError, match="Unknown placeholder") as caught:
            render(f"Call {{{name}}} now", facts(PLUMBER, DAY))
        assert f"{{{name}}}" in str(caught.value)
        assert "{business_name}" in str(caught.value)

    @pytest.mark.parametrize("text", ["open { brace", "close } brace", "{city", "{city!x}", "{city:%Y}"])
    def test_broken_braces_and_formats_are_told(self, text: str) -> None:
        with pytest.raises(TemplateError, match="cannot be"):
            render(text, facts(PLUMBER, DAY))

    def test_what_an_owner_left_empty_still_reads(self) -> None:
        bare = Business(user_id=uuid4(), name="Ann's", type="candle_maker")
        assert (
            render("A {noun} in {city}, {state}.{website}", facts(bare, DAY)) == "A candle maker in town, the region."
        )


class TestLoad:
    def test_loading_twice_changes_nothing(self, database_url: str, owner: psycopg.Connection[Any]) -> None:
        owner.execute("DELETE FROM content_templates")
        for expected in (len(shipped()), 0):
            with session(Role.OWNER) as db:
                assert load_templates(db) == expected
        assert owner.execute("SELECT count(*) FROM content_templates").fetchone() == (len(shipped()),)

    def test_two_loaders_at_once_make_one_set(self, database_url: str, owner: psycopg.Connection[Any]) -> None:
        owner.execute("DELETE FROM content_templates")

        def load(_: int) -> int:
            with session(Role.OWNER) as db:
                return load_templates(db)

        engine(Role.OWNER)  # made once, before the threads race for it
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(load, range(4))) == len(shipped())
        assert owner.execute("SELECT count(*) FROM content_templates").fetchone() == (len(shipped()),)

    def test_new_wording_arrives_and_a_switched_off_row_stays_off(
        self, database_url: str, owner: psycopg.Connection[Any]
    ) -> None:
        with session(Role.OWNER) as db:
            load_templates(db)
        one = shipped()[0]
        owner.execute("UPDATE content_templates SET template_text = 'old', active = false WHERE id = %s", (one.id,))
        with session(Role.OWNER) as db:
            assert load_templates(db) == 1
        row = owner.execute("SELECT template_text, active FROM content_templates WHERE id = %s", (one.id,)).fetchone()
        assert row == (one.text, False)

    def test_a_worker_reads_them(self, database_url: str, owner: psycopg.Connection[Any]) -> None:
        owner.execute("DELETE FROM content_templates")
        with session(Role.OWNER) as db:
            load_templates(db)
        owner.execute(
            "UPDATE content_templates SET active = false WHERE business_type = 'local_business' AND theme = 'tip'"
        )
        with session(Role.WORKER) as db:
            found = templates_for(db, "Plumbing")
        assert {template.business_type for template in found} == {"plumber", "local_business"}
        assert not [t for t in found if t.business_type == "local_business" and t.theme == "tip"]


class TestChoose:
    def _own(self, text: str, *, type_: str = "plumber", platform: str | None = None) -> Template:
        return Template(uuid4(), type_, "tip", text, platform)

    def _choose(self, templates: Sequence[Template], *, platform: str = "facebook", turn: int = 0) -> Template | None:
        return choose(templates, business_type="plumber", theme="tip", platform=platform, turn=turn)

    def test_the_own_trade_goes_before_the_general_one(self) -> None:
        found = self._choose(shipped())
        assert found is not None
        assert found.business_type == "plumber"

    def test_an_own_row_goes_before_the_shipped_ones(self) -> None:
        mine = self._own("mine")
        assert self._choose([*shipped(), mine]) == mine

    def test_a_platforms_own_row_goes_before_everybodys(self) -> None:
        mine, instagram = self._own("mine"), self._own("for pictures", platform="instagram")
        assert self._choose([mine, instagram], platform="instagram") == instagram
        assert self._choose([mine, instagram], platform="google") == mine

    def test_equals_take_turns(self) -> None:
        turns = [self._choose(shipped(), turn=turn) for turn in range(8)]
        assert len({template.id for template in turns[:4] if template}) == 4
        assert turns[:4] == turns[4:]

    def test_a_theme_without_a_template_gives_none(self) -> None:
        assert self._choose([]) is None

    def test_a_general_business_is_served_by_the_general_ones(self) -> None:
        found = choose(shipped(), business_type="tattoo studio", theme="tip", platform="google", turn=0)
        assert found is not None
        assert found.business_type == "local_business"

    @pytest.mark.parametrize("review", [True, False])
    def test_a_testimonial_quotes_a_review_when_there_is_one_and_asks_for_one_when_there_is_none(
        self, review: bool
    ) -> None:
        for business_type in trades():
            found = choose(
                shipped(), business_type=business_type, theme="testimonial", platform="google", turn=3, review=review
            )
            assert found is not None
            assert found.business_type == business_type
            assert ("{review_author}" in found.text) == review

    def test_an_operators_template_that_asks_for_a_review_does_not_quote_one(self) -> None:
        own = Template(uuid4(), "plumber", "testimonial", "Ask for a review of {business_name}.", None)
        asked = choose([own, *shipped()], business_type="plumber", theme="testimonial", platform="google", turn=0)
        quoted = choose(
            [own, *shipped()], business_type="plumber", theme="testimonial", platform="google", turn=0, review=True
        )
        assert asked == own
        assert quoted is not None
        assert "{review_author}" in quoted.text


class TestWeather:
    def _said(self, state: str | None, day: date) -> str:
        place = Business(user_id=uuid4(), name="Hill", type="plumber", location_state=state)
        return render("{season}: {weather}", facts(place, day))

    def test_is_the_states_own(self) -> None:
        january = date(2027, 1, 12)
        assert self._said("MN", january).startswith("mid winter: long freezes")
        assert self._said("Florida", january) == "mid winter: mild, sunny days and cool nights"
        assert self._said("AS", january).startswith("mid summer: typhoon season")

    def test_without_a_state_is_that_of_the_season(self) -> None:
        assert self._said(None, date(2027, 1, 12)) == "mid winter: the weather of mid winter"

    def test_who_wrote_a_review_is_named_only_when_the_owner_did(self) -> None:
        someone = Business(user_id=uuid4(), name="Hill", type="plumber")
        assert facts(someone, DAY)["review_author"] == "a customer"
        assert facts(someone, DAY, review_author="Maria {G}")["review_author"] == "Maria {G}"
