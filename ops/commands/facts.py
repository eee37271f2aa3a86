"""`postagent users facts`: what an owner states about the business, and reviews that customers wrote."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from models.business import Business
from models.business_facts import KINDS, BusinessFact, clean_fact
from models.database import Role, session
from models.profile_rules import ProfileRefusal
from models.user import User
from ops.errors import OpsError


def check(kind: str, text: str, author: str | None) -> None:
    """Raise OpsError naming the first value that cannot be right."""
    if kind not in KINDS:
        raise OpsError(f"--kind {kind!r} is unknown: choose {' or '.join(KINDS)}")
    if author is not None and kind != "review":
        raise OpsError("--author is for reviews: a fact is the owner's own")
    if author is not None and not author.strip():
        raise OpsError("--author is empty: leave it out when nobody may be named")
    try:
        clean_fact(kind, text, author or "")
    except ProfileRefusal as refusal:
        raise OpsError(str(refusal)) from None


def add(email: str, kind: str, text: str, author: str | None) -> str:
    """Keep one; returns the line to print. Raises OpsError when there is no such user or business, or it is there."""
    words, name = clean_fact(kind, text, author or "")
    try:
        with session(Role.OWNER) as db:
            business = _business(db, email)
            fact = BusinessFact(
                user_id=business.user_id,
                business_id=business.id,
                kind=kind,
                text=words,
                author=name,
            )
            db.add(fact)
            db.flush()
            return f"Added {kind} {fact.id} of {business.name}"
    except IntegrityError:
        raise OpsError(f"This {kind} is there already: nothing was done") from None


def listing(email: str) -> list[str]:
    """A line for each, oldest first. Raises OpsError when there is no such user or business."""
    with session(Role.OWNER) as db:
        business = _business(db, email)
        found = db.exec(
            select(BusinessFact)
            .where(BusinessFact.business_id == business.id)
            .order_by(col(BusinessFact.created_at), col(BusinessFact.id))
        ).all()
        return [_told(fact) for fact in found] or [f"{business.name} has no facts and no reviews yet"]


def remove(email: str, fact_id: str) -> str:
    """Forget one of this owner's; returns the line to print. Raises OpsError when they have no such fact."""
    try:
        wanted = UUID(fact_id)
    except ValueError:
        raise OpsError(f"{fact_id!r} is not an id: `postagent users facts list` shows them") from None
    with session(Role.OWNER) as db:
        business = _business(db, email)
        fact = db.get(BusinessFact, wanted)
        if fact is None or fact.business_id != business.id:
            raise OpsError(f"{business.name} has no fact or review {wanted}")
        db.delete(fact)
        return f"Removed {fact.kind} {wanted} of {business.name}; posts that were written from it stay"


def _told(fact: BusinessFact) -> str:
    by = f" - {fact.author}" if fact.author else ""
    used = f" (used {fact.used_at:%Y-%m-%d})" if fact.used_at else ""
    return f"{fact.id}  {fact.kind:<6}  {' '.join(fact.text.split())}{by}{used}"


def _business(db: Session, email: str) -> Business:
    """The business that is written for: a user's oldest one."""
    user_id = db.exec(select(User.id).where(func.lower(User.email) == email.lower())).first()
    if user_id is None:
        raise OpsError(f"There is no user {email}")
    found = db.exec(
        select(Business)
        .where(Business.user_id == user_id)
        .order_by(col(Business.created_at), col(Business.id))
        .limit(1)
    ).first()
    if found is None:
        raise OpsError(f"{email} has no business yet")
    return found
