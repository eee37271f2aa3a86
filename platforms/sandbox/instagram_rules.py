"""What Instagram takes, and the states of a container."""

from __future__ import annotations

import re

from platforms.sandbox.exchange import Refused
from platforms.sandbox.fetching import Seen
from platforms.sandbox.meta import error, refuse
from platforms.sandbox.pictures import is_web_address, own_picture
from platforms.sandbox.state import Container, World

MAX_CAPTION = 2_200
MAX_MENTIONS = 20
MAX_ALT_TEXT = 1_000
MAX_IMAGE_BYTES = 8 * 2**20
HASHTAG = re.compile(r"(?<![\w&])#\w+")
MENTION = re.compile(r"(?<![\w.])@\w[\w.]*")


def status_of(container: Container, world: World, now: float) -> str:
    """A container's status_code."""
    if container.published_id is not None:
        return "PUBLISHED"
    if now - container.created >= world.config.instagram_container_life_seconds:
        return "EXPIRED"
    if now < container.ready_at:
        return "IN_PROGRESS"
    if container.error is not None:
        return "ERROR"
    children = [status_of(world.containers[child], world, now) for child in container.children]
    if any(child in ("ERROR", "EXPIRED") for child in children):
        return "ERROR"
    return "IN_PROGRESS" if "IN_PROGRESS" in children else "FINISHED"


def unusable_container() -> Refused:
    """The answer for a creation_id that was never given, is used up or has expired."""
    return refuse(
        24, "The requested resource does not exist", subcode=2207008, title="Media Builder Not Found",
        shown="The media builder with creation id does not exist or has been expired.",
    )  # fmt: skip


def check_caption(caption: str, hashtag_limit: int) -> None:
    """Raise Refused when a caption breaks Instagram's limits.

    For too many hashtags no code is documented; the nearest one (100, like too many mentions) is used.
    """
    if len(caption) > MAX_CAPTION:
        raise refuse(36004, "The caption was too long.", subcode=2207010, title="Caption is too long",
                     shown=f"The caption was too long, the maximum is {MAX_CAPTION} characters.")  # fmt: skip
    if len(MENTION.findall(caption)) > MAX_MENTIONS:
        raise refuse(100, f"(#100) Cannot use more than {MAX_MENTIONS} mentions", subcode=2207040,
                     title="Too many mentions")  # fmt: skip
    if len(HASHTAG.findall(caption)) > hashtag_limit:
        raise refuse(100, f"(#100) Cannot use more than {hashtag_limit} hashtags", subcode=2207040,
                     title="Too many hashtags")  # fmt: skip


def check_image_address(url: str, seen: Seen | None = None) -> list[int | str] | None:
    """What is wrong with an image as far as its address tells, or as it was seen: raised when creating fails at once,
    returned as [code, subcode, message] when it shows while processing; None when nothing is wrong."""
    if not url:
        raise refuse(100, "(#100) The parameter image_url is required")
    if not is_web_address(url) or not url.isascii():
        raise _not_fetched()
    path = url.split("?")[0].lower()
    if path.endswith((".png", ".webp", ".gif", ".heic", ".bmp", ".tiff", ".svg", ".mp4", ".mov", ".pdf", ".html")):
        raise _wrong_format()
    if seen is not None:
        _check_seen(seen)
    if size := own_picture(url) or (seen and (seen.width, seen.height)):
        width, height = size
        if width < 320 or not 0.8 - 0.005 <= width / height <= 1.91 + 0.005:
            raise refuse(36003, "The submitted image aspect ratio cannot be published", subcode=2207009,
                         title="Aspect ratio not supported", shown="The image's aspect ratio does not fall within our "
                         "acceptable range.")  # fmt: skip
    if path.endswith("/unreachable.jpg"):
        return [9004, 2207052, "Media could not be fetched from this URI"]
    return None


def _check_seen(seen: Seen) -> None:
    if seen.problem is not None:
        raise _not_fetched()
    if seen.format != "JPEG":
        raise _wrong_format()
    if seen.size_bytes > MAX_IMAGE_BYTES:
        raise refuse(36000, "The image is too large", subcode=2207004, title="Image size too large",
                     shown="The image is too large to download. It should be less than 8 MiB.")  # fmt: skip


def _not_fetched() -> Refused:
    return Refused(
        error(9004, "Only photo or video can be accepted as media type.", subcode=2207052,
              title="Media could not be fetched from this URI", shown="The media could not be fetched from this URI.")
    )  # fmt: skip


def _wrong_format() -> Refused:
    return refuse(36001, "The image format is not supported", subcode=2207005, title="Unsupported image format",
                  shown="The image format is not supported. Please use JPEG.")  # fmt: skip
