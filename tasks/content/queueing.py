"""Put a written week into the queue: pictures first, then one transaction for the posts and what they cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson
from sqlmodel import Session

from models.approval_mails import want_approval_mail
from models.base import utc_now
from models.content import ContentGeneration
from models.database import Role, session
from models.gates import needs_picture
from models.queries import query
from tasks.content.pictures import Album, Picture, PictureFinder, bind
from tasks.content.plan import OwnerFacts, WeekPlan
from tasks.content.prompt import PROMPT_VERSION
from tasks.content.writing import WrittenPost, WrittenWeek


@dataclass(frozen=True, slots=True)
class ReadyPost:
    """A written post with its picture."""

    written: WrittenPost
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Queued:
    """How many posts are new, and how many of them come from the evergreen bank."""

    made: int = 0
    fell_back: int = 0


@dataclass(frozen=True, slots=True)
class Paid:
    """What a week was paid by: calls in the ledger, and the requests of a batch that it uses up."""

    call_ids: Sequence[UUID] = ()
    request_ids: Sequence[UUID] = ()


async def with_pictures(finder: PictureFinder, owner: OwnerFacts, week: WrittenWeek, album: Album) -> list[ReadyPost]:
    """Every post with a picture of its own. One that needs a picture and gets none is skipped with the reason."""
    ready: list[ReadyPost] = []
    for post in week.posts:
        planned = post.planned
        picture = await finder.find(
            owner.business.type,
            planned.platform,
            post.picture_query,
            album,
            planned.slot.at,
            seed=f"{owner.business.id} {planned.key}",
        )
        if picture is None and needs_picture(planned.platform):
            week.skipped.append(f"{planned.key}: {no_picture(finder)}")
            continue
        ready.append(ReadyPost(post, picture))
    return ready


def no_picture(finder: PictureFinder) -> str:
    """Why there is none, for the run's table."""
    return f"no picture ({finder.problem.message if finder.problem else 'none fits that was not shown for 60 days'})"


async def queue_week(
    owner: OwnerFacts, week: WeekPlan, written: WrittenWeek, ready: Sequence[ReadyPost], *, model: str, paid: Paid
) -> Queued:
    """Store the generation, its posts and what it was paid by in one transaction; returns which posts are new. Where
    they wait for their owner's yes, the mail that says so is written down with them.

    A slot that another run filled meanwhile stays as it is: the database decides, so that two runs make nothing twice.
    """
    return await asyncio.to_thread(_store, owner, week, written, ready, model, paid)


def _store(
    owner: OwnerFacts, week: WeekPlan, written: WrittenWeek, ready: Sequence[ReadyPost], model: str, paid: Paid
) -> Queued:
    generation = ContentGeneration(
        id=uuid4(),
        user_id=owner.user_id,
        business_id=owner.business.id,
        week_start=week.week_start,
        model=next((post.model for post in written.posts if post.model), model),
        prompt_version=PROMPT_VERSION,
        slots_wanted=week.wanted,
        calls=written.calls,
        input_tokens=written.input_tokens,
        cached_tokens=written.cached_tokens,
        output_tokens=written.output_tokens,
        refusals=written.refusals,
        themes_why=week.themes_why,
    )
    rows = {str(uuid4()): post for post in ready}
    with session(Role.WORKER) as db:
        db.add(generation)
        db.flush()
        made = db.connection().exec_driver_sql(
            query("queue_written_posts"),
            {
                "user_id": owner.user_id,
                "generation_id": generation.id,
                "requires_approval": owner.rights.approval,
                "posts": orjson.dumps([_row(key, post, owner) for key, post in rows.items()]).decode(),
            },
        )
        ids = list(made.scalars())
        bind(db, _pictures(ids, rows), [post.picture.use_id for post in ready if post.picture])
        new = [rows[str(post_id)] for post_id in ids]
        queued = Queued(len(new), sum(post.written.model is None for post in new))
        _note_reviews(db, owner, [post.written for post in new])
        generation.posts_made, generation.posts_fallen_back = queued.made, queued.fell_back
        db.add(generation)
        if new and owner.rights.approval:
            first = min(post.written.planned.slot.at for post in new)
            want_approval_mail(
                db, owner.user_id, week.week_start, first_post_at=first, zone_name=owner.zone_name, now=utc_now()
            )
        sql = db.connection().exec_driver_sql
        if paid.call_ids:
            sql(query("assign_ai_calls"), {"generation_id": generation.id, "ids": list(paid.call_ids)})
        if paid.request_ids:
            sql(query("use_ai_batch_requests"), {"ids": list(paid.request_ids)})
    return queued


def _pictures(ids: Sequence[UUID], rows: Mapping[str, ReadyPost]) -> dict[UUID, UUID]:
    """Which picture is whose."""
    return {picture.use_id: post_id for post_id in ids if (picture := rows[str(post_id)].picture) is not None}


def _note_reviews(db: Session, owner: OwnerFacts, posts: Sequence[WrittenPost]) -> None:
    """A review that a post quotes rests from that post's time on; the evergreen bank quotes none."""
    used = [
        (post.planned.review.id, post.planned.slot.at)
        for post in posts
        if post.model and post.planned.review and post.theme == "testimonial"
    ]
    if used:
        ids, times = zip(*used, strict=True)
        db.connection().exec_driver_sql(
            query("note_reviews_used"), {"user_id": owner.user_id, "ids": list(ids), "times": list(times)}
        )


def _row(post_id: str, post: ReadyPost, owner: OwnerFacts) -> dict[str, Any]:
    planned, written = post.written.planned, post.written
    website = web_address(owner.business.website) if planned.platform == "google" else None
    return {
        "id": post_id,
        "account_id": str(planned.account_id),
        "platform": planned.platform,
        "content": written.text,
        "media_url": post.picture.url if post.picture else None,
        "hashtags": list(written.hashtags) or None,
        "scheduled_for": planned.slot.at.isoformat(),
        "theme": written.theme,
        "slot": planned.slot.local,
        "link_url": website,
        "call_to_action": "LEARN_MORE" if website else None,
        "alt_text": post.picture.alt_text if post.picture else None,
        "reason": "written" if written.model else f"taken from the evergreen bank: {written.why}",
        "details": {"model": written.model, "prompt_version": PROMPT_VERSION} if written.model else {},
    }


def web_address(website: str | None) -> str | None:
    """An owner's website as a link, with https where they wrote no scheme; None when it is not one."""
    text = (website or "").strip()
    if not text or any(character.isspace() for character in text):
        return None
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and "." in host.strip(".") else None
