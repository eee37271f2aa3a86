"""Deciding about one post by the link in a mail: what the link opens, where its post stands, and the decision.

Who has the link reads the owner's mails. That is enough to say yes or no to exactly the content that the mail showed,
once, and for nothing else: no session comes of it, and no other post, word or time can be changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboards.parts.owner import Owner, owner_of
from dashboards.parts.post_card import PostCard
from dashboards.parts.times import moment
from dashboards.parts.wording import platform_name
from models import post_status
from models.connecting import hashed
from models.database import Role, session
from models.post_status import APPROVED_BY_MAIL, SKIPPED, SKIPPED_BY_MAIL, ImpossibleChange
from models.queries import query


class Decision(StrEnum):
    """What can be decided."""

    APPROVE = "approve"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link opens: a post of an owner as it is now, and the hash of the content that the mail showed."""

    token_hash: str
    is_used: bool
    seen_hash: str
    owner: Owner
    post: PostCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether the link can still decide about its post, and in the owner's words why not. `leads_to` is where to go on
    (address, words)."""

    is_open: bool = False
    title: str
    text: str
    leads_to: tuple[str, str]


def open_link(token: str, now: datetime) -> Link | None:
    """What a link opens; None when it is over or was never made. Changes nothing: scanners follow links too."""
    token_hash = hashed(token)
    with session(Role.ACCESS) as db:
        asked = {"token_hash": token_hash, "now": now}
        link = db.connection().exec_driver_sql(query("open_decide_link"), asked).one_or_none()
    owner = owner_of(link.user_id, now) if link is not None else None
    if link is None or owner is None:
        return None
    rows = owner.rows("dashboard_posts", ids=[link.post_id], now=now)
    if not rows:
        return None
    return Link(
        token_hash=token_hash,
        is_used=link.used_at is not None,
        seen_hash=link.content_hash,
        owner=owner,
        post=PostCard(**rows[0]._mapping),
    )


def decide(link: Link, decision: Decision, now: datetime) -> None:
    """Do it, in one transaction with using the link up: a refusal leaves both as they were. Raises PostError."""
    owner, post_id = link.owner, link.post.id
    with owner.session() as db:
        used = {"token_hash": link.token_hash, "now": now}
        if not db.connection().exec_driver_sql(query("use_decide_link"), used).scalar_one():
            raise ImpossibleChange("This link was used already.")
        if decision is Decision.APPROVE:
            post_status.approve(
                db, post_id, seen_hash=link.seen_hash, actor=owner.email, now=now, reason=APPROVED_BY_MAIL
            )
        else:
            post_status.skip_seen(db, post_id, seen_hash=link.seen_hash, actor=owner.email, now=now)


def standing(link: Link) -> Standing:
    """Whether the link can still decide about its post, by what was read. Pure."""
    post, owner = link.post, link.owner
    closed = _post_closed(link) or _owner_closed(owner) or _account_closed(post)
    if closed is not None:
        return closed
    dashboard, when = _to_the_post(post), moment(post.scheduled_for, owner.clock_zone, owner.now)
    if post.content_hash != link.seen_hash:
        text = (
            "It has other words or another picture than in your mail, so the mail's link decides nothing any more. "
            "This is how it looks now: decide about it in your dashboard."
        )
        return Standing(title="This post was changed meanwhile", text=text, leads_to=dashboard)
    if post.scheduled_for <= owner.now:
        text = f"It was to go out {when}. In your dashboard you can still send it, or skip it."
        return Standing(title="Its time has passed", text=text, leads_to=dashboard)
    if link.is_used:
        text = "You decided by it before, and the post waits again since then. Decide about it in your dashboard."
        return Standing(title="This link was used already", text=text, leads_to=dashboard)
    text = f"It goes out {when}, exactly like this, if you approve it."
    return Standing(is_open=True, title="Shall this go out?", text=text, leads_to=dashboard)


def _to_the_post(post: PostCard) -> tuple[str, str]:
    return f"/queue?post={post.id}", "Open in the dashboard"


def _post_closed(link: Link) -> Standing | None:
    """What was decided, by whom and when, or what became of the post; None while it waits."""
    post, zone, now = link.post, link.owner.clock_zone, link.owner.now
    name, dashboard = platform_name(post.platform), _to_the_post(post)
    if post.status == "published":
        when = f" {moment(post.published_at, zone, now)}" if post.published_at is not None else ""
        return Standing(title="This post is live", text=f"It went out on {name}{when}.", leads_to=dashboard)
    if post.status == "rejected":
        skipped = post.last_reason in (SKIPPED, SKIPPED_BY_MAIL)
        by = f"{post.last_actor} {'skipped' if skipped else 'rejected'} it" if post.last_actor else "Somebody said no"
        when = f" {moment(post.last_at, zone, now)}" if post.last_at is not None else ""
        title = "This post is skipped" if skipped else "This post is rejected"
        return Standing(title=title, text=f"{by}{when}. It does not go out.", leads_to=dashboard)
    if post.leased or post.in_doubt_since is not None or post.platform_state == "PROCESSING":
        text = "Nothing can be decided about it any more. Look again in a minute."
        return Standing(title="This post is on its way", text=text, leads_to=dashboard)
    if post.status == "failed":
        why = (post.error_message or f"{name} did not take it").rstrip(".")
        text = f"{why}. In your dashboard you can try again, or skip it."
        return Standing(title="This post did not go out", text=text, leads_to=dashboard)
    when = moment(post.scheduled_for, zone, now)
    if post.status == "approved":
        by = f"{post.approved_by} approved it" if post.approved_by else "It was approved"
        at = f" {moment(post.approved_at, zone, now)}" if post.approved_at is not None else ""
        text = f"{by}{at}. It goes out {when}."
        if post.content_hash != link.seen_hash:
            text += " It was changed since your mail: this is how it looks now."
        return Standing(title="This post is approved", text=text, leads_to=dashboard)
    if not post.requires_approval:
        return Standing(title="This post needs no yes", text=f"It goes out by itself {when}.", leads_to=dashboard)
    return None


def _owner_closed(owner: Owner) -> Standing | None:
    """Why nothing of this owner's goes out; None where it does."""
    if owner.status == "canceled":
        text = "Nothing goes out any more, and nothing can be changed. You can still read everything in your dashboard."
        return Standing(title="Your plan is canceled", text=text, leads_to=("/plan", "To your plan"))
    if owner.status == "paused":
        text = "Nothing goes out for now. The post keeps its place; decide about it once your account is active again."
        return Standing(title="Your account is paused", text=text, leads_to=("/plan", "To your plan"))
    if not owner.publishing:
        text = "Nothing goes out before you have. We have sent you a mail for it; your dashboard sends another one."
        return Standing(title="Please confirm your e-mail address", text=text, leads_to=("/", "To the dashboard"))
    return None


def _account_closed(post: PostCard) -> Standing | None:
    """Why nothing goes out on this account; None where it does."""
    name, accounts = platform_name(post.platform), ("/accounts", "To your accounts")
    if post.account_disconnected:
        text = f"You disconnected it from {name}. Connect it again, then decide about this post."
        return Standing(title="This account is disconnected", text=text, leads_to=accounts)
    if post.account_status != "active":
        text = f"Our access to {name} does not work any more. Connect it again, then decide about this post."
        return Standing(title="The connection is broken", text=text, leads_to=accounts)
    return None
