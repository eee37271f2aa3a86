"""The sandbox's own photographs: pleasant JPEGs drawn from a seed, and what can be told from an address alone."""

from __future__ import annotations

import io
import math
import random
import re
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

OWN_PICTURE = re.compile(r"/_sandbox/pictures/(\d{1,5})x(\d{1,5})/[^/?#]+\.jpg(?:[?#].*)?$")
MAX_SIDE = 2_400
PALETTES = (
    ("#0f4c5c", "#5fa8d3", "#f6e7cb"), ("#264653", "#2a9d8f", "#e9c46a"), ("#3d405b", "#81b29a", "#f4f1de"),
    ("#6d597a", "#b56576", "#eaac8b"), ("#1d3557", "#457b9d", "#f1faee"), ("#606c38", "#a3b18a", "#fefae0"),
    ("#7f4f24", "#b6ad90", "#f3ead8"), ("#283618", "#dda15e", "#fff3d6"), ("#22223b", "#9a8c98", "#f2e9e4"),
    ("#005f73", "#94d2bd", "#ee9b00"), ("#9d4b4b", "#e5989b", "#ffe5d9"), ("#344e41", "#588157", "#dad7cd"),
)  # fmt: skip


def is_web_address(value: str) -> bool:
    """Whether this is an http(s) address with a host."""
    return re.match(r"https?://[^\s/]+\S*$", value) is not None


def own_picture(url: str) -> tuple[int, int] | None:
    """Width and height when the address is one of the sandbox's own pictures, else None."""
    found = OWN_PICTURE.search(url)
    return (int(found[1]), int(found[2])) if found else None


MOTIFS: dict[str, tuple[str, ...]] = {
    "drop": ("plumb", "pipe", "faucet", "water", "drain", "sink", "leak", "clean", "wash", "shower", "toilet"),
    "bolt": ("electric", "light", "wiring", "outlet", "panel", "lamp", "power", "charger", "bulb"),
    "house": ("roof", "house", "home", "gutter", "shingle", "attic", "paint", "wall", "door", "porch", "exterior"),
    "sun": ("heat", "cool", "hvac", "air", "furnace", "thermostat", "summer", "sun", "filter"),
    "leaf": ("garden", "lawn", "landscap", "tree", "plant", "leaf", "hedge", "soil", "autumn", "spring", "grass"),
    "flower": ("flor", "bouquet", "rose", "tulip", "petal", "wedding", "bloom"),
    "bread": ("bak", "bread", "cake", "cookie", "pastr", "restaurant", "food", "dinner", "kitchen", "pie", "soup"),
    "wheel": ("auto", "car", "tire", "brake", "engine", "oil", "garage", "gym", "weight", "fitness", "training"),
    "smile": ("dent", "tooth", "teeth", "smile", "salon", "hair", "team", "people", "customer", "review"),
}


@lru_cache(maxsize=256)
def jpeg(width: int, height: int, slug: str) -> bytes:
    """A baseline JPEG, always the same for the same arguments. Raises ValueError for sizes out of 8..2400."""
    if not (8 <= width <= MAX_SIDE and 8 <= height <= MAX_SIDE):
        raise ValueError(f"{width}x{height} is not between 8x8 and {MAX_SIDE}x{MAX_SIDE}")
    dice = random.Random(slug)
    dark, middle, light = dice.choice(PALETTES)
    # Drawn small and blurred up: a soft background costs a tenth of drawing it in full.
    small = Image.new("RGB", (160, max(8, 160 * height // width)), middle)
    draw = ImageDraw.Draw(small)
    for _ in range(14):
        x, y = dice.uniform(-20, 180), dice.uniform(-20, small.height + 20)
        r = dice.uniform(18, 70)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=dice.choice((dark, middle, middle, light)))
    small = small.filter(ImageFilter.GaussianBlur(16))
    image = small.resize((width, height), Image.Resampling.BICUBIC)
    side = min(width, height)
    layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    _draw_motif(ImageDraw.Draw(layer), _motif(slug), side, light, dark, dice)
    image.paste(layer, ((width - side) // 2, (height - side) // 2), layer)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=84)
    return out.getvalue()


def _motif(slug: str) -> str:
    words = slug.lower()
    for name, parts in MOTIFS.items():
        if any(part in words for part in parts):
            return name
    return "rings"


def _draw_motif(draw: ImageDraw.ImageDraw, motif: str, side: int, light: str, dark: str, dice: random.Random) -> None:
    c, u = side / 2, side / 10
    pale = light + "e6"
    deep = dark + "d9"
    disc = (c - 3.4 * u, c - 3.4 * u, c + 3.4 * u, c + 3.4 * u)
    draw.ellipse(disc, fill=pale)
    match motif:
        case "drop":
            draw.polygon([(c, c - 2.4 * u), (c - 1.25 * u, c + 0.2 * u), (c + 1.25 * u, c + 0.2 * u)], fill=deep)
            draw.ellipse((c - 1.4 * u, c - 0.6 * u, c + 1.4 * u, c + 2.1 * u), fill=deep)
        case "bolt":
            draw.polygon(
                [(c + 0.6 * u, c - 2.4 * u), (c - 1.5 * u, c + 0.4 * u), (c - 0.1 * u, c + 0.4 * u),
                 (c - 0.6 * u, c + 2.4 * u), (c + 1.5 * u, c - 0.5 * u), (c + 0.1 * u, c - 0.5 * u)], fill=deep,
            )  # fmt: skip
        case "house":
            draw.polygon([(c, c - 2.2 * u), (c - 2.3 * u, c - 0.1 * u), (c + 2.3 * u, c - 0.1 * u)], fill=deep)
            draw.rectangle((c - 1.6 * u, c - 0.1 * u, c + 1.6 * u, c + 2 * u), fill=deep)
            draw.rectangle((c - 0.45 * u, c + 0.7 * u, c + 0.45 * u, c + 2 * u), fill=pale)
        case "sun":
            for step in range(12):
                angle = step * math.pi / 6
                draw.line(
                    (c + 1.5 * u * math.cos(angle), c + 1.5 * u * math.sin(angle),
                     c + 2.4 * u * math.cos(angle), c + 2.4 * u * math.sin(angle)), fill=deep, width=max(1, int(u / 3)),
                )  # fmt: skip
            draw.ellipse((c - 1.2 * u, c - 1.2 * u, c + 1.2 * u, c + 1.2 * u), fill=deep)
        case "leaf":
            draw.pieslice((c - 2.2 * u, c - 2.2 * u, c + 2.2 * u, c + 2.2 * u), 180, 270, fill=deep)
            draw.pieslice((c - 2.2 * u, c - 2.2 * u, c + 2.2 * u, c + 2.2 * u), 0, 90, fill=deep)
            draw.line((c - 1.4 * u, c + 1.8 * u, c + 1.4 * u, c - 1.8 * u), fill=deep, width=max(1, int(u / 4)))
        case "flower":
            for step in range(6):
                angle = step * math.pi / 3 + dice.uniform(0, 0.3)
                x, y = c + 1.3 * u * math.cos(angle), c + 1.3 * u * math.sin(angle)
                draw.ellipse((x - 0.9 * u, y - 0.9 * u, x + 0.9 * u, y + 0.9 * u), fill=deep)
            draw.ellipse((c - 0.7 * u, c - 0.7 * u, c + 0.7 * u, c + 0.7 * u), fill=pale)
        case "bread":
            draw.rounded_rectangle((c - 2.2 * u, c - 0.9 * u, c + 2.2 * u, c + 1.5 * u), radius=int(1.1 * u), fill=deep)
            for shift in (-1.1, 0.0, 1.1):
                line = (c + (shift - 0.3) * u, c + 0.8 * u, c + (shift + 0.3) * u, c - 0.3 * u)
                draw.line(line, fill=pale, width=max(1, int(u / 4)))
        case "wheel":
            draw.ellipse((c - 2.2 * u, c - 2.2 * u, c + 2.2 * u, c + 2.2 * u), fill=deep)
            draw.ellipse((c - 1.3 * u, c - 1.3 * u, c + 1.3 * u, c + 1.3 * u), fill=pale)
            draw.ellipse((c - 0.5 * u, c - 0.5 * u, c + 0.5 * u, c + 0.5 * u), fill=deep)
        case "smile":
            draw.arc((c - 2 * u, c - 2.2 * u, c + 2 * u, c + 1.8 * u), 20, 160, fill=deep, width=max(1, int(u / 2)))
            for shift in (-0.9, 0.9):
                x = c + shift * u
                draw.ellipse((x - 0.3 * u, c - 1 * u, x + 0.3 * u, c - 0.3 * u), fill=deep)
        case _:
            for radius in (2.4, 1.5, 0.6):
                box = (c - radius * u, c - radius * u, c + radius * u, c + radius * u)
                draw.ellipse(box, outline=deep, width=max(1, int(u / 3)))
