"""Which posts an owner is missing: what the database knows, and the pure plan made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from models.business import Business
from models.business_facts import Review
from models.calendar_slots import Slot, slots, still_open, week_of, zone
from models.content_templates import Template, TemplateError, choose, facts, render, shipped, templates_for
from models.database import Role, session
from models.plan_rights import Rights, may_generate, rights
from models.queries import query
from models.themes import DEFAULT_THEMES
from tasks.content.knowledge import Knowledge, read_knowledge
from tasks.content.theming import ThemeTurns

LEAD = timedelta(minutes=30)  # no slot is filled nearer than this: an owner wants to see what goes out
WEEKS_AHEAD = 1  # beside the current week
_DAYS_OF_THEMES = 28
_DAYS_OF_TEXTS = 90
_MOST_TEXTS = 500
DEFAULT_ZONE = "America/New_York"
DEFAULT_FREQUENCY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """A connected account."""

    id: UUID
    platform: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFacts:
    """All that a week is planned and written from, read in one transaction."""

    user_id: UUID
    rights: Rights
    business: Business
    frequency: int
    preferred_times: tuple[time, ...]
    zone_name: str
    themes_enabled: tuple[str, ...]
    avoid_keywords: tuple[str, ...]
    accounts: tuple[AccountFacts, ...]
    taken: Mapping[UUID, Mapping[str, str | None]]  # per account: slot -> theme, from four weeks ago on
    recent_texts: tuple[str, ...]  # newest first
    templates: tuple[Template, ...]
    knowledge: Knowledge = field(default_factory=Knowledge)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPost:
    """A post to be written. `key` is what the writer knows the slot by, unique in its week."""

    key: str
    account_id: UUID
    platform: str
    slot: Slot
    theme: str
    template: str
    review: Review | None = None  # what a testimonial quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPlan:
    """The missing posts of one week, in order of time. `wanted` counts also those that cannot be written; `themes_why`
    says in words why it has its themes."""

    week_start: date
    posts: tuple[PlannedPost, ...]
    wanted: int
    themes_why: str = ""


class NothingToWrite(Exception):
    """This owner gets no posts now; the text says why."""


def owners_at_work(user_id: UUID | None) -> list[UUID]:
    """Whose weeks are to be written: everybody's, or one user's (empty when there is no such user)."""
    with session(Role.WORKER) as db:
        return list(db.connection().exec_driver_sql(query("owners_to_write_for"), {"user_id": user_id}).scalars())


def business_name(user_id: str | None) -> str:
    """Whom a run is for, in words for its name; never an error, whatever was asked for."""
    if user_id is None:
        return "all"
    try:
        with session(Role.WORKER) as db:
            found = db.connection().exec_driver_sql(query("owner_to_write_for"), {"user_id": UUID(user_id)}).mappings()
            row = found.one_or_none()
    except (ValueError, SQLAlchemyError):  # the run itself will say what is wrong
        return user_id
    return str(row["name"]) if row is not None and row["name"] else user_id


def read_owner(user_id: UUID, now: datetime) -> OwnerFacts:
    """What is known about an owner. Raises NothingToWrite when they left, are not at work, or have no business."""
    with session(Role.WORKER) as db:
        sql = db.connection().exec_driver_sql
        found = sql(query("owner_to_write_for"), {"user_id": user_id}).mappings().one_or_none()
        if found is None:
            raise NothingToWrite("there is no such user any more")
        if not may_generate(found["status"]):
            raise NothingToWrite(f"the user is {found['status']}")
        if not found["is_served"]:
            raise NothingToWrite("the user has not confirmed their e-mail address yet")
        if found["business_id"] is None:
            raise NothingToWrite("the user has no business yet")
        first_day = (now - timedelta(days=_DAYS_OF_THEMES)).date().isoformat()
        accounts = sql(query("accounts_to_write_for"), {"user_id": user_id}).mappings().all()
        taken = sql(query("slots_taken"), {"user_id": user_id, "first_day": first_day}).all()
        texts_since = now - timedelta(days=_DAYS_OF_TEXTS)
        lately = sql(
            query("posts_written_lately"), {"user_id": user_id, "since": texts_since, "limit": _MOST_TEXTS}
        ).all()
        knowledge = read_knowledge(sql, dict(found), now, texts_since=texts_since)
        owner = _facts(dict(found), accounts, taken, lately, templates_for(db, found["type"]), now)
        return replace(owner, knowledge=knowledge)


def _facts(
    found: dict[str, Any],
    accounts: Sequence[Mapping[Any, Any]],
    taken: Sequence[Any],
    lately: Sequence[Any],
    templates: Sequence[Template],
    now: datetime,
) -> OwnerFacts:
    by_account: dict[UUID, dict[str, str | None]] = {}
    for account_id, slot, theme in taken:
        by_account.setdefault(account_id, {})[slot] = theme
    business = Business(
        id=found["business_id"],
        user_id=found["user_id"],
        **{
            name: found[name]
            for name in ("name", "type", "location_city", "location_state", "description", "website", "brand_voice")
        },
    )
    frequency = found["posting_frequency"]
    return OwnerFacts(
        user_id=found["user_id"],
        rights=rights(found["plan_tier"], found["status"], found["trial_ends_at"], now),
        business=business,
        frequency=DEFAULT_FREQUENCY if frequency is None else frequency,
        preferred_times=tuple(found["preferred_times"] or ()),
        zone_name=found["timezone"] or DEFAULT_ZONE,
        themes_enabled=DEFAULT_THEMES if found["themes_enabled"] is None else tuple(found["themes_enabled"]),
        avoid_keywords=tuple(found["avoid_keywords"] or ()),
        accounts=tuple(
            AccountFacts(id=a["id"], platform=a["platform"], name=a["name"], active=a["status"] == "active")
            for a in accounts
        ),
        taken=by_account,
        recent_texts=tuple(text for (text,) in lately),
        templates=tuple(templates),
    )


def usable_accounts(owner: OwnerFacts) -> tuple[list[AccountFacts], list[str]]:
    """The accounts that get posts, and in words why any other does not: broken, or more than the plan allows."""
    chosen: list[AccountFacts] = []
    notes: list[str] = []
    per_platform: Counter[str] = Counter()
    for account in owner.accounts:
        if not account.active:
            notes.append(f"{account.platform} {account.name}: not connected any more")
            continue
        per_platform[account.platform] += 1
        if per_platform[account.platform] > owner.rights.accounts_per_platform:
            notes.append(
                f"{account.platform} {account.name}: the {owner.rights.plan} plan has "
                f"{owner.rights.accounts_per_platform} a platform"
            )
            continue
        chosen.append(account)
    return chosen, notes


def plan_weeks(owner: OwnerFacts, now: datetime, week_start: date | None = None) -> tuple[list[WeekPlan], list[str]]:
    """The missing posts from `now` (UTC) plus the lead to the end of next week, or of the one week asked for.

    Beside the weeks come notes: what is left out, in words. Raises UnknownZone; ValueError when `week_start` is no
    Monday.
    """
    tz = zone(owner.zone_name)
    accounts, notes = usable_accounts(owner)
    if not owner.accounts:
        notes.append("no account is connected")
    themes = ThemeTurns(owner.themes_enabled, owner.taken, owner.knowledge, now)
    notes += themes.notes
    this_week = week_of(now, tz)
    starts = [this_week + timedelta(weeks=n) for n in range(WEEKS_AHEAD + 1)] if week_start is None else [week_start]
    frequency = min(owner.frequency, owner.rights.posts_per_week)
    plans: list[WeekPlan] = []
    for start in starts:
        posts: list[PlannedPost] = []
        for number, account in enumerate(accounts):
            planned = slots(start, frequency, owner.preferred_times, tz, seed=str(account.id))
            week = {
                slot
                for slot in owner.taken.get(account.id, {})
                if start <= date.fromisoformat(slot[:10]) < start + timedelta(days=7)
            }
            missing = still_open(planned, week, frequency, earliest=now + LEAD)
            posts += _posts(owner, account, number, missing, themes, notes)
        if posts:
            reasons = themes.why(post.platform for post in posts)
            plans.append(WeekPlan(week_start=start, posts=tuple(_keyed(posts)), wanted=len(posts), themes_why=reasons))
    return plans, notes


def _posts(
    owner: OwnerFacts,
    account: AccountFacts,
    number: int,
    missing: Sequence[Slot],
    themes: ThemeTurns,
    notes: list[str],
) -> list[PlannedPost]:
    posts = []
    given = themes.give(account.id, account.platform, [slot.local for slot in missing])
    for place, (slot, (theme, review)) in enumerate(zip(missing, given, strict=True)):
        post = PlannedPost(
            key="",
            account_id=account.id,
            platform=account.platform,
            slot=slot,
            theme=theme,
            template="",
            review=review,
        )
        # Every week and every account begins with another template.
        turn = slot.day.toordinal() // 7 + place + number
        posts.append(replace(post, template=_template(owner, post, turn, notes)))
    return posts


def _template(owner: OwnerFacts, post: PlannedPost, turn: int, notes: list[str]) -> str:
    """The filled template for a post. One that cannot be filled is told, and the shipped one serves instead."""
    values = facts(owner.business, post.slot.day, review_author=post.review.author if post.review else None)
    for templates in (owner.templates, shipped()):
        template = choose(
            templates,
            business_type=owner.business.type,
            theme=post.theme,
            platform=post.platform,
            turn=turn,
            review=post.review is not None,
        )
        if template is None:
            continue
        try:
            return render(template.text, values)
        except TemplateError as error:
            notes.append(f"template {template.id}: {error}")
    return ""


def _keyed(posts: Sequence[PlannedPost]) -> list[PlannedPost]:
    """In order of time, each with a key of its own: wall-clock time, platform, and a number where these do not do."""
    seen: Counter[str] = Counter()
    keyed = []
    for post in sorted(posts, key=lambda p: (p.slot, p.platform, p.account_id)):
        name = f"{post.slot.local}-{post.platform}"
        seen[name] += 1
        key = name if seen[name] == 1 else f"{name}-{seen[name]}"
        keyed.append(replace(post, key=key))
    return keyed
