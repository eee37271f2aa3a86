"""What each platform takes as a picture, and how far we go to make one fit. Pure.

Sources: Instagram's media rules (JPEG, 8 MB, width from 320 to 1440, 4:5 to 1.91:1, sRGB), Facebook's photo upload
(10 MB), Google's media API (short edge 250, at least 10 KB; up to 5 MB by third parties; no WebP). One JPEG that keeps
to all of them serves everywhere; only the shape differs.
"""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_UPLOAD = 20 * 2**20  # bytes of one file as it comes from a camera
LARGEST_FETCH = 20 * 2**20  # bytes of one file at a stock photo service
MOST_PIXELS = 50_000_000  # what it would take in memory, decoded: three bytes a pixel
MAX_WIDTH, MAX_HEIGHT = 1440, 2560  # of what we keep
SMALLEST_SIDE = 320
MAX_BYTES = 4 * 2**20
NARROWEST, WIDEST = 0.8, 1.91  # width : height on Instagram
LONGEST_SHAPE = 3.0  # beyond it too little would be left of the picture after cropping


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """A platform's own limits; sides in pixels, sizes in bytes, shapes as width : height."""

    label: str
    max_bytes: int
    min_bytes: int = 0
    min_width: int = 1
    max_width: int | None = None
    min_short_side: int = 1
    shapes: tuple[float, float] | None = None


PICTURE_LIMITS: dict[str, PictureLimits] = {
    "google": PictureLimits(label="Google", max_bytes=5_000_000, min_bytes=10_240, min_short_side=250),
    "facebook": PictureLimits(label="Facebook", max_bytes=10_000_000),
    "instagram": PictureLimits(
        label="Instagram", max_bytes=8_000_000, min_width=320, max_width=1440, shapes=(NARROWEST, WIDEST)
    ),
}


def objection(platform: str, width: int, height: int, size_bytes: int) -> str | None:
    """Why the platform would not take a JPEG of this size, in words; None when it would."""
    limits = PICTURE_LIMITS[platform]
    if size_bytes > limits.max_bytes:
        return f"{size_bytes:,} bytes, {limits.label} takes {limits.max_bytes:,}"
    if size_bytes < limits.min_bytes:
        return f"{size_bytes:,} bytes, {limits.label} wants at least {limits.min_bytes:,}"
    if width < limits.min_width or min(width, height) < limits.min_short_side:
        return f"{width} x {height} pixels are too few for {limits.label}"
    if limits.max_width is not None and width > limits.max_width:
        return f"{width} pixels wide, {limits.label} takes {limits.max_width}"
    if limits.shapes is not None and not limits.shapes[0] <= width / height <= limits.shapes[1]:
        return f"a shape of {width} x {height} does not fit {limits.label}"
    return None


def too_small_or_long(width: int, height: int) -> str | None:
    """Why no post can be made of a picture, in the owner's words; None when one can."""
    if min(width, height) < SMALLEST_SIDE:
        return f"it is too small ({width} x {height} pixels; the shorter side needs {SMALLEST_SIDE})"
    if max(width, height) > LONGEST_SHAPE * min(width, height):
        return f"it is too long and narrow ({width} x {height} pixels)"
    return None


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size to keep: no wider and no higher than any platform shows."""
    scale = min(1.0, MAX_WIDTH / width, MAX_HEIGHT / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def crop_for_instagram(width: int, height: int) -> tuple[int, int, int, int] | None:
    """The middle of the picture in the nearest shape that Instagram takes (left, top, right, bottom); None when the
    whole picture has one. Whole pixels, rounded towards the inside of what is allowed."""
    if width > WIDEST * height:
        kept = int(WIDEST * height)
        left = (width - kept) // 2
        return left, 0, left + kept, height
    if width < NARROWEST * height:
        kept = int(width / NARROWEST)
        top = (height - kept) // 2
        return 0, top, width, top + kept
    return None


def differs_in(one: str, other: str) -> int:
    """How many of the 256 bits of two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


SAME_LOOK = 12  # bits; migration 030 counts the same way
