"""What bench_dashboard measures on: tenants made by SQL, and sessions that speak Streamlit's protocol."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from dashboards.guard import cookie_name
from models.queries import query
from tests.dashboards.house import Login, make_login
from tests.factories import Owner, make_account, make_owner

_DAYS = 730
# One in a hundred failed, one in 125 is open: both grow with the tenant, as years of use would leave them.
_POSTS = """
INSERT INTO post_queue (user_id, account_id, platform, content, content_hash, scheduled_for, theme, status,
  requires_approval, published_at, platform_post_id)
SELECT a.user_id, a.id, a.platform, 'Know where your main shut-off valve is. (' || n || ')', md5(n::text),
       w.at, (ARRAY['tip', 'promotion', 'seasonal', 'fun_fact'])[1 + n %% 4], s.status, true,
       CASE s.status WHEN 'published' THEN w.at + interval '3 seconds' END,
       CASE s.status WHEN 'published' THEN a.id || '/' || n END
FROM generate_series(1, %(posts)s) n
JOIN (SELECT *, row_number() OVER (ORDER BY platform, id) - 1 AS r, count(*) OVER () AS all_of_them
      FROM connected_accounts WHERE user_id = %(user_id)s) a ON a.r = n %% a.all_of_them
CROSS JOIN LATERAL (SELECT CASE WHEN n %% 100 = 7 THEN 'failed' WHEN n %% 250 = 3 THEN 'pending'
                                WHEN n %% 250 = 4 THEN 'approved' ELSE 'published' END AS status) s
CROSS JOIN LATERAL (SELECT CASE WHEN s.status IN ('pending', 'approved')
  THEN now() + n * interval '30 days' / %(posts)s + interval '1 hour'
  ELSE date_trunc('hour', now() - n * interval '1 day' * %(days)s / %(posts)s) - interval '1 hour' END AS at) w
"""
_SNAPSHOTS = """
INSERT INTO analytics (post_id, user_id, platform, reach, impressions, clicks, likes, comments, shares, engagement_rate,
  fetched_at)
SELECT p.id, p.user_id, p.platform, r.reach, r.reach * 2, r.reach / 50, r.reach / 30, r.reach / 90, r.reach / 200,
       round(100.0 * (r.reach / 30 + r.reach / 90 + r.reach / 200) / r.reach, 2),
       p.published_at + s * interval '1 day'
FROM post_queue p CROSS JOIN generate_series(%(first)s::int, %(last)s::int) s
CROSS JOIN LATERAL (SELECT 50 + (abs(hashtext(p.id::text)) %% 900) * s / %(last)s AS reach) r
WHERE p.user_id = %(user_id)s AND p.status = 'published' AND p.platform <> 'google'
"""


def make_tenant(db: psycopg.Connection[Any], *, posts: int, snapshots: int, accounts_each: int) -> Login:
    """An owner with accounts, posts of two years, so many snapshots of each, and the rollups; logged in."""
    owner = make_owner(db, plan="premium")
    accounts = [
        make_account(db, owner, platform)
        for platform in ("facebook", "google", "instagram")
        for _ in range(accounts_each)
    ]
    # Triggers would hash a story for each post; only the last snapshot goes the way that keeps the latest numbers.
    db.execute("SET session_replication_role = replica")
    db.execute(_POSTS, {"user_id": owner.user_id, "posts": posts, "days": _DAYS})
    if snapshots > 1:
        db.execute(_SNAPSHOTS, {"user_id": owner.user_id, "first": 1, "last": snapshots - 1})
    db.execute("SET session_replication_role = origin")
    db.execute(_SNAPSHOTS, {"user_id": owner.user_id, "first": snapshots, "last": snapshots})
    for account in accounts:
        where = {"account_id": account.id, "zone": owner.zone}
        days = [row[0] for row in db.execute(query("days_of_account").encode(), where)]
        db.execute(query("roll_up_days").encode(), where | {"days": days})
    _google_days(db, owner)
    return make_login(db, owner)


def _google_days(db: psycopg.Connection[Any], owner: Owner) -> None:
    db.execute(
        "INSERT INTO location_metrics (user_id, account_id, platform, day, metric, value)"
        " SELECT a.user_id, a.id, a.platform, current_date - ago, m, 20 + ago %% 30"
        " FROM connected_accounts a CROSS JOIN generate_series(2, 540) ago"
        " CROSS JOIN unnest(ARRAY['BUSINESS_IMPRESSIONS_MOBILE_MAPS', 'BUSINESS_IMPRESSIONS_DESKTOP_SEARCH',"
        " 'CALL_CLICKS', 'WEBSITE_CLICKS']) m"
        " WHERE a.user_id = %s AND a.platform = 'google'",
        (owner.user_id,),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a page in a session: which page, and the seconds from asking to the last word."""

    page: str
    seconds: float


async def session(url: str, login: Login, pages: Sequence[str], *, seconds: float, think: float) -> list[Run]:
    """Open the dashboard as a browser does and look at pages for so long, with pauses of about `think` seconds."""
    cookie = f"{cookie_name(url)}={login.token}"
    done: list[Run] = []
    dice = random.Random(login.token)
    async with connect(
        f"{url.replace('http', 'ws')}/_stcore/stream",
        additional_headers={"Cookie": cookie, "Origin": url},
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=None,
    ) as socket:
        until = time.monotonic() + seconds
        await asyncio.sleep(dice.uniform(0, think))  # people do not come in the same second
        while time.monotonic() < until:
            page = dice.choice(list(pages))
            done.append(Run(page, await _look(socket, page)))
            await asyncio.sleep(dice.uniform(0.5, 1.5) * think)
    return done


async def _look(socket: Any, page: str) -> float:
    message = BackMsg()
    message.rerun_script.page_name = "" if page == "overview" else page
    began = time.perf_counter()
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await socket.recv())
        if answer.WhichOneof("type") == "script_finished":
            if answer.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                raise RuntimeError(f"the page {page!r} did not finish: {answer.script_finished}")
            return time.perf_counter() - began
