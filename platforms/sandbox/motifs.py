"""Simple drawings for the sandbox's photographs: a drop for plumbers, a loaf for bakers, and so on."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import ImageDraw

Draw = ImageDraw.ImageDraw
Point = tuple[float, float]

# Beginnings of words (whole words where a dot follows) that call for a drawing; the first that is found counts.
WORDS: dict[str, tuple[str, ...]] = {
    "loaf": ("bread", "loaf", "bak", "pastr", "croissant", "rolls.", "cake", "cookie", "muffin", "brownie", "pie.",
             "pies.", "dough", "baguette", "bun."),
    "plate": ("restaurant", "dinner", "food", "soup", "pasta", "dish.", "brunch", "salad", "rice", "lunch", "steak",
              "stew", "braised", "roasted", "risotto", "takeout", "catering", "chef"),
    "weight": ("gym", "workout", "weight", "training", "trainer", "fitness", "squat", "runner", "running", "stretch",
               "lifting", "kettlebell", "barbell", "dumbbell", "plank", "jog"),
    "wheel": ("tire", "car.", "cars.", "brake", "engine", "oil.", "auto", "wheel", "driv", "road", "truck",
              "windshield"),
    "flower": ("flower", "flor", "bouquet", "rose", "tulip", "petal", "bloom", "daisy", "lily", "lilies", "peon",
               "dahlia", "zinnia", "orchid", "wreath", "centerpiece"),
    "leaf": ("garden", "lawn", "tree", "plant", "leaf", "leaves", "hedge", "soil", "grass", "mulch", "shrub", "yard",
             "patio", "mowing"),
    "tooth": ("dent", "tooth", "teeth", "floss", "smile", "mouth", "braces"),
    "scissors": ("hair", "salon", "barber", "beard", "curl", "braid", "bangs", "blowout"),
    "roller": ("paint", "color", "wall.", "trim.", "ceiling", "swatch", "drywall"),
    "bolt": ("electric", "light", "wiring", "outlet", "panel", "lamp", "power", "charger", "bulb", "switch", "breaker",
             "smoke", "plug", "extension"),
    "drop": ("plumb", "pipe", "faucet", "water", "drain", "sink", "leak", "clean", "wash", "dishwasher", "shower",
             "toilet", "sponge", "sump", "bathtub", "hose", "laundry", "mop"),
    "sun": ("heat", "cool", "hvac", "furnace", "thermostat", "summer", "sun.", "sunny", "filter", "fan.", "vent",
            "air.", "ac.", "humid"),
    "house": ("roof", "house", "home", "gutter", "shingle", "attic", "door", "porch", "window", "room", "kitchen",
              "chimney", "skylight"),
}  # fmt: skip


def motif_for(slug: str) -> str:
    """The drawing that suits a picture's name such as "kitchen-sink-3"; "rings" when nothing does."""
    words = [f"{word}." for word in slug.lower().split("-")]
    for name, starts in WORDS.items():
        if any(word.startswith(starts) for word in words):
            return name
    return "rings"


def draw_motif(draw: Draw, name: str, centre: Point, unit: float, ink: str, ground: str) -> None:
    """Draw around `centre`, about five `unit`s high, in `ink`; holes show `ground`."""
    DRAWINGS.get(name, _rings)(draw, centre, unit, ink, ground)


def _box(centre: Point, width: float, height: float) -> tuple[float, float, float, float]:
    x, y = centre
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _thick(unit: float) -> int:
    return max(1, round(unit / 3))


def _drop(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    turns = [2 * math.pi * step / 60 for step in range(60)]
    draw.polygon([(x + 2.3 * u * math.sin(t) * math.sin(t / 2) ** 1.5, y - 2.5 * u * math.cos(t)) for t in turns], ink)
    draw.arc(_box((x - 0.1 * u, y + 0.9 * u), 2.2 * u, 2.2 * u), 95, 165, ground, _thick(u))


def _bolt(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    corners = ((0.7, -2.6), (-1.6, 0.4), (-0.1, 0.4), (-0.7, 2.6), (1.6, -0.5), (0.1, -0.5))
    draw.polygon([(x + dx * u, y + dy * u) for dx, dy in corners], ink)


def _house(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.polygon([(x, y - 2.4 * u), (x - 2.6 * u, y - 0.1 * u), (x + 2.6 * u, y - 0.1 * u)], ink)
    draw.rectangle((x - 1.8 * u, y - 0.15 * u, x + 1.8 * u, y + 2.2 * u), ink)
    draw.rectangle((x - 0.45 * u, y + 0.8 * u, x + 0.45 * u, y + 2.2 * u), ground)
    draw.rectangle((x + 1.1 * u, y - 2.2 * u, x + 1.7 * u, y - 0.9 * u), ink)


def _sun(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    for step in range(12):
        dx, dy = math.cos(step * math.pi / 6), math.sin(step * math.pi / 6)
        draw.line((x + 1.7 * u * dx, y + 1.7 * u * dy, x + 2.6 * u * dx, y + 2.6 * u * dy), ink, _thick(u))
    draw.ellipse(_box(centre, 2.6 * u, 2.6 * u), ink)


def _leaf(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    along, across = (0.7071, -0.7071), (0.7071, 0.7071)

    def at(length: float, width: float) -> Point:
        return (x + (along[0] * length + across[0] * width) * u, y + (along[1] * length + across[1] * width) * u)

    steps = [step / 30 for step in range(31)]
    rim = [at(-2.3 + 4.9 * s, 1.5 * math.sin(math.pi * s**0.85)) for s in steps]
    rim += [at(-2.3 + 4.9 * s, -1.5 * math.sin(math.pi * s**0.85)) for s in reversed(steps)]
    draw.polygon(rim, ink)
    draw.line((*at(-3.1, 0), *at(1.6, 0)), ground, max(1, round(u / 5)))
    draw.line((*at(-3.1, 0), *at(-2.2, 0)), ink, _thick(u))
    for length in (-1.1, -0.1, 0.9):
        for side in (-0.75, 0.75):
            draw.line((*at(length, 0), *at(length + 0.55, side)), ground, max(1, round(u / 7)))


def _flower(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    for step in range(8):
        angle = step * math.pi / 4
        draw.ellipse(_box((x + 1.55 * u * math.cos(angle), y + 1.55 * u * math.sin(angle)), 1.5 * u, 1.5 * u), ink)
    draw.ellipse(_box(centre, 2.6 * u, 2.6 * u), ink)
    draw.ellipse(_box(centre, 1.5 * u, 1.5 * u), ground)


def _loaf(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.rounded_rectangle((x - 2.6 * u, y - 0.9 * u, x + 2.6 * u, y + 1.7 * u), 1.25 * u, ink)
    draw.ellipse(_box((x, y - 0.6 * u), 4.2 * u, 2.4 * u), ink)
    for shift in (-1.3, 0.0, 1.3):
        left, right = x + (shift - 0.35) * u, x + (shift + 0.35) * u
        draw.line((left, y + 0.7 * u, right, y - 0.7 * u), ground, _thick(u))


def _plate(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.ellipse(_box(centre, 3.4 * u, 3.4 * u), ink)
    draw.ellipse(_box(centre, 2.2 * u, 2.2 * u), outline=ground, width=max(1, round(u / 6)))
    for side in (-2.5, 2.5):
        draw.line((x + side * u, y - 1.9 * u, x + side * u, y + 1.9 * u), ink, _thick(u))
    for prong in (-0.35, 0.35):
        draw.line((x - (2.5 + prong) * u, y - 1.9 * u, x - (2.5 + prong) * u, y - 0.6 * u), ink, max(1, round(u / 6)))
    draw.ellipse(_box((x + 2.5 * u, y - 1.4 * u), 0.8 * u, 1.6 * u), ink)


def _weight(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.rectangle(_box(centre, 4.4 * u, 0.5 * u), ink)
    for side in (-1, 1):
        draw.rounded_rectangle(_box((x + side * 1.6 * u, y), 0.7 * u, 3.2 * u), 0.25 * u, ink)
        draw.rounded_rectangle(_box((x + side * 2.4 * u, y), 0.6 * u, 2.1 * u), 0.25 * u, ink)


def _wheel(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.ellipse(_box(centre, 5 * u, 5 * u), ink)
    draw.ellipse(_box(centre, 3.3 * u, 3.3 * u), ground)
    draw.ellipse(_box(centre, 2.9 * u, 2.9 * u), ink)
    for step in range(5):
        angle = step * 2 * math.pi / 5 - math.pi / 2
        draw.ellipse(_box((x + 0.95 * u * math.cos(angle), y + 0.95 * u * math.sin(angle)), 0.6 * u, 0.6 * u), ground)
    draw.ellipse(_box(centre, 0.7 * u, 0.7 * u), ground)


def _tooth(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.rounded_rectangle((x - 1.9 * u, y - 2.2 * u, x + 1.9 * u, y + 0.7 * u), 1.2 * u, ink)
    for side in (-1, 1):
        draw.polygon(
            [(x + side * 1.8 * u, y), (x + side * 0.15 * u, y + 0.2 * u), (x + side * 1.1 * u, y + 2.5 * u)], ink
        )
    draw.arc(_box((x - 0.5 * u, y - 0.9 * u), 1.8 * u, 1.6 * u), 180, 270, ground, max(1, round(u / 5)))


def _scissors(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    for side in (-1, 1):
        draw.line((x - side * 1.2 * u, y - 2.4 * u, x + side * 0.9 * u, y + 1.2 * u), ink, round(u / 2.2))
        draw.ellipse(_box((x + side * 1.2 * u, y + 1.8 * u), 1.5 * u, 1.5 * u), outline=ink, width=_thick(u))
    draw.ellipse(_box((x, y - 0.35 * u), 0.4 * u, 0.4 * u), ground)


def _roller(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    x, y = centre
    draw.rounded_rectangle((x - 2.3 * u, y - 2.4 * u, x + 1.7 * u, y - 0.9 * u), 0.4 * u, ink)
    points = [(x + 1.7 * u, y - 1.65 * u), (x + 2.4 * u, y - 1.65 * u), (x + 2.4 * u, y - 0.1 * u), (x, y - 0.1 * u),
              (x, y + 0.8 * u)]  # fmt: skip
    draw.line(points, ink, max(1, round(u / 4)), joint="curve")
    draw.rounded_rectangle((x - 0.35 * u, y + 0.6 * u, x + 0.35 * u, y + 2.5 * u), 0.25 * u, ink)


def _rings(draw: Draw, centre: Point, u: float, ink: str, ground: str) -> None:
    for size in (4.8, 3.1, 1.4):
        draw.ellipse(_box(centre, size * u, size * u), outline=ink, width=_thick(u))


DRAWINGS: dict[str, Callable[[Draw, Point, float, str, str], None]] = {
    "drop": _drop, "bolt": _bolt, "house": _house, "sun": _sun, "leaf": _leaf, "flower": _flower, "loaf": _loaf,
    "plate": _plate, "weight": _weight, "wheel": _wheel, "tooth": _tooth, "scissors": _scissors, "roller": _roller,
    "rings": _rings,
}  # fmt: skip
