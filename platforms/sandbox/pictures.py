"""The sandbox's own photographs: pleasant JPEGs drawn from a seed, and what can be told from an address alone."""

from __future__ import annotations

import io
import math
import random
import re
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from platforms.sandbox.motifs import draw_motif, motif_for

OWN_PICTURE = re.compile(r"/_sandbox/pictures/(\d{1,5})x(\d{1,5})/[^/?#]+\.jpg(?:[?#].*)?$")
MAX_SIDE = 2_400
DRAWN_SIDE = 640
PALETTES = (
    ("#0f4c5c", "#5fa8d3", "#f6e7cb"), ("#264653", "#2a9d8f", "#e9c46a"), ("#3d405b", "#81b29a", "#f4f1de"),
    ("#6d597a", "#b56576", "#eaac8b"), ("#1d3557", "#457b9d", "#f1faee"), ("#606c38", "#a3b18a", "#fefae0"),
    ("#7f4f24", "#b6ad90", "#f3ead8"), ("#283618", "#dda15e", "#fff3d6"), ("#22223b", "#9a8c98", "#f2e9e4"),
    ("#005f73", "#94d2bd", "#ffe8b0"), ("#9d4b4b", "#e5989b", "#ffe5d9"), ("#344e41", "#588157", "#dad7cd"),
)  # fmt: skip


def is_web_address(value: str) -> bool:
    """Whether this is an http(s) address with a host."""
    return re.match(r"https?://[^\s/]+\S*$", value) is not None


def own_picture(url: str) -> tuple[int, int] | None:
    """Width and height when the address is one of the sandbox's own pictures, else None."""
    found = OWN_PICTURE.search(url)
    return (int(found[1]), int(found[2])) if found else None


@lru_cache(maxsize=256)
def jpeg(width: int, height: int, slug: str) -> bytes:
    """A baseline JPEG, always the same for the same arguments. Raises ValueError for sizes out of 8..2400."""
    if not (8 <= width <= MAX_SIDE and 8 <= height <= MAX_SIDE):
        raise ValueError(f"{width}x{height} is not between 8x8 and {MAX_SIDE}x{MAX_SIDE}")
    dice = random.Random(slug)
    dark, middle, light = dice.choice(PALETTES)
    # Drawn small and scaled up: a photograph may be soft, and drawing in full would take ten times as long.
    shrink = min(1.0, DRAWN_SIDE / max(width, height))
    size = (max(4, round(width * shrink)), max(4, round(height * shrink)))
    image = _backdrop(*size, dice, dark, middle, light)
    layer = Image.new("RGBA", (size[0] * 2, size[1] * 2), (0, 0, 0, 0))
    _compose(layer, motif_for(slug), dice, dark, middle, light)
    layer = layer.reduce(2)  # Pillow's edges are jagged; at half the size they are smooth
    image.paste(layer, (0, 0), layer)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def smaller(url: str, width: int) -> str:
    """The same picture no wider than `width`, when it is one of ours; other addresses stay as they are."""
    size = own_picture(url)
    if size is None or size[0] <= width:
        return url
    height = max(8, round(size[1] * width / size[0]))
    return url.replace(f"/{size[0]}x{size[1]}/", f"/{width}x{height}/", 1)


def _backdrop(width: int, height: int, dice: random.Random, dark: str, middle: str, light: str) -> Image.Image:
    """Soft patches of colour; drawn small and blurred up, which costs a tenth of drawing them in full."""
    small = Image.new("RGB", (160, max(8, 160 * height // width)), middle)
    draw = ImageDraw.Draw(small)
    for _ in range(12):
        x, y = dice.uniform(-20, 180), dice.uniform(-20, small.height + 20)
        r = dice.uniform(20, 75)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=dice.choice((dark, dark, middle, middle, middle, light)))
    return small.filter(ImageFilter.GaussianBlur(20)).resize((width, height), Image.Resampling.BICUBIC)


def _compose(layer: Image.Image, motif: str, dice: random.Random, dark: str, middle: str, light: str) -> None:
    draw = ImageDraw.Draw(layer)
    width, height = layer.size
    side = min(width, height)
    centre = (width / 2, height / 2)
    match dice.choice(("disc", "hills", "pattern")):
        case "disc":
            r = side * 0.34
            draw.ellipse((centre[0] - r, centre[1] - r, centre[0] + r, centre[1] + r), fill=light + "f0")
            draw_motif(draw, motif, centre, side * 0.085, dark, light)
        case "hills":
            for level, colour in ((0.62, middle + "d0"), (0.74, dark + "b0"), (0.86, dark + "ff")):
                _hill(draw, width, height, level, dice, colour)
            place = (width * dice.uniform(0.38, 0.62), height * 0.4)
            r = side * 0.26
            draw.ellipse((place[0] - r, place[1] - r, place[0] + r, place[1] + r), fill=light + "f5")
            draw_motif(draw, motif, place, side * 0.066, dark, light)
        case _:
            step = side / 4.2
            for row in range(-1, round(height / step) + 2):
                for column in range(-1, round(width / step) + 2):
                    place = (column * step + (row % 2) * step / 2, row * step)
                    draw_motif(draw, motif, place, side * 0.022, light + "70", middle + "00")
            w, h = side * 0.31, side * 0.31
            box = (centre[0] - w, centre[1] - h, centre[0] + w, centre[1] + h)
            draw.rounded_rectangle(box, radius=side * 0.06, fill=dark + "f2")
            draw_motif(draw, motif, centre, side * 0.075, light, dark)


def _hill(draw: ImageDraw.ImageDraw, width: int, height: int, level: float, dice: random.Random, colour: str) -> None:
    phase, waves = dice.uniform(0, math.tau), dice.uniform(0.7, 1.6)
    rise = height * dice.uniform(0.03, 0.07)
    ridge = [
        (width * step / 60, height * level + rise * math.sin(phase + waves * math.tau * step / 60))
        for step in range(61)
    ]
    draw.polygon([(0.0, float(height)), *ridge, (float(width), float(height))], fill=colour)
