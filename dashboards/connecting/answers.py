"""The pages that answer an owner who connects an account: the list of what was found, or why there is none."""

from __future__ import annotations

import logging
from uuid import UUID

from starlette.responses import Response

from dashboards.connecting import keeping
from dashboards.connecting.words import NAMES, OBSTACLES, THINGS, Told, Trouble, problem_told, room_told, trouble_told
from dashboards.pages import page
from dashboards.parts.owner import Owner
from models.connections import ConnectedPlace
from models.settings import settings
from platforms.connecting.base import Findings, Problem, Service
from platforms.connecting.registry import platform_of
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, Refused

log = logging.getLogger(__name__)

_STATUS = {
    Trouble.DOWN: 503, Trouble.NOT_SET_UP: 503, Trouble.REFUSED: 502, Trouble.NOT_OURS: 403, Trouble.USED: 409,
    Trouble.TOO_LATE: 410, Trouble.LOGGED_OUT: 401, Trouble.CHOICE_OVER: 410, Trouble.CANCELED: 403, Trouble.GONE: 404,
}  # fmt: skip


def choice_page(
    owner: Owner,
    service: Service,
    findings: Findings,
    mine: list[ConnectedPlace],
    ticked: set[str] | None,
    *,
    problem: str | None = None,
) -> Response:
    """The list of what was found; `ticked` is what the owner chose before it is shown again, with the `problem`."""
    platform, most = platform_of(service), owner.rights.accounts_per_platform
    lines = keeping.offered(findings, platform, mine, ticked)
    room = keeping.room(most, platform, mine)
    if ticked is None and len([line for line in lines if line.is_ticked and not line.is_mine]) > room:
        lines = keeping.offered(findings, platform, mine, {line.choice.account_id for line in lines if line.is_mine})
    return page(
        "choice.html",
        status_code=422 if problem else 200,
        name=NAMES[service],
        things=THINGS[platform][1],
        lines=lines,
        obstacles=OBSTACLES,
        room=room_told(platform, room, most),
        no_room=room <= 0,
        is_useful=room > 0 or any(line.is_mine for line in lines),
        problem=problem,
        sandbox=settings().uses_sandbox,
    )


def failed(error: PlatformError | TimeoutError, service: Service, *, mending: UUID | None) -> Response:
    """The platform did not do its part."""
    log.warning("%s was not connected: %s", service, error or "no answer in time")
    if isinstance(error, ReconnectNeeded):
        return problem_page(Problem.MISSING_PERMISSION, service, mending=mending)
    trouble = Trouble.REFUSED if isinstance(error, OperatorNeeded | Refused) else Trouble.DOWN
    return trouble_page(trouble, service, mending=mending)


def problem_page(
    problem: Problem, service: Service, *, missing: tuple[str, ...] = (), mending: UUID | None = None
) -> Response:
    """What the owner can mend at the platform. `mending`: the account that "Try again" is for."""
    return told_page(problem_told(problem, service, missing), status=422, service=service, mending=mending)


def trouble_page(trouble: Trouble, service: Service | None, *, mending: UUID | None = None) -> Response:
    """What is no matter of permissions."""
    return told_page(trouble_told(trouble, service), status=_STATUS[trouble], service=service, mending=mending)


def told_page(
    told: Told,
    *,
    status: int,
    service: Service | None = None,
    mending: UUID | None = None,
    back: str = "/accounts",
) -> Response:
    """What happened, what to do, a button to try again where that may help, and the way back."""
    retry = f"/connect/again/{mending}" if mending else f"/connect/{service.value}" if service else None
    return page(
        "connect_told.html",
        status_code=status,
        told=told,
        retry=retry if told.can_retry else None,
        back=back,
        back_words="Log in" if back.startswith("/login") else "Back to your accounts",
        sandbox=settings().uses_sandbox,
    )
