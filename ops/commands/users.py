"""`postagent users add`."""

from __future__ import annotations

from pydantic import SecretStr

from models.base import utc_now
from models.database import Role, session
from models.owners import NewOwner, OwnerError, add_owner, check_owner
from models.passwords import PasswordError, hash_password
from ops.errors import OpsError

_OPTIONS = {
    "business_name": "--business-name",
    "business_type": "--type",
    "city": "--city",
    "state": "--state",
    "website": "--website",
    "frequency": "--frequency",
}


def check(owner: NewOwner) -> None:
    """Raise OpsError, naming the first value that cannot be right, before a password is asked for."""
    try:
        check_owner(owner)
    except OwnerError as error:
        raise OpsError(" ".join(filter(None, (_OPTIONS.get(error.field), str(error))))) from None


def add(owner: NewOwner, password: SecretStr) -> str:
    """Add owner, business and preferences in one transaction; returns the line to print. The operator vouches for the
    address.

    Raises OpsError when the e-mail is taken (in any case) or the password is not good enough.
    """
    email = owner.email.lower()
    try:
        hashed = hash_password(password, email=email)
    except PasswordError as error:
        raise OpsError(str(error)) from None
    with session(Role.OWNER) as db:
        user_id = add_owner(db, owner, hashed, now=utc_now(), verified=True)
    if user_id is None:
        raise OpsError(f"There is a user {email} already: choose another e-mail")
    return f"Added {email} ({owner.business_name.strip()}), user {user_id}"
