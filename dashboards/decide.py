"""The page behind a link in a mail about one waiting post: approve it or skip it without a login.

    GET  /decide?token=   the post as it would go out, and what can be decided
    POST /decide          approve or skip it, once

GET and HEAD decide nothing: mail scanners follow links too. A link that is over looks like one that was never made.
"""

from __future__ import annotations

import logging

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards import deciding
from dashboards.deciding import Decision, Link
from dashboards.doors import Door
from dashboards.forms import fields_of
from dashboards.mail_links import with_database
from dashboards.pages import message_page, page
from dashboards.parts.cards import preview
from dashboards.parts.times import zone_label
from models.base import utc_now
from models.post_status import PostError
from models.settings import settings

log = logging.getLogger(__name__)

_QUEUE = ("/queue", "To your queue")


@with_database
async def decide_form(request: Request) -> Response:
    """GET /decide: the post, and two buttons while it waits."""
    token = request.query_params.get("token", "")
    link = await run_in_threadpool(deciding.open_link, token, utc_now())
    return _post_page(token, link) if link is not None else _link_is_over()


@with_database
async def decide(request: Request) -> Response:
    """POST /decide: done, and told by the page it leads back to; or why not, with the post as it is now."""
    fields = await fields_of(request, link=_QUEUE)
    if isinstance(fields, Response):
        return fields
    form, now = dict(fields), utc_now()
    token = form.get("token", "")
    link = await run_in_threadpool(deciding.open_link, token, now)
    if link is None:
        return _link_is_over()
    try:
        decision = Decision(form.get("decision", ""))
    except ValueError:
        return _post_page(token, link, status_code=422)
    if not deciding.standing(link).is_open:
        return _post_page(token, link, status_code=409)
    try:
        await run_in_threadpool(deciding.decide, link, decision, now)
    except PostError as refusal:  # since it was read somebody else was quicker
        log.info("a mail's link decides nothing about post %s: %s", link.post.id, refusal)
        link = await run_in_threadpool(deciding.open_link, token, utc_now())
        return _post_page(token, link, status_code=409, problem=str(refusal)) if link is not None else _link_is_over()
    return RedirectResponse(f"/decide?token={token}", status_code=303)


def _post_page(token: str, link: Link, *, status_code: int = 200, problem: str | None = None) -> Response:
    """The post and where it stands. `problem` is why a decision was refused, told where that does not say it."""
    owner = link.owner
    return page(
        "decide.html",
        status_code=status_code,
        shows_posts=True,
        token=token,
        problem=problem,
        standing=deciding.standing(link),
        post=Markup(preview(link.post, zone=owner.clock_zone, now=owner.now)),  # noqa: S704 - every text in it is escaped
        zone=zone_label(owner.clock_zone, owner.now),
        sandbox=settings().uses_sandbox,
    )


def _link_is_over() -> Response:
    text = (
        "It is older than a week, the time of its post has passed, or it is not one of ours. What waits for you is in "
        "your queue."
    )
    return message_page(410, "This link does not work any more", text, link=_QUEUE)


ROUTES = [
    Door(path="/decide", endpoint=decide_form, anonymous=True),
    Door(path="/decide", endpoint=decide, methods=("POST",), anonymous=True),
]
