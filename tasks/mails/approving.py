"""What the mail about a week's waiting posts shows: read when it leaves, with a new link for every post."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from models.approval_mails import MOST_POSTS, link_ends_at
from models.clock_words import zone_of
from models.connecting import hashed
from models.database import Role, session
from models.gates import LIMITS, Draft
from models.gates.platform_limits import caption
from models.queries import query
from tasks.mails.letters import Waiting, Week


def waiting_week(mail: Row[Any], now: datetime) -> Week | None:
    """The posts of the mail's week that can be decided about at `now`, each with its link; None when there are none, or
    when their owner is not to be told any more.

    Posts are read as the dashboard's role, bound to the owner. The links' tokens are in what is returned and nowhere
    else: their hashes are kept.
    """
    with session(Role.DASHBOARD, tenant=mail.user_id) as db:
        run = db.connection().exec_driver_sql
        reader = run(query("approval_mail_reader")).one_or_none()
        asked = {"week_start": mail.week_start, "now": now, "most": MOST_POSTS}
        rows = run(query("approval_mail_posts"), asked).all()
    if reader is None or not reader.wants or not rows:
        return None
    tokens = [secrets.token_urlsafe(32) for _ in rows]
    links = [
        {
            "token_hash": hashed(token),
            "user_id": mail.user_id,
            "mail_id": mail.id,
            "address": mail.address,
            "now": now,
            "expires_at": link_ends_at(now, row.scheduled_for),
            "post_id": row.id,
            "content_hash": row.content_hash,
        }
        for token, row in zip(tokens, rows, strict=True)
    ]
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("make_decide_link"), links)
    posts = [_waiting(row, token) for row, token in zip(rows, tokens, strict=True)]
    return Week(start=mail.week_start, posts=posts, waiting=rows[0].waiting, zone=zone_of(reader.zone))


def _waiting(row: Row[Any], token: str) -> Waiting:
    platform = LIMITS[row.platform].label
    tags = tuple(tag.lstrip("#") for tag in row.hashtags or ())
    picture = row.media_url if (row.media_url or "").startswith(("https://", "http://")) else None
    return Waiting(
        where=f"{platform} as {row.account_name}" if row.account_name else platform,
        at=row.scheduled_for,
        text=caption(Draft(platform=row.platform, text=row.content, hashtags=tags)),
        picture=picture,
        token=token,
    )
