"""From any file to a JPEG of ours: what comes out is clean, upright and fits, and what is no picture is told apart."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from models.picture_encoding import NotAPicture, Prepared, prepare
from models.picture_rules import PICTURE_LIMITS, SAME_LOOK, differs_in, objection

SCRIPT = b"<script>alert(document.cookie)</script>"


def photo(size: tuple[int, int] = (800, 600), seed: int = 1) -> Image.Image:
    """Patches of colour."""
    patches = Image.frombytes("RGB", (8, 6), random.Random(seed).randbytes(8 * 6 * 3))
    return patches.resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    """The picture of a file, decoded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def code_of(content: bytes) -> str:
    """Why it is refused."""
    with pytest.raises(NotAPicture) as raised:
        prepare(content)
    return raised.value.code


def fits_everywhere(prepared: Prepared) -> None:
    """Every platform takes it."""
    for platform in PICTURE_LIMITS:
        jpeg = prepared.instagram or prepared.picture if platform == "instagram" else prepared.picture
        assert objection(platform, jpeg.width, jpeg.height, len(jpeg.content)) is None
        image = opened(jpeg.content)
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (jpeg.width, jpeg.height))
        assert "progressive" not in image.info


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
        *(("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ],
)
def test_every_ordinary_kind_of_picture_becomes_our_jpeg(kind: str, mode: str) -> None:
    fits_everywhere(prepare(saved(photo().convert(mode), kind)))


@pytest.mark.parametrize(
    ("size", "kept", "instagram"),
    [
        ((800, 600), (800, 600), None),
        ((3000, 2000), (1440, 960), None),
        ((900, 1600), (900, 1600), (900, 1125)),
        ((3024, 4032), (1440, 1920), (1440, 1800)),
        ((2400, 900), (1440, 540), (1031, 540)),
        ((320, 320), (320, 320), None),
    ],
)
def test_sizes_and_shapes(size: tuple[int, int], kept: tuple[int, int], instagram: tuple[int, int] | None) -> None:
    prepared = prepare(saved(photo(size)))
    fits_everywhere(prepared)
    assert (prepared.picture.width, prepared.picture.height) == kept
    cropped = prepared.instagram
    assert (cropped and (cropped.width, cropped.height)) == instagram


def test_nothing_of_the_file_survives_but_what_can_be_seen() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "Maker", "a comment"
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 16.0, 1.0), 3: "W", 4: (97.0, 44.0, 34.0)})  # where it was taken
    content = saved(
        photo(), exif=exif, comment=b"secret words", xmp=b"<x:xmpmeta>who took it</x:xmpmeta>", dpi=(72, 72)
    )
    content += b"PK\x03\x04 a second file" + SCRIPT
    for word in (b"Maker", b"secret", b"xmpmeta", b"<script>"):
        assert word in content
    clean = prepare(content).picture.content
    for word in (b"Maker", b"secret", b"xmpmeta", b"<script>", b"Exif", b"PK\x03\x04", b"ICC_PROFILE"):
        assert word not in clean
    assert dict(opened(clean).getexif()) == {}
    assert clean.startswith(b"\xff\xd8\xff")
    assert clean.endswith(b"\xff\xd9")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright(orientation: int) -> None:
    upright = Image.new("RGB", (600, 400), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 200, 130), fill="red")
    turns: dict[int, list[Image.Transpose]] = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
    }  # fmt: skip
    stored = upright
    for turn in turns[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = opened(prepare(saved(stored, exif=exif, quality=95)).picture.content)
    assert image.width == image.height * 1.5
    pixel: Any = image.getpixel((image.width // 10, image.height // 10))
    assert pixel[0] > 200 > 60 > pixel[1]


def test_colours_of_another_space_are_brought_to_srgb() -> None:
    green = Image.new("RGB", (400, 400), (0, 200, 0))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    same: Any = opened(prepare(saved(green, icc_profile=lab.tobytes())).picture.content).getpixel((10, 10))
    assert abs(same[1] - 200) < 6
    for broken in (b"not a profile", b"\0" * 200):
        assert prepare(saved(green, icc_profile=broken)).picture.content


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    ImageDraw.Draw(clear).ellipse((100, 100, 300, 300), fill=(0, 0, 255, 255))
    image = opened(prepare(saved(clear, "PNG")).picture.content)
    corner: Any = image.getpixel((5, 5))
    middle: Any = image.getpixel((image.width // 2, image.height // 2))
    assert min(corner) > 245
    assert middle[2] > 200 > 60 > middle[0]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"GIF89a", b"<html>hello</html>", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
        b"%PDF-1.7", b"MZ\x90\0", b"PK\x03\x04", b"II*\0\x08\0\0\0", SCRIPT, b"\0" * 4096, b"#!/bin/sh\nrm -rf /",
        saved(photo((400, 400)), "GIF"), saved(photo((400, 400)), "BMP"), saved(photo((400, 400)), "TIFF"),
        saved(photo((400, 400)), "ICO"), saved(photo((400, 400)), "PPM"),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_picture_of_ours_is_refused(content: bytes) -> None:
    assert code_of(content) == "not_a_picture"


@pytest.mark.parametrize("start", [b"GIF89a/*", b"<html>", b"#!/bin/sh\n"])
def test_a_picture_behind_something_else_is_refused(start: bytes) -> None:
    assert code_of(start + saved(photo())) == "not_a_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_what_is_cut_short_is_refused(kind: str, share: float) -> None:
    content = saved(photo((1200, 900)), kind)
    assert code_of(content[: int(len(content) * share)]) in ("broken", "not_a_picture")


def _png(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(50_001, 1_000), (10_000, 9_500), (30_000, 30_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    assert code_of(_png(width, height, zlib.compress(bytes(1_000_000)))) == "too_large"


@pytest.mark.parametrize("size", [(319, 1000), (1000, 319), (100, 100), (1, 1), (2000, 600), (600, 2000)])
def test_what_is_too_small_or_too_long_is_refused(size: tuple[int, int]) -> None:
    assert code_of(saved(photo(size))) == "shape"


@pytest.mark.parametrize("size", [(400, 400), (320, 900), (900, 320)])
def test_a_plain_drawing_is_made_large_enough_for_google(size: tuple[int, int]) -> None:
    logo = Image.new("RGB", size, "white")
    ImageDraw.Draw(logo).ellipse((100, 100, 250, 250), fill="navy", outline="red", width=9)
    fits_everywhere(prepare(saved(logo)))


def test_an_empty_sheet_is_refused() -> None:
    assert code_of(saved(Image.new("RGB", (900, 320), "white"))) == "shape"


def test_a_picture_full_of_noise_is_made_small_enough() -> None:
    noise = Image.frombytes("RGB", (1440, 2560), random.Random(1).randbytes(1440 * 2560 * 3))
    prepared = prepare(saved(noise, quality=95))
    fits_everywhere(prepared)
    assert len(prepared.picture.content) < 5_000_000


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_comes_out_clean(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(("JPEG", "PNG", "WEBP")))
    content = bytearray(saved(photo((400, 330)), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        prepared = prepare(bytes(content))
    except NotAPicture:
        return
    fits_everywhere(prepared)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400), st.sampled_from((b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 "))
)
def test_no_bytes_at_all_raise_anything_else(content: bytes, start: bytes) -> None:
    code_of(start + content)


class TestFingerprint:
    def test_copies_of_a_picture_look_the_same_and_others_do_not(self) -> None:
        looks = []
        for seed in range(12):
            image = photo((640, 480), seed)
            look = prepare(saved(image, quality=90)).fingerprint
            for copy in (saved(image.resize((440, 330)), quality=60), saved(image, "PNG")):
                assert differs_in(look, prepare(copy).fingerprint) <= SAME_LOOK
            looks.append(look)
        closest = min(differs_in(a, b) for n, a in enumerate(looks) for b in looks[:n])
        assert closest > 4 * SAME_LOOK
