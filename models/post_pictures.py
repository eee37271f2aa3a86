"""The picture that an owner chooses for a post: one of theirs, a stock photo that is there already, or none.

As the dashboard's role. No picture of a business comes again within 60 days; the database decides that.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from models.gates import LIMITS, needs_picture
from models.post_status import PostError, edit
from models.queries import query


class PictureTaken(PostError):
    """The picture was shown within 60 days, waits with another post, or is gone."""


class PictureNeeded(PostError):
    """The platform takes no post without a picture."""


def choose(
    session: Session,
    post_id: UUID,
    *,
    platform: str,
    seen_hash: str,
    actor: str,
    now: datetime,
    own: UUID | None = None,
    stock: UUID | None = None,
    address: str | None = None,
    alt_text: str | None = None,
) -> None:
    """Show this picture instead of all that the post has; without `own` and `stock` it has none afterwards.

    `address` is where the picture can be fetched. A changed picture takes an approval away. Raises PostError; then the
    transaction must not be committed.
    """
    if own is None and stock is None and needs_picture(platform):
        raise PictureNeeded(f"{LIMITS[platform].label} takes no post without a picture. Choose another one.")
    edit(
        session,
        post_id,
        seen_hash=seen_hash,
        actor=actor,
        now=now,
        media_url=address,
        alt_text=alt_text,
        more_media_urls=None,
    )
    values = {"post_id": post_id, "own": own, "stock": stock, "address": address}
    if not session.connection().exec_driver_sql(query("choose_picture"), values).scalar_one():
        raise PictureTaken(
            "This picture was shown in the last 60 days, or waits with another post already. "
            "The same picture twice looks careless, so please choose another one."
        )
