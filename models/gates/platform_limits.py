"""What each platform takes, a little stricter than the platform itself where that serves the owner.

Sources: Instagram caption 2,200 characters, 20 mentions, a picture always (Content Publishing API reference; its cap of
5 hashtags was announced on 2025-12-19, so the cap is a setting); Google 1,500 characters (third parties, the reference
names none) and no phone number in the text (its posts are refused for it); Facebook takes 63,206 characters, but nobody
reads a local business that long. Pictures: ten on Facebook and in a carousel of Instagram's, one on Google (third
parties).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.gates.claims.contacts import phone_numbers
from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import legible

_HASHTAG = re.compile(r"(?<![\w&])#(?=\w*[^\W\d])\w+")
_MENTION = re.compile(r"(?<![\w.@])@[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?!@)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformLimits:
    """Limits of one platform, in Unicode code points. Hashtags beside the text count as part of it.

    The database keeps the number of pictures too (post_queue_pictures_check, migration 017).
    """

    label: str
    max_characters: int
    max_mentions: int | None = None
    hashtags: bool = False
    needs_picture: bool = False
    phone_numbers: bool = True
    max_pictures: int = 1


LIMITS: dict[str, PlatformLimits] = {
    "google": PlatformLimits(label="Google", max_characters=1500, phone_numbers=False),
    "facebook": PlatformLimits(label="Facebook", max_characters=5000, max_mentions=50, max_pictures=10),
    "instagram": PlatformLimits(
        label="Instagram", max_characters=2200, max_mentions=20, hashtags=True, needs_picture=True, max_pictures=10
    ),
}


def caption(draft: Draft) -> str:
    """The text as it will appear: with its hashtags at the end, after an empty line."""
    tags = " ".join(f"#{tag}" for tag in draft.hashtags)
    return f"{draft.text}\n\n{tags}" if tags else draft.text


def has_phone_number(text: str) -> bool:
    """Whether the text holds something that reads as a phone number, also when it is spelled out or disguised.

    Prices, dates and years are none.
    """
    return bool(phone_numbers(legible(text)))


def count_hashtags(text: str) -> int:
    """Hashtags in a text: a sign that begins a word with at least one letter in it ("#1" is none)."""
    return len(_HASHTAG.findall(legible(text)))


def platform_limits(draft: Draft, context: GateContext) -> Verdict:
    """Whether the platform will take the text: length, hashtags, mentions, phone numbers.

    Raises KeyError for a platform that we do not know.
    """
    limits, full = LIMITS[draft.platform], caption(draft)
    return Verdict("platform_limits", not (reason := _objection(limits, draft, full, context)), reason)


def _objection(limits: PlatformLimits, draft: Draft, full: str, context: GateContext) -> str:
    if not any(character.isalnum() for character in legible(draft.text)):
        return "the text is empty"
    if len(full) > limits.max_characters:
        return f"{len(full)} characters, {limits.label} takes {limits.max_characters}"
    if draft.hashtags and not limits.hashtags:
        return f"hashtags are for Instagram, not for {limits.label}"
    if limits.hashtags and count_hashtags(full) > context.hashtag_cap:
        return f"{count_hashtags(full)} hashtags, {limits.label} takes {context.hashtag_cap}"
    if limits.max_mentions is not None and (mentions := len(_MENTION.findall(legible(full)))) > limits.max_mentions:
        return f"{mentions} mentions, {limits.label} takes {limits.max_mentions}"
    if not limits.phone_numbers and has_phone_number(full):
        return f"a phone number in the text, {limits.label} refuses posts for it"
    return ""


def needs_picture(platform: str) -> bool:
    """Whether the platform takes no post without a picture. Raises KeyError for a platform that we do not know."""
    return LIMITS[platform].needs_picture
