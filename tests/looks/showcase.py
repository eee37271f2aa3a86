"""Owners worth showing: one with nine weeks behind them, one who began today, one whom everything happened to.

The texts are the sandbox's own writer's, the places those of the real calendar; pictures are drawn by the sandbox.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from pydantic import SecretStr

from models import media_library
from models.base import utc_now
from models.calendar_slots import slots, week_of, zone
from models.database import Role, session
from models.plan_rights import rights
from models.queries import query
from models.settings import settings
from models.themes import rotation
from ops.demo.businesses import BUSINESSES, DemoBusiness
from ops.demo.history import Draft, Wanted, past_slots, write
from platforms.openai_writer import Writer
from platforms.sandbox.pictures import jpeg
from tasks.media.storage import Storages
from tasks.media.uploading import keep_upload
from tests.dashboards.house import PASSWORD_HASH
from tests.factories import Connected, Owner, insert, make_account, make_fact, make_owner, make_post

Connection = psycopg.Connection[Any]

BAKERY = next(business for business in BUSINESSES if business.trade == "bakery")
LIBRARY = {
    "morning-bread": "Loaves of sourdough cooling on the rack",
    "croissants": "A tray of croissants from this morning",
    "shop-window": "Our shop window on a Saturday",
    "apple-tart": None,
    "team-photo": "The four of us behind the counter",
}
# What Google tells of a location on a good day, by its own names.
_LOCATION = {
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS": 130,
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH": 75,
    "CALL_CLICKS": 6,
    "WEBSITE_CLICKS": 11,
    "BUSINESS_DIRECTION_REQUESTS": 9,
}
_FAILURE = "Instagram did not take it: the picture is smaller than 320 pixels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Showcase:
    """The three owners, who all log in with `tests.dashboards.house.PASSWORD`."""

    full: Owner
    empty: Owner
    troubled: Owner

    @property
    def people(self) -> Mapping[str, Owner]:
        """By the name of what they show."""
        return {"data": self.full, "empty": self.empty, "errors": self.troubled}


def make_showcase(connection: Connection) -> Showcase:
    """All three. This process's settings point at the database and a running sandbox; no event loop may run here."""
    drafts = asyncio.run(_written(BAKERY))
    with connection.transaction():
        full, accounts = _owner(connection, BAKERY.email, BAKERY.name)
        _past(connection, full, accounts, [draft for draft in drafts if draft.at < utc_now()])
        _coming(connection, full, accounts, [draft for draft in drafts if draft.at >= utc_now()])
        _google(connection, full, accounts["google"])
        make_fact(connection, full, "We bake every loaf ourselves, with flour from Vermont.")
        make_fact(connection, full, "Best croissants north of Boston!", kind="review", author="Jo P.")
        empty = make_owner(
            connection, email="new@morningcrumb.example", business_name="Corner Crumb", plan="pro", status="trial",
            trial_ends_at=utc_now() + timedelta(days=14), password_hash=PASSWORD_HASH, business_type="bakery",
            city="Burlington", state="VT", zone=BAKERY.zone, description=None, website=None,
        )  # fmt: skip
        troubled, broken = _owner(connection, "ann@morningcrumb.example", "Harbor Bread")
        _past(connection, troubled, broken, [draft for draft in drafts if draft.at < utc_now()][-12:])
        _troubles(connection, troubled, broken, [draft for draft in drafts if draft.at >= utc_now()])
    _library(full)
    _library(troubled)
    connection.execute(
        "UPDATE media_library SET refusal = 'it is smaller than 320 pixels' "
        "WHERE user_id = %s AND filename LIKE 'apple%%'",
        (troubled.user_id,),
    )
    return Showcase(full=full, empty=empty, troubled=troubled)


async def _written(business: DemoBusiness) -> list[Draft]:
    """Nine weeks back and ten days ahead."""
    now = utc_now()
    config = settings()
    wanted = past_slots(business, now) + _coming_slots(business, now)
    async with Writer(api_key=SecretStr("sandbox"), base_url=config.openai_base_url) as writer:
        return await write(writer, business, wanted, model=config.openai_model, recent=())


def _coming_slots(business: DemoBusiness, now: datetime) -> list[Wanted]:
    tz = zone(business.zone)
    wanted: list[Wanted] = []
    for platform in business.platforms:
        seed = f"{business.email} {platform}"
        planned = [
            slot
            for weeks in (0, 1)
            for slot in slots(
                week_of(now, tz) + timedelta(weeks=weeks), business.frequency, business.times, tz, seed=seed
            )
            if timedelta(hours=1) < slot.at - now < timedelta(days=10)
        ]
        themes = rotation(business.themes, len(planned), previous=None, seed=seed)
        wanted += [
            Wanted(platform=platform, at=slot.at, theme=theme, slot=slot.local)
            for slot, theme in zip(planned, themes, strict=True)
        ]
    return wanted


def _owner(connection: Connection, email: str, name: str) -> tuple[Owner, dict[str, Connected]]:
    made = make_owner(
        connection, email=email, business_name=name, plan="premium", password_hash=PASSWORD_HASH, zone=BAKERY.zone,
        business_type=BAKERY.trade, city=BAKERY.city, state=BAKERY.state, description=BAKERY.description,
        website=BAKERY.website, brand_voice=BAKERY.voice, posting_frequency=BAKERY.frequency,
        preferred_times=BAKERY.times, themes=BAKERY.themes, avoid_keywords=BAKERY.avoid,
    )  # fmt: skip
    now = utc_now()
    lives = {"google": timedelta(minutes=50), "facebook": None, "instagram": timedelta(days=51)}
    accounts = {
        platform: make_account(
            connection,
            made,
            platform,
            account_name=f"@{name.lower().replace(' ', '')}" if platform == "instagram" else name,
            token_expires_at=None if life is None else now + life,
            refresh_token="refresh-token-of-a-test" if platform == "google" else None,
            login_provider="instagram" if platform == "instagram" else None,
            connected_at=now - timedelta(days=70),
            last_refreshed_at=now - timedelta(minutes=9),
        )
        for platform, life in lives.items()
    }
    return made, accounts


def _picture(draft: Draft) -> str | None:
    number = random.Random(draft.text).randrange(48)
    if draft.platform != "instagram" and number % 3 == 0:
        return None
    size = "1080x1080" if draft.platform == "instagram" else "1200x900"
    return f"{settings().sandbox_url}/_sandbox/pictures/{size}/bakery-{number % 24}.jpg"


def _post(connection: Connection, owner: Owner, account: Connected, draft: Draft, **columns: Any) -> Any:
    return make_post(
        connection, owner, account, content=draft.text, hashtags=list(draft.hashtags) or None, theme=draft.theme,
        slot=draft.slot, media_url=_picture(draft), scheduled_for=draft.at, **columns,
    )  # fmt: skip


def _past(connection: Connection, owner: Owner, accounts: Mapping[str, Connected], drafts: Sequence[Draft]) -> None:
    """Published posts with a snapshot each, and the rollup that the flow makes of them."""
    dice = random.Random(owner.email)
    now = utc_now()
    for draft in drafts:
        account = accounts[draft.platform]
        post = _post(
            connection, owner, account, draft, status="published", platform_state="LIVE",
            permalink=f"https://{draft.platform}.example/{dice.randrange(10**9)}",
        )  # fmt: skip
        if draft.platform == "google":
            continue  # it tells nothing of a post
        weeks = (now - draft.at).days // 7
        reach = round(dice.lognormvariate(5.2, 0.45) * (1.5 - weeks * 0.06))
        likes, comments, shares = (round(reach * dice.uniform(0, share)) for share in (0.09, 0.018, 0.012))
        rate = round(100 * (likes + comments + shares) / reach, 2)
        insert(
            connection, "analytics", post_id=post, platform=draft.platform, user_id=owner.user_id, reach=reach,
            impressions=round(reach * 1.3), clicks=round(reach * dice.uniform(0, 0.05)), likes=likes,
            comments=comments, shares=shares, engagement_rate=rate,
        )  # fmt: skip
    for account in accounts.values():
        days = sorted({draft.at.astimezone(ZoneInfo(owner.zone)).date() for draft in drafts})
        connection.execute(query("roll_up_days").encode(), {"account_id": account.id, "days": days, "zone": owner.zone})


def _coming(connection: Connection, owner: Owner, accounts: Mapping[str, Connected], drafts: Sequence[Draft]) -> None:
    """Two days are approved, what comes after waits for a yes."""
    until = utc_now() + timedelta(days=3)
    for draft in drafts:
        approved = {"status": "approved", "approved_by": owner.email, "approved_at": utc_now()}
        _post(
            connection, owner, accounts[draft.platform], draft, requires_approval=True,
            **(approved if draft.at < until else {}),
        )  # fmt: skip


def _google(connection: Connection, owner: Owner, account: Connected) -> None:
    dice = random.Random(owner.email)
    today = utc_now().astimezone(ZoneInfo(owner.zone)).date()
    days: list[date] = [today - timedelta(days=ago) for ago in range(62, 2, -1)]
    for day in days:
        for metric, usual in _LOCATION.items():
            weekend = 1.4 if day.weekday() >= 5 else 1.0
            insert(
                connection, "location_metrics", user_id=owner.user_id, account_id=account.id, platform="google",
                day=day, metric=metric, value=round(usual * weekend * dice.uniform(0.6, 1.3)),
            )  # fmt: skip


def _troubles(connection: Connection, owner: Owner, accounts: Mapping[str, Connected], drafts: Sequence[Draft]) -> None:
    """A lost connection with posts held, a failed and a rejected post, and two whose fate is being found out."""
    now = utc_now()
    ahead = iter(drafts)
    by_platform: dict[str, list[Draft]] = {}
    for draft in ahead:
        by_platform.setdefault(draft.platform, []).append(draft)
    facebook, google, instagram = (by_platform[name] for name in ("facebook", "google", "instagram"))
    connection.execute(
        "UPDATE connected_accounts SET status = 'revoked', status_reason = %s WHERE id = %s",
        (
            "The account's password was changed, so Facebook ended the connection. Please connect Facebook again.",
            accounts["facebook"].id,
        ),
    )
    connection.execute(
        "INSERT INTO owner_notices (user_id, account_id, platform, kind, message) "
        "VALUES (%s, %s, 'facebook', 'connection_lost', %s)",
        (owner.user_id, accounts["facebook"].id, "The connection to Facebook is lost."),
    )
    connection.execute(
        "UPDATE connected_accounts SET token_expires_at = %s WHERE id = %s",
        (now + timedelta(days=3), accounts["instagram"].id),
    )
    for draft in facebook[:3]:
        _post(connection, owner, accounts["facebook"], draft, status="approved", approved_by=owner.email,
              approved_at=now, requires_approval=True)  # fmt: skip
    ago = (now - timedelta(hours=hours) for hours in (2, 5, 1, 30))
    late = [_moved(draft, at) for draft, at in zip([*instagram[:1], *google[:3]], ago, strict=True)]
    _post(connection, owner, accounts["instagram"], late[0], status="failed", error_message=_FAILURE)
    _post(connection, owner, accounts["google"], late[1], status="failed", error_message="Google took too long.")
    _post(connection, owner, accounts["google"], late[2], in_doubt_since=now - timedelta(minutes=4))
    _post(connection, owner, accounts["google"], late[3], status="rejected", requires_approval=True)
    for draft in [*google[3:5], *instagram[1:3]]:
        _post(connection, owner, accounts[draft.platform], draft, requires_approval=True)


def _moved(draft: Draft, at: datetime) -> Draft:
    return Draft(platform=draft.platform, at=at, theme=draft.theme, text=draft.text, hashtags=draft.hashtags)


def _library(owner: Owner) -> None:
    """Their own pictures, through the real door."""
    storages = Storages.from_settings(settings())
    for name, words in LIBRARY.items():
        picture = keep_upload(
            storages,
            owner.user_id,
            rights(owner.plan, "active", None, utc_now()),
            filename=f"{name}.jpg",
            content=jpeg(1200, 900, f"bakery-{name}"),
        )
        if words is not None:
            with session(Role.DASHBOARD, tenant=owner.user_id) as db:
                media_library.describe(db, picture, words)
