"""The first guess at an owner's zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from models.regions import region, state_code, states
from models.state_zones import guessed_zone


def test_every_state_has_a_zone_that_there_is() -> None:
    assert len(states()) == 56
    for code, name in states().items():
        assert ZoneInfo(guessed_zone(code, "Somewhere"))
        assert state_code(name) == code
        assert region(code).name != "anywhere"


@pytest.mark.parametrize(
    ("state", "city", "zone"),
    [
        ("TX", "Austin", "America/Chicago"),
        ("TX", "El Paso", "America/Denver"),
        ("FL", "  panama   city ", "America/Chicago"),
        ("FL", "Miami", "America/New_York"),
        ("ID", "Coeur d\u2019Alene", "America/Los_Angeles"),
        ("AZ", "Phoenix", "America/Phoenix"),
        ("IN", "Gary", "America/Chicago"),
        ("NY", "El Paso", "America/New_York"),
    ],
)
def test_towns_of_split_states_are_known(state: str, city: str, zone: str) -> None:
    assert guessed_zone(state, city) == zone
