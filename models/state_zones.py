"""Which zone's clock hangs on the wall of a business in a town: a first guess from `state_zones.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def guessed_zone(state: str, city: str) -> str:
    """The IANA zone of a town in a state (two letters). Raises KeyError for a state that there is not."""
    found: dict[str, str] = _towns().get(state, {})
    return found.get(" ".join(city.casefold().replace("\u2019", "'").split())) or _zones()[state]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("models").joinpath("state_zones.toml").read_text(encoding="utf-8"))


@cache
def _zones() -> dict[str, str]:
    return {state: zone for zone, states in _data()["zones"].items() for state in states}


@cache
def _towns() -> dict[str, dict[str, str]]:
    return {
        state: {town: zone for zone, towns in zones.items() for town in towns}
        for state, zones in _data()["towns"].items()
    }
