"""From what was found to accounts: which can be ticked, storing them, mending one, and letting one go.

Accounts are written as the dashboard's role with its tenant set: row-level security holds whatever happens here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from dashboards.parts.owner import Owner
from models.connections import (
    ConnectedPlace,
    NewAccount,
    PlaceIsTaken,
    PlanIsFull,
    connected_places,
    place_of,
    store_account,
)
from models.crypto import key_ring
from models.token_schedule import RULES, kind_of
from platforms.connecting.base import Choice, Findings, Service
from platforms.connecting.registry import login_of, platform_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A line of the list. `is_mine`: connected already, so that ticking it renews the access and takes no room."""

    choice: Choice
    is_mine: bool
    is_ticked: bool


@dataclass(slots=True)
class Stored:
    """What became of the owner's choice."""

    stored: list[Choice] = field(default_factory=list)
    taken: list[Choice] = field(default_factory=list)
    no_room: list[Choice] = field(default_factory=list)
    not_lasting: list[Choice] = field(default_factory=list)


def places_of(owner: Owner) -> list[ConnectedPlace]:
    """What the owner has connected."""
    with owner.session() as db:
        return connected_places(db, owner.user_id)


def offered(
    findings: Findings, platform: str, mine: Iterable[ConnectedPlace], ticked: Collection[str] | None = None
) -> list[Offered]:
    """The list in the order of names. Nothing is chosen for the owner but what is theirs already, or the only one there
    is; `ticked` (ids of accounts) is what they chose before the list is shown again. Pure."""
    places = {place.place for place in mine if place.platform == platform}
    open_ones = [choice for choice in findings.choices if choice.obstacle is None]
    lines = []
    for choice in sorted(findings.choices, key=lambda choice: (choice.name.casefold(), choice.address)):
        is_mine = place_of(choice.account_id) in places
        wanted = is_mine or len(open_ones) == 1 if ticked is None else choice.account_id in ticked
        lines.append(Offered(choice=choice, is_mine=is_mine, is_ticked=wanted and choice.obstacle is None))
    return lines


def room(most: int, platform: str, mine: Iterable[ConnectedPlace]) -> int:
    """How many more accounts of a platform a plan holds; below zero after a change to a smaller plan. Pure."""
    return most - sum(place.platform == platform for place in mine)


def store(owner: Owner, service: Service, choices: Sequence[Choice], *, person: str | None, now: datetime) -> Stored:
    """Keep what was chosen, in one transaction; what cannot be kept stops nothing else. Raises CryptoError."""
    result, ring = Stored(), key_ring()
    platform, login = platform_of(service), login_of(service)
    needs_refresh_token = RULES[kind_of(platform, login)].by_refresh_token
    with owner.session() as db:
        mine = {place.place for place in connected_places(db, owner.user_id) if place.platform == platform}
        for choice in sorted(choices, key=lambda choice: place_of(choice.account_id)):  # all in one order: no deadlock
            if needs_refresh_token and choice.refresh_token is None and place_of(choice.account_id) not in mine:
                result.not_lasting.append(choice)
                continue
            account = NewAccount(
                platform=platform,
                account_id=choice.account_id,
                name=choice.name,
                access_token=choice.access_token,
                refresh_token=choice.refresh_token,
                expires_at=choice.expires_at,
                login=login,
                granted_by=person,
            )
            try:
                store_account(db, ring, owner.user_id, account, owner.rights, now)
            except PlaceIsTaken:
                result.taken.append(choice)
            except PlanIsFull:
                result.no_room.append(choice)
            else:
                result.stored.append(choice)
    return result


def to_mend(
    findings: Findings, platform: str, wanted_account_id: str, mine: Iterable[ConnectedPlace]
) -> tuple[Choice | None, list[Choice]]:
    """The account whose connection the owner wants to mend, None where it was not found; and their other broken ones
    that the same login mends. Pure."""
    wanted = place_of(wanted_account_id)
    broken = {place.place for place in mine if place.platform == platform and place.status != "active"}
    choices = {place_of(choice.account_id): choice for choice in findings.choices if choice.obstacle is None}
    return choices.get(wanted), [c for place, c in choices.items() if place in broken and place != wanted]


def account_of(owner: Owner, account_id: UUID) -> Row[Any] | None:
    """One of the owner's accounts, by the id of its row."""
    return next(iter(owner.rows("account_of", id=account_id)), None)
