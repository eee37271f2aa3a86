"""The page of pictures in HTML and words. Pure: every text of a tenant escaped."""

from __future__ import annotations

from datetime import datetime, tzinfo
from html import escape

from dashboards.parts.cards import web_address
from dashboards.parts.times import day_name, distance
from dashboards.parts.wording import count
from models.picture_rules import LARGEST_UPLOAD, SMALLEST_SIDE
from models.plan_rights import MEGABYTE, Rights

# What the upload says by one word, for one file or several.
REFUSALS = {
    "not_a_picture": "A file was not taken: it is not a JPEG, PNG or WebP picture.",
    "broken": "A file was not taken: it is damaged or cut short.",
    "too_large": "A picture was not taken: it has too many pixels. Save it smaller and try again.",
    "shape": f"A picture was not taken: it is too small or too narrow (the shorter side needs {SMALLEST_SIDE} pixels), "
    "or shows next to nothing.",
    "size": f"Nothing larger than {LARGEST_UPLOAD // MEGABYTE} MB can be taken; send very large pictures one by one.",
    "many": "These were too many files at once. Send ten at a time.",
    "nothing": "No file was chosen.",
    "known": "You have that picture already.",
    "full": "Your library is full. Delete pictures that you do not need any more.",
    "plan": "Your plan has no library of your own pictures.",
    "storage": "We could not store that right now. Please try again in a few minutes.",
}


def upload_form(action: str, most_files: int) -> str:
    """A form that a browser sends by itself: Streamlit's own uploader would keep files in memory unchecked."""
    return (
        f'<form class="pa-upload" method="post" action="{escape(action)}" enctype="multipart/form-data">'
        '<label for="pa-files"><b>Add pictures</b></label>'
        '<input id="pa-files" type="file" name="picture" accept="image/jpeg,image/png,image/webp" multiple required>'
        '<button type="submit">Upload</button>'
        f"<small>JPEG, PNG or WebP, up to {LARGEST_UPLOAD // MEGABYTE} MB each, {most_files} at a time. "
        "The place where a photo was taken is removed from it.</small></form>"
    )


def room_told(pictures: int, size_bytes: int, rights: Rights) -> str:
    """How full the library is, and how much fits."""
    used = size_bytes / MEGABYTE
    shown = f"{used:,.1f}" if used < 10 else f"{used:,.0f}"
    room = rights.media_bytes // MEGABYTE
    return f"{pictures:,} of {count(rights.media_pictures, 'picture')}, {shown} of {room:,} MB used."


def figure(url: str | None, alt_text: str | None, filename: str) -> str:
    """A picture of the grid; None where there is nothing to be shown."""
    address = url if url is not None and url.startswith("/m/") else web_address(url)
    if address is None:
        return '<div class="pa-media-none">This picture cannot be shown.</div>'
    words = alt_text or filename
    return (
        f'<img class="pa-media" src="{escape(address)}" alt="{escape(words)}" loading="lazy" '
        'referrerpolicy="no-referrer">'
    )


def told(
    *,
    filename: str,
    alt_text: str | None,
    uploaded_at: datetime,
    last_used_at: datetime | None,
    waiting: int,
    refusal: str | None,
    zone: tzinfo,
    now: datetime,
) -> str:
    """What is known about a picture, in two or three lines."""
    if refusal:
        used = f"Cannot be posted: {refusal}."
    elif waiting:
        used = f"In {count(waiting, 'post')} waiting to go out"
    elif last_used_at is not None and last_used_at <= now:
        used = f"Last shown {distance(last_used_at, now)}"
    else:
        used = "Not shown yet"
    added = f"added {day_name(uploaded_at.astimezone(zone).date())}"
    words = escape(alt_text) if alt_text else '<span class="pa-soft">No description yet</span>'
    return (
        f'<p class="pa-media-words">{words}</p>'
        f'<p class="pa-media-facts"><span>{escape(used)}</span><br>'
        f'<span class="pa-soft">{escape(filename)}, {escape(added)}</span></p>'
    )


def refusals(codes: str) -> list[str]:
    """Sentences for the words in an address; unknown ones say nothing."""
    return [REFUSALS[code] for code in dict.fromkeys(codes.split(",")) if code in REFUSALS]
