"""`postagent accounts add`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr
from sqlmodel import Session, func, select

from models.base import utc_now
from models.connections import NewAccount, PlaceIsTaken, PlanIsFull, check_room, store_account
from models.crypto import key_ring
from models.database import Role, session
from models.plan_rights import Rights, rights
from models.user import User
from ops.errors import OpsError
from platforms.registry import validate_account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line gave."""

    user: str
    platform: str
    account_id: str
    name: str
    login: str | None
    expires_in: int | None


def check(account: Given) -> None:
    """Raise OpsError, naming the first value that cannot be right, before a token is asked for."""
    try:
        validate_account_id(account.platform, account.account_id)
    except ValueError as error:
        raise OpsError(_sentence(str(error))) from None
    if account.login is not None and account.platform != "instagram":
        raise OpsError(f"--login is for Instagram only, not for {account.platform}: leave it out")
    if account.login not in (None, "facebook", "instagram"):
        raise OpsError(f"There is no login {account.login!r}: write facebook or instagram")
    if account.expires_in is not None and account.expires_in <= 0:
        raise OpsError(f"--expires-in {account.expires_in} is over already: get a fresh token")
    key_ring()
    with session(Role.OWNER) as db:
        _place(db, account)


def add(account: Given, access_token: SecretStr, refresh_token: SecretStr | None) -> str:
    """Seal the tokens and add the account; returns the line to print.

    Raises OpsError when there is no such owner, the plan holds no more accounts, or it is connected already.
    """
    login = (account.login or "instagram") if account.platform == "instagram" else None
    now = utc_now()
    with session(Role.OWNER) as db:
        user, allowed = _place(db, account)
        new = NewAccount(
            platform=account.platform,
            account_id=account.account_id,
            name=account.name,
            access_token=access_token,
            refresh_token=refresh_token,
            expires_at=None if account.expires_in is None else now + timedelta(seconds=account.expires_in),
            login=login,
        )
        try:
            store_account(db, key_ring(), user.id, new, allowed, now)
        except PlaceIsTaken:
            raise OpsError(
                f"{account.platform} {account.account_id} is another user's: they have to disconnect it first"
            ) from None
    return f"Connected {account.platform} {account.account_id} ({account.name}) for {account.user}"


def _place(db: Session, account: Given) -> tuple[User, Rights]:
    """The owner, locked, with room for the account."""
    user = db.exec(select(User).where(func.lower(User.email) == account.user.lower()).with_for_update()).first()
    if user is None:
        raise OpsError(f"There is no user {account.user}: add one with `postagent users add`")
    allowed = rights(user.plan_tier, user.status, user.trial_ends_at, utc_now())
    try:
        known = check_room(db, user.id, account.platform, account.account_id, allowed)
    except PlanIsFull as full:
        raise OpsError(
            f"{account.user} has {full.connected} of {allowed.accounts_per_platform} {account.platform} accounts that "
            f"the plan {allowed.plan} holds: move them to a larger plan first"
        ) from None
    if known is not None and known.is_connected:
        raise OpsError(f"{account.platform} {account.account_id} is connected already for {account.user}")
    return user, allowed


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
