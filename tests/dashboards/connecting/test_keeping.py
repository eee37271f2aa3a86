"""Which lines of the list are ticked, and which account a login mends. Pure."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from dashboards.connecting.keeping import offered, room, to_mend
from models.connections import ConnectedPlace, place_of
from platforms.connecting.base import Choice, Findings, Obstacle

numbers = st.integers(1, 6)
ids = st.builds(lambda account, location: f"accounts/{account}/locations/{location}", numbers, numbers)
choices = st.builds(
    Choice,
    account_id=ids,
    name=st.sampled_from(["South", "north", "North"]),
    address=st.text(max_size=3),
    access_token=st.just(SecretStr("A")),
    refresh_token=st.none(),
    expires_at=st.none(),
    obstacle=st.sampled_from([None, None, Obstacle.UNVERIFIED]),
)
findings = st.builds(
    Findings,
    person=st.none(),
    choices=st.lists(choices, min_size=1, max_size=6, unique_by=lambda c: place_of(c.account_id)).map(tuple),
)
places = st.lists(
    st.builds(
        ConnectedPlace,
        platform=st.sampled_from(["google", "facebook"]),
        place=ids.map(place_of),
        status=st.sampled_from(["active", "expired", "revoked"]),
    ),
    max_size=5,
)  # fmt: skip

some = settings(max_examples=60)


@some
@given(found=findings, mine=places)
def test_nothing_new_is_ticked_unless_it_is_the_only_one(found: Findings, mine: list[ConnectedPlace]) -> None:
    lines = offered(found, "google", mine)
    assert sorted(line.choice.account_id for line in lines) == sorted(c.account_id for c in found.choices)
    open_lines = [line for line in lines if line.choice.obstacle is None]
    for line in lines:
        assert line.is_mine == any(
            place.platform == "google" and place.place == place_of(line.choice.account_id) for place in mine
        )
        assert line.is_ticked == (line.choice.obstacle is None and (line.is_mine or len(open_lines) == 1))


@some
@given(found=findings, mine=places, ticked=st.sets(ids))
def test_what_was_ticked_stays_so_and_nothing_else_is(
    found: Findings, mine: list[ConnectedPlace], ticked: set[str]
) -> None:
    lines = offered(found, "google", mine, ticked)
    chosen = {line.choice.account_id for line in lines if line.is_ticked}
    assert chosen == {c.account_id for c in found.choices if c.obstacle is None} & ticked


@some
@given(found=findings, mine=places, wanted=ids)
def test_a_login_mends_the_wanted_place_and_else_only_broken_ones_of_the_owner(
    found: Findings, mine: list[ConnectedPlace], wanted: str
) -> None:
    mended, others = to_mend(found, "google", wanted, mine)
    if mended is None:
        assert not any(place_of(c.account_id) == place_of(wanted) and c.obstacle is None for c in found.choices)
    else:
        assert place_of(mended.account_id) == place_of(wanted)
    broken = {place.place for place in mine if place.platform == "google" and place.status != "active"}
    assert {place_of(c.account_id) for c in others} <= broken - {place_of(wanted)}
    assert all(choice.obstacle is None for choice in others)


@some
@given(mine=places, most=st.integers(1, 10))
def test_room_counts_one_platform(mine: list[ConnectedPlace], most: int) -> None:
    assert room(most, "google", mine) + sum(place.platform == "google" for place in mine) == most
