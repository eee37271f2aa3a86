"""Turns whatever somebody calls a picture into a JPEG of our own, or says why not. Bytes in, bytes out, no I/O.

Nothing of the file itself survives: pixels are decoded and encoded anew, so that what hides in a picture (a script, a
second file, the place where it was taken) is gone, whatever its name or type claimed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from models.picture_rules import (
    MAX_BYTES,
    MAX_HEIGHT,
    MAX_WIDTH,
    MOST_PIXELS,
    PICTURE_LIMITS,
    crop_for_instagram,
    fitted,
    objection,
    too_small_or_long,
)

FORMATS = ("JPEG", "PNG", "WEBP")
MIME_TYPE = "image/jpeg"
_QUALITIES = (86, 76, 64, 50)
_FINEST = 97  # for a picture so plain that its JPEG is smaller than Google takes
_SRGB = ImageCms.createProfile("sRGB")
_LOOK = 16  # the fingerprint compares 16 x 16 pairs of neighbours


class NotAPicture(Exception):
    """The file cannot be used; the text says why, to be read after "This file cannot be used: ". `code` is one word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An sRGB baseline JPEG without any metadata."""

    content: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be posted. `instagram` is the cropped one, None where the whole picture does.

    `fingerprint` is what it looks like, 64 hex digits: copies in other sizes and qualities differ in a few bits.
    """

    picture: Jpeg
    instagram: Jpeg | None
    fingerprint: str

    @property
    def size_bytes(self) -> int:
        """What it takes in the storage, both shapes together."""
        return len(self.picture.content) + (len(self.instagram.content) if self.instagram else 0)


def prepare(content: bytes) -> Prepared:
    """Decode, turn upright, bring to sRGB and size, encode. Raises NotAPicture."""
    try:
        return _prepare(content)
    except NotAPicture:
        raise
    except UnidentifiedImageError:
        raise NotAPicture("not_a_picture", "it is not a JPEG, PNG or WebP picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them stumble over
        raise NotAPicture("broken", f"it is damaged or cut short ({type(error).__name__})") from None


def _too_many_pixels() -> NotAPicture:
    return NotAPicture("too_large", f"it has more than {MOST_PIXELS // 1_000_000} million pixels")


def _prepare(content: bytes) -> Prepared:
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:  # known before anything is decoded
            raise _too_many_pixels()
        if reason := too_small_or_long(*opened.size):
            raise NotAPicture("shape", reason)
        # A JPEG is decoded at half or a quarter where that is still large enough: a fraction of time and memory.
        opened.draft("RGB", (max(fitted(*opened.size)), max(fitted(*opened.size))))
        opened.load()
        image = _clean(opened)
    if image.size != fitted(*image.size):
        image = image.resize(fitted(*image.size), Image.Resampling.HAMMING)  # half of LANCZOS's time, as sharp here
    if reason := too_small_or_long(*image.size):
        raise NotAPicture("shape", reason)
    box = crop_for_instagram(*image.size)
    prepared = Prepared(_encode(image), _encode(image.crop(box)) if box else None, _fingerprint(image))
    for platform in PICTURE_LIMITS:
        jpeg = prepared.instagram or prepared.picture if platform == "instagram" else prepared.picture
        if reason := objection(platform, jpeg.width, jpeg.height, len(jpeg.content)):
            raise NotAPicture("shape", reason)
    return prepared


def _clean(opened: Image.Image) -> Image.Image:
    """Upright RGB pixels in sRGB on white, and nothing else of the file."""
    profile = opened.info.get("icc_profile")
    image: Image.Image = ImageOps.exif_transpose(opened)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        raise NotAPicture("not_a_picture", "it is no ordinary photo (more than 8 bits a colour)")
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = _to_srgb(image.convert("RGB") if image.mode in ("RGBA", "1") else image, profile)
    clean = Image.new("RGB", image.size, "white")
    clean.paste(colours, mask=alpha)
    return clean


def _to_srgb(image: Image.Image, profile: object) -> Image.Image:
    if isinstance(profile, bytes) and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            changed = None  # a profile that cannot be read, or not for these colours: take them as they are
        if changed is not None:
            return changed
    return image.convert("RGB")


def _encode(image: Image.Image) -> Jpeg:
    content = b""
    for quality in _QUALITIES:
        content = _saved(image, quality)
        if len(content) <= MAX_BYTES:
            break
    smallest = PICTURE_LIMITS["google"].min_bytes
    if len(content) < smallest:
        content = _saved(image, _FINEST)
    if len(content) < smallest:  # a plain drawing loses nothing by being enlarged
        scale = min(MAX_WIDTH / image.width, MAX_HEIGHT / image.height)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        content = _saved(image, _FINEST)
    return Jpeg(content, *image.size)


def _saved(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _fingerprint(image: Image.Image) -> str:
    small = image.convert("L").resize((_LOOK + 1, _LOOK), Image.Resampling.BOX)
    pixels = small.tobytes()
    bits = 0
    for row in range(_LOOK):
        line = pixels[row * (_LOOK + 1) : (row + 1) * (_LOOK + 1)]
        for left, right in pairwise(line):
            bits = bits << 1 | (left > right)
    return f"{bits:0{_LOOK * _LOOK // 4}x}"
