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
        bare = Business(user_id=uuid4(), name="Ann's", type="locksmith")
        assert render("A {noun} in {city}, {state}.{website}", facts(bare, DAY)) == "A locksmith in town, the region."


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
        found = choose(shipped(), business_type="locksmith", theme="tip", platform="google", turn=0)
        assert found is not None
        assert found.business_type == "local_business"
