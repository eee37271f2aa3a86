"""Keeping a profile as the dashboard's role: whole, over what was seen, and nothing beside it or of anybody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from models import business_facts, profile
from models.database import Role, connect, session
from models.profile_rules import BusinessDetails, ProfileRefusal, business_details
from tests.factories import Owner, make_fact, make_owner

Connection = psycopg.Connection[Any]


def details(name: str = "New name") -> BusinessDetails:
    return business_details(
        name=name, type="bakery", city="Waco", state="TX", website="", description="", voice="casual"
    )


def seen_of(owner: Connection, who: Owner, table: str = "businesses") -> datetime:
    row = owner.execute(f"SELECT updated_at FROM {table} WHERE user_id = %s".encode(), (who.user_id,)).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def everything(owner: Connection, who: Owner) -> list[Any]:
    return [
        owner.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE user_id = %s".encode(), (who.user_id,)).fetchall()
        for table in ("businesses", "user_preferences", "business_facts")
    ]


def save(who: UUID, seen: datetime | None, *, row_of: UUID) -> None:
    with session(Role.DASHBOARD, tenant=who) as db:
        profile.save_business(db, row_of, details(), seen=seen)


def test_a_change_is_made_over_what_was_seen_only(owner: Connection) -> None:
    bob = make_owner(owner)
    seen = seen_of(owner, bob)
    save(bob.user_id, seen, row_of=bob.user_id)
    assert owner.execute("SELECT name, type, website FROM businesses").fetchall() == [("New name", "bakery", None)]
    for stale in (seen, None):
        with pytest.raises(ProfileRefusal, match="changed meanwhile"):
            save(bob.user_id, stale, row_of=bob.user_id)


def test_of_several_businesses_the_one_that_posts_are_written_for_is_changed(owner: Connection) -> None:
    bob = make_owner(owner)
    owner.execute("INSERT INTO businesses (user_id, name, type) VALUES (%s, 'Second', 'gym')", (bob.user_id,))
    owner.execute("UPDATE businesses SET created_at = now() - interval '1 day' WHERE id = %s", (bob.business_id,))
    first = owner.execute("SELECT updated_at FROM businesses WHERE id = %s", (bob.business_id,)).fetchone()
    assert first is not None
    save(bob.user_id, first[0], row_of=bob.user_id)
    assert owner.execute("SELECT name FROM businesses ORDER BY created_at").fetchall() == [("New name",), ("Second",)]


def test_another_tenants_profile_cannot_be_changed_by_any_id(owner: Connection) -> None:
    bob, eve = make_owner(owner), make_owner(owner)
    fact = make_fact(owner, eve, "Eve's fact.")
    before = everything(owner, eve)
    with pytest.raises(ProfileRefusal):
        save(bob.user_id, seen_of(owner, eve), row_of=eve.user_id)
    with pytest.raises(ProgrammingError, match="row-level security"):
        save(bob.user_id, None, row_of=eve.user_id)
    for user_id in (bob.user_id, eve.user_id):
        with session(Role.DASHBOARD, tenant=bob.user_id) as db:
            business_facts.remove_fact(db, user_id, fact)
        with (
            pytest.raises(ProfileRefusal, match="changed or removed meanwhile"),
            session(Role.DASHBOARD, tenant=bob.user_id) as db,
        ):
            business_facts.change_fact(db, user_id, fact, "fact", seen=("Eve's fact.", None), text="Mine now.")
    with pytest.raises(ProfileRefusal), session(Role.DASHBOARD, tenant=bob.user_id) as db:
        business_facts.add_fact(db, eve.user_id, "fact", "In Eve's name.")
    assert everything(owner, eve) == before


def test_neither_plan_nor_accounts_nor_whose_row_it_is_can_be_changed_from_here(owner: Connection) -> None:
    bob = make_owner(owner, plan="starter")
    with connect(Role.DASHBOARD, autocommit=True) as dashboard:
        dashboard.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob.user_id),))
        for statement in (
            "UPDATE users SET plan_tier = 'premium'",
            "UPDATE users SET status = 'active'",
            "UPDATE users SET trial_ends_at = now() + interval '9 years'",
            "UPDATE businesses SET user_id = user_id",
            "UPDATE businesses SET id = gen_random_uuid()",
            "UPDATE businesses SET created_at = now()",
            "UPDATE user_preferences SET user_id = user_id",
            "DELETE FROM businesses",
            "DELETE FROM user_preferences",
            "UPDATE business_facts SET used_at = NULL",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                dashboard.execute(statement.encode())


class TestFacts:
    def test_a_fact_is_changed_only_as_it_was_seen(self, owner: Connection) -> None:
        bob = make_owner(owner)
        fact = make_fact(owner, bob, "Lovely work.", kind="review", author="Ann")
        other = make_fact(owner, bob, "Quick work.", kind="review")
        with session(Role.DASHBOARD, tenant=bob.user_id) as db:
            business_facts.change_fact(
                db, bob.user_id, fact, "review", seen=("Lovely work.", "Ann"), text="Lovely work!\n", author=" "
            )
        assert owner.execute("SELECT text, author FROM business_facts WHERE id = %s", (fact,)).fetchone() == (
            "Lovely work!",
            None,
        )
        for fact_id, seen, text, told in (
            (fact, ("Lovely work.", "Ann"), "Other words.", "changed or removed meanwhile"),
            (uuid4(), ("Lovely work!", None), "Other words.", "changed or removed meanwhile"),
            (other, ("Quick work.", None), "Lovely work!", "stands here already"),
            (other, ("Quick work.", None), " \n", "The text is empty"),
            (other, ("Quick work.", None), "x" * 1001, "has 1,001 characters"),
        ):
            with (
                pytest.raises(ProfileRefusal, match=told),
                session(Role.DASHBOARD, tenant=bob.user_id) as db,
            ):
                business_facts.change_fact(db, bob.user_id, fact_id, "review", seen=seen, text=text)
        with session(Role.DASHBOARD, tenant=bob.user_id) as db:
            business_facts.remove_fact(db, bob.user_id, fact)
            business_facts.remove_fact(db, bob.user_id, fact)
        assert owner.execute("SELECT id FROM business_facts").fetchall() == [(other,)]

    def test_only_reviews_have_authors(self) -> None:
        assert business_facts.clean_fact("fact", " Since 2009. ", "Ann") == ("Since 2009.", None)
        assert business_facts.clean_fact("review", "Lovely.", " Ann\tLee ") == ("Lovely.", "Ann Lee")
        with pytest.raises(ProfileRefusal, match="The name has 101 characters, at most 100 are kept"):
            business_facts.clean_fact("review", "Lovely.", "x" * 101)
