"""`postagent accounts add`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, func, select

from models.account import ConnectedAccount
from models.account_tokens import seal_tokens
from models.base import utc_now
from models.crypto import key_ring
from models.database import Role, session
from models.plan_rights import rights
from models.user import User
from ops.errors import OpsError
from platforms.registry import validate_account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What the command line gave."""

    user: str
    platform: str
    account_id: str
    name: str
    login: str | None
    expires_in: int | None


def check(account: NewAccount) -> None:
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


def add(account: NewAccount, access_token: SecretStr, refresh_token: SecretStr | None) -> str:
    """Seal the tokens and add the account; returns the line to print.

    Raises OpsError when there is no such owner, the plan holds no more accounts, or it is connected already.
    """
    row_id = uuid4()
    try:
        with session(Role.OWNER) as db:
            user = _place(db, account)
            sealed = seal_tokens(
                key_ring(), row_id=row_id, user_id=user.id, access_token=access_token, refresh_token=refresh_token
            )
            now = utc_now()
            db.add(
                ConnectedAccount(
                    id=row_id,
                    user_id=user.id,
                    platform=account.platform,
                    account_id=account.account_id,
                    account_name=account.name,
                    access_token_encrypted=sealed.access_token_encrypted,
                    refresh_token_encrypted=sealed.refresh_token_encrypted,
                    token_expires_at=None
                    if account.expires_in is None
                    else now + timedelta(seconds=account.expires_in),
                    login_provider=(account.login or "instagram") if account.platform == "instagram" else None,
                    connected_at=now,
                )
            )
    except IntegrityError:
        raise _connected(account) from None
    return f"Connected {account.platform} {account.account_id} ({account.name}) for {account.user}"


def _place(db: Session, account: NewAccount) -> User:
    """The owner, locked, with room for the account."""
    user = db.exec(select(User).where(func.lower(User.email) == account.user.lower()).with_for_update()).first()
    if user is None:
        raise OpsError(f"There is no user {account.user}: add one with `postagent users add`")
    mine = db.exec(
        select(ConnectedAccount.account_id).where(
            ConnectedAccount.user_id == user.id, ConnectedAccount.platform == account.platform
        )
    ).all()
    if account.account_id in mine:
        raise _connected(account)
    allowed = rights(user.plan_tier, user.status, user.trial_ends_at, utc_now())
    if len(mine) >= allowed.accounts_per_platform:
        raise OpsError(
            f"{account.user} has {len(mine)} of {allowed.accounts_per_platform} {account.platform} accounts that the "
            f"plan {allowed.plan} holds: move them to a larger plan first"
        )
    return user


def _connected(account: NewAccount) -> OpsError:
    return OpsError(f"{account.platform} {account.account_id} is connected already for {account.user}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
