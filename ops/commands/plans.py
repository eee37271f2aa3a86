"""`postagent users plan`: what an owner may do, set by hand."""

from __future__ import annotations

from sqlmodel import func, select

from models import plan_rights
from models.database import Role, session
from models.user import User
from ops.errors import OpsError


def set_plan(email: str, plan: str, status: str | None) -> str:
    """Set plan and state of an owner; returns the line to print. Without `status` a trial becomes active, any other
    state stays.

    Raises OpsError when there is no such user, plan or state.
    """
    try:
        plan_rights.plan(plan)
        if status is not None:
            plan_rights.may_generate(status)
    except ValueError as error:
        raise OpsError(str(error)) from None
    with session(Role.OWNER) as db:
        user = db.exec(select(User).where(func.lower(User.email) == email.lower()).with_for_update()).first()
        if user is None:
            raise OpsError(f"There is no user {email}")
        before = f"{user.plan_tier}, {user.status}"
        user.plan_tier = plan
        user.status = status or ("active" if user.status == "trial" else user.status)
        db.add(user)
        return f"{user.email}: {plan}, {user.status} (was {before})"
