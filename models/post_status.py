"""The life of a post: which change of state is possible, and the one place that makes one.

    pending --approve--> approved --publish--> published
       |  \\--reject--> rejected                   ^
       |   (no approval asked for: pending publishes as it is)
       \\-- refused, out of attempts, or missed --> failed --retry--> pending

The database enforces the same table (migration 009) and a test compares the two. Publishing itself changes states in
bulk through `sql/queries/publishing.sql`, which obeys the same rules. Every change is a line in `post_events`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session

from models.gates import LIMITS
from models.post import Post
from models.queries import query


class Status(StrEnum):
    """Where a post stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PUBLISHED = "published"
    FAILED = "failed"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.APPROVED, Status.REJECTED, Status.PUBLISHED, Status.FAILED}),
    Status.APPROVED: frozenset({Status.PENDING, Status.PUBLISHED, Status.FAILED}),
    Status.FAILED: frozenset({Status.PENDING}),
    Status.REJECTED: frozenset(),
    Status.PUBLISHED: frozenset(),
}


# Reasons in a post's story. What the link in a mail decided says so.
SKIPPED = "skipped: its place stays empty"
SKIPPED_BY_MAIL = "skipped by the link in a mail: its place stays empty"
APPROVED_BY_MAIL = "approved by the link in a mail"


class PostError(Exception):
    """A post cannot be changed like this; the text is in the owner's words."""


class PostNotFound(PostError):
    """There is no such post, or it is somebody else's."""


class PostChanged(PostError):
    """The post is no longer what the person was looking at."""


class PostBusy(PostError):
    """A worker is publishing it right now, or its fate is being found out."""


class ImpossibleChange(PostError):
    """The state does not allow it."""


def can_change(current: Status, to: Status, *, requires_approval: bool) -> bool:
    """Whether a post may go from `current` to `to`."""
    if current is Status.PENDING and to is Status.PUBLISHED:
        return not requires_approval
    return to in TRANSITIONS[current]


class _Locked(NamedTuple):
    id: UUID
    user_id: UUID
    platform: str
    status: str
    content_hash: str
    approved_hash: str | None
    requires_approval: bool
    scheduled_for: datetime
    leased: bool
    unsettled: bool


def _lock(session: Session, post_id: UUID, *, seen_hash: str | None = None) -> _Locked:
    row = session.connection().exec_driver_sql(query("lock_post"), {"post_id": post_id}).one_or_none()
    if row is None:
        raise PostNotFound("This post does not exist any more.")
    post = _Locked(*row)
    if post.leased or post.unsettled:
        raise PostBusy("This post is being published right now. Look again in a minute.")
    if seen_hash is not None and seen_hash != post.content_hash:
        raise PostChanged("This post was changed in the meantime. Have another look before you decide.")
    return post


def _change(
    session: Session,
    post: _Locked,
    to: Status,
    *,
    actor: str,
    reason: str,
    now: datetime,
    scheduled_for: datetime | None = None,
) -> None:
    if not can_change(Status(post.status), to, requires_approval=post.requires_approval):
        now_is = f"This post is {post.status} already" if post.status == to else f"This post is {post.status} by now"
        raise ImpossibleChange(f"{now_is}; it cannot become {to}." if post.status != to else f"{now_is}.")
    session.connection().exec_driver_sql(
        query("change_post_status"),
        {
            "post_id": post.id,
            "from": post.status,
            "to": to.value,
            "actor": actor,
            "reason": reason,
            "now": now,
            "scheduled_for": scheduled_for,
        },
    )


def created(session: Session, posts: Sequence[Post], *, actor: str, reason: str) -> None:
    """Insert new posts; their stories begin with `actor` and `reason`."""
    session.connection().exec_driver_sql(
        "SELECT set_config('postagent.actor', %(actor)s, true), set_config('postagent.reason', %(reason)s, true)",
        {"actor": actor, "reason": reason},
    )
    session.add_all(posts)
    session.flush()
    session.connection().exec_driver_sql(
        "SELECT set_config('postagent.actor', '', true), set_config('postagent.reason', '', true)"
    )


def approve(
    session: Session, post_id: UUID, *, seen_hash: str, actor: str, now: datetime, reason: str = "approved"
) -> None:
    """Approve exactly the content whose `content_hash` the person saw.

    Raises PostChanged when it is another one by now, ImpossibleChange, PostBusy or PostNotFound.
    """
    post = _lock(session, post_id, seen_hash=seen_hash)
    _change(session, post, Status.APPROVED, actor=actor, reason=reason, now=now)


def reject(session: Session, post_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Reject a post for good; an approved one loses its approval first. Raises PostError."""
    post = _lock(session, post_id)
    if post.status == Status.APPROVED:
        _change(session, post, Status.PENDING, actor=actor, reason="approval withdrawn", now=now)
        post = post._replace(status=Status.PENDING.value)
    _change(session, post, Status.REJECTED, actor=actor, reason=f"rejected: {reason.strip() or 'no reason'}", now=now)


def skip(session: Session, post_id: UUID, *, actor: str, now: datetime) -> None:
    """Leave a post's place empty: nothing is wrong with it, it is only not to go out. A failed one is given up.

    It keeps its slot as every rejected post does, so that no later run fills the place. Raises PostError.
    """
    post = _lock(session, post_id)
    back = {Status.APPROVED: "approval withdrawn", Status.FAILED: "given up"}.get(Status(post.status))
    if back is not None:
        _change(session, post, Status.PENDING, actor=actor, reason=back, now=now)
        post = post._replace(status=Status.PENDING.value)
    _change(session, post, Status.REJECTED, actor=actor, reason=SKIPPED, now=now)


def skip_seen(session: Session, post_id: UUID, *, seen_hash: str, actor: str, now: datetime) -> None:
    """Skip by the link in a mail: only what still waits, with exactly the content that it showed. Raises PostError."""
    post = _lock(session, post_id, seen_hash=seen_hash)
    _change(session, post, Status.REJECTED, actor=actor, reason=SKIPPED_BY_MAIL, now=now)


class _Keep:
    """Marks an argument that was not given."""


KEEP = _Keep()


def edit(
    session: Session,
    post_id: UUID,
    *,
    seen_hash: str,
    actor: str,
    now: datetime,
    content: str | None = None,
    hashtags: Sequence[str] | _Keep | None = KEEP,
    media_url: str | _Keep | None = KEEP,
    alt_text: str | None = None,
    more_media_urls: Sequence[str] | _Keep | None = KEEP,
    scheduled_for: datetime | None = None,
) -> str:
    """Change text, hashtags, pictures or time. A changed text, hashtag or picture takes an approval away.

    Returns the hash of the content as it is now. `alt_text` goes with `media_url`: a picture that is given anew has
    these words or none. `more_media_urls` are the pictures after the first; given anew they lose their alternative
    texts, and they go with the first one when `media_url` is None. Times must be aware. Raises PostChanged, PostBusy,
    ImpossibleChange (published, rejected, more pictures than the platform takes), or ValueError for a naive time or an
    empty text.
    """
    if scheduled_for is not None and scheduled_for.tzinfo is None:
        raise ValueError(f"{scheduled_for!r} has no time zone")
    if content is not None and not content.strip():
        raise ValueError("a post needs a text")
    post = _lock(session, post_id, seen_hash=seen_hash)
    if post.status not in (Status.PENDING, Status.APPROVED, Status.FAILED):
        raise ImpossibleChange(f"This post is {post.status}; it can no longer be edited.")
    if media_url is None:
        more_media_urls = None
    more = None if isinstance(more_media_urls, _Keep) else list(more_media_urls or ()) or None
    limits = LIMITS[post.platform]
    if more and 1 + len(more) > limits.max_pictures:
        raise ImpossibleChange(f"{limits.label} takes at most {limits.max_pictures} pictures, not {1 + len(more)}.")
    changes: dict[str, Any] = {"at": now.isoformat()}
    if content is not None:
        changes["content"] = content
    if not isinstance(hashtags, _Keep):
        changes["hashtags"] = list(hashtags or [])
    if not isinstance(media_url, _Keep):
        changes |= {"media_url": media_url, "alt_text": alt_text}
    if not isinstance(more_media_urls, _Keep):
        changes["more_media_urls"] = more
    if scheduled_for is not None:
        changes["scheduled_for"] = scheduled_for.isoformat()
    only_time = set(changes) == {"at", "scheduled_for"}
    edited = session.connection().exec_driver_sql(
        query("edit_post"),
        {
            "post_id": post.id,
            "from": post.status,
            "content": content,
            "set_hashtags": not isinstance(hashtags, _Keep),
            "hashtags": None if isinstance(hashtags, _Keep) or hashtags is None else list(hashtags),
            "set_media": not isinstance(media_url, _Keep),
            "media_url": None if isinstance(media_url, _Keep) else media_url,
            "alt_text": alt_text,
            "set_more": not isinstance(more_media_urls, _Keep),
            "more_media_urls": more,
            "scheduled_for": scheduled_for,
            "actor": actor,
            "reason": "rescheduled" if only_time else "edited",
            "details": json.dumps(changes),
        },
    )
    return str(edited.scalar_one())


def reschedule(session: Session, post_id: UUID, *, seen_hash: str, at: datetime, actor: str, now: datetime) -> None:
    """Give a post another time, still to come; an approval stands, and a failed post is tried again then.

    Which times an owner may choose is `models.rescheduling`'s to say. Raises PostError.
    """
    if at <= now:
        raise ImpossibleChange("That time is over. Choose a later one, or publish it now.")
    edit(session, post_id, seen_hash=seen_hash, actor=actor, now=now, scheduled_for=at)
    if _lock(session, post_id).status == Status.FAILED:
        retry(session, post_id, actor=actor, now=now)


def publish_now(session: Session, post_id: UUID, *, seen_hash: str, actor: str, now: datetime) -> None:
    """Make a post due at once; asking for it is the approval of what was seen. Raises PostError."""
    post = _lock(session, post_id, seen_hash=seen_hash)
    if post.status == Status.PENDING and post.requires_approval:
        _change(session, post, Status.APPROVED, actor=actor, reason="approved: publish now", now=now, scheduled_for=now)
    elif post.status in (Status.PENDING, Status.APPROVED):
        edit(session, post_id, seen_hash=seen_hash, actor=actor, now=now, scheduled_for=now)
    else:
        raise ImpossibleChange(f"This post is {post.status}; it cannot be published now.")


def retry(session: Session, post_id: UUID, *, actor: str, now: datetime) -> None:
    """Give a failed post another chance: due at once when its time is over. An approval of the same content stands.

    Raises PostError.
    """
    post = _lock(session, post_id)
    if post.status != Status.FAILED:
        raise ImpossibleChange(f"This post is {post.status}; only a failed one can be tried again.")
    when = now if post.scheduled_for < now else None
    _change(session, post, Status.PENDING, actor=actor, reason="try again", now=now, scheduled_for=when)
    if post.requires_approval and post.approved_hash == post.content_hash:
        again = post._replace(status=Status.PENDING.value)
        _change(session, again, Status.APPROVED, actor=actor, reason="the approval of this content stands", now=now)
