"""What the owner states about the business, and what they wish for their posts: who, what, when, which notices."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from dashboards.first_week import write_soon
from dashboards.parts import decisions
from dashboards.parts.drafts import Draft, save_row
from dashboards.parts.facts import facts_and_reviews
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner
from dashboards.parts.profile import (
    read_only,
    state_choice,
    theme_choice,
    time_choices,
    trade_choice,
    trade_names,
    trade_told,
    week_told,
    zone_choice,
    zone_names,
)
from dashboards.parts.wording import count
from models import profile
from models.calendar_slots import DEFAULT_TIMES, MOST_JITTER, UnknownZone, zone
from models.profile_rules import (
    LONGEST_CITY,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_WEBSITE,
    VOICES,
    BusinessDetails,
    Wishes,
    business_details,
    time_of_day,
    time_words,
    wishes,
)
from models.regions import state_code, states
from models.themes import DEFAULT_THEMES, THEMES


def show() -> None:
    """The page."""
    owner = open_page("Business and preferences")
    decisions.tell()
    business, facts, posts = st.tabs(["Business", "Facts and reviews", "Posts and notices"])
    with business:
        _business(owner)
    with facts:
        facts_and_reviews(owner)
    with posts:
        _wishes(owner)
    close_page(owner)


def _business(owner: Owner) -> None:
    row: Any = next(iter(owner.rows("dashboard_business")), None)
    draft = Draft("business", _business_fields(row), row.updated_at if row is not None else None)
    if not owner.may_change:
        st.html(read_only(draft.saved))
        return
    draft.open()
    if row is None:
        st.info("Tell us about your business: posts are written from it.", icon=":material/storefront:")
    left, right = st.columns(2, gap="medium")
    with left:
        _line(draft, "name", "Name", LONGEST_NAME)
        chosen = draft.values["type"]
        st.selectbox(
            "Trade",
            _with(trade_names(), chosen),
            index=None,
            format_func=trade_choice,
            accept_new_options=True,
            placeholder="Choose, or write your own",
            key=draft.key("type"),
        )
        if told := trade_told(chosen or ""):
            st.caption(told)
        _line(draft, "city", "City", LONGEST_CITY)
        st.selectbox(
            "State",
            _with(list(states()), draft.values["state"]),
            index=None,
            format_func=state_choice,
            placeholder="Choose",
            key=draft.key("state"),
        )
    with right:
        _line(draft, "website", "Website (optional)", LONGEST_WEBSITE, placeholder="https://example.com")
        st.selectbox(
            "Voice: how your posts sound",
            _with(list(VOICES), draft.values["voice"]),
            index=None,
            format_func=lambda voice: voice.capitalize() if voice in VOICES else voice,
            accept_new_options=True,
            placeholder="Choose, or write your own",
            key=draft.key("voice"),
        )
        st.text_area(
            "Description (optional)",
            max_chars=max(LONGEST_DESCRIPTION, len(draft.values["description"])),
            height=190,
            placeholder="What you do, for whom, and what makes you different. Posts may claim what stands here.",
            key=draft.key("description"),
        )
    st.caption("It counts for posts that are written from now on. Posts in the queue stay as they are.")
    save_row(owner, draft, _read_business, profile.save_business)


def _business_fields(row: Any) -> dict[str, Any]:
    if row is None:
        return {
            "name": "", "type": None, "city": "", "state": None, "website": "", "voice": VOICES[0], "description": "",
        }  # fmt: skip
    return {
        "name": row.name,
        "type": row.type,
        "city": row.location_city or "",
        "state": state_code(row.location_state) or row.location_state or None,
        "website": row.website or "",
        "voice": row.brand_voice,
        "description": row.description or "",
    }


def _read_business(_owner: Owner, values: dict[str, Any]) -> BusinessDetails:
    return business_details(**{name: value or "" for name, value in values.items()})


def _wishes(owner: Owner) -> None:
    row: Any = next(iter(owner.rows("dashboard_wishes")), None)
    most = owner.rights.posts_per_week
    draft = Draft("wishes", _wish_fields(row, most), row.updated_at if row is not None else None)
    if not owner.may_change:
        st.html(read_only(draft.saved))
        return
    draft.open()
    if (draft.values["frequency"] or 0) > most:  # the plan became smaller while this was open
        st.session_state[draft.key("frequency")] = most
    _when(owner, draft)
    if row is not None and row.posting_frequency > most:
        asked = count(row.posting_frequency, "post")
        st.caption(f"You asked for {asked} a week; your plan has room for {most} on each account.")
    st.header("What", anchor=False)
    st.pills(
        "Themes",
        THEMES,
        selection_mode="multi",
        format_func=theme_choice,
        key=draft.key("themes"),
    )
    if "testimonial" in (draft.values["themes"] or ()):
        st.caption("“Customer voice” rests while no real review is there to be quoted: see “Facts and reviews”.")
    st.text_area(
        "Words and phrases that no post may use (one a line)",
        height=120,
        placeholder="cheap\nemergency service",
        key=draft.key("avoid"),
    )
    st.caption("Other forms of a word count too: “discount” also keeps “discounts” and “discounted” out.")
    _notices(owner, draft)
    save_row(owner, draft, _read_wishes, profile.save_wishes, _move_soon)


def _move_soon(owner: Owner, draft: Draft) -> None:
    """A run for this owner keeps what waits on the new clock; without one housekeeping does it a day later at most."""
    if draft.values["zone"] != draft.saved["zone"]:
        write_soon(owner.user_id)


def _when(owner: Owner, draft: Draft) -> None:
    most = owner.rights.posts_per_week
    st.header("When", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        st.number_input(f"Posts a week on each account (0 to {most})", 0, most, step=1, key=draft.key("frequency"))
        chosen = draft.values["zone"]
        st.selectbox(
            "Time zone",
            _with(list(zone_names()), chosen),
            format_func=zone_choice,
            key=draft.key("zone"),
        )
    with right:
        st.multiselect(
            "Times of day",
            time_choices(draft.values["times"]),
            accept_new_options=True,
            placeholder="Choose, or write one such as 7:45 AM",
            key=draft.key("times"),
        )
        usual = ", ".join(time_words(at) for at in DEFAULT_TIMES)
        jitter = int(MOST_JITTER.total_seconds()) // 60
        st.caption(f"Posts take them in turn and leave up to {jitter} minutes later. Without any: {usual}.")
    st.html(f'<div class="pa-preview">{_preview(owner, draft.values)}</div>')
    if chosen != draft.saved["zone"]:
        st.info(
            "Posts in the queue keep their time of day: 9:00 AM stays 9:00 AM, in the new zone. They are moved within "
            "minutes. Posts whose time you chose yourself, and those that leave within half an hour, stay at the "
            "moment that they have.",
            icon=":material/public:",
        )
    counts = owner.rows("dashboard_open_counts")[0]
    waiting = counts.waiting + counts.scheduled
    stay = f" {count(waiting, 'post stays', 'posts stay')} in your queue as written." if waiting else ""
    st.caption(f"Posts are written every Sunday for the week that follows; changes count from then on.{stay}")


def _preview(owner: Owner, values: dict[str, Any]) -> str:
    """The week that comes out of it, "" while a value cannot be read. Fixed words only: nothing of it was typed."""
    times = []
    for text in values["times"]:
        with suppress(ValueError):
            times.append(time_of_day(text))
    frequency = values["frequency"]
    if frequency is None or not 0 <= frequency <= owner.rights.posts_per_week:
        return ""
    try:
        return f"<b>Your week:</b> {week_told(frequency, times, zone(values['zone']), owner.now)}"
    except UnknownZone:
        return ""


def _notices(owner: Owner, draft: Draft) -> None:
    st.header("Notices", anchor=False)
    rights = owner.rights
    st.toggle("Weekly summary by e-mail", key=draft.key("weekly_summary"))
    for name, label, is_part in (
        ("monthly_report", "Monthly report by e-mail", rights.monthly_report),
        ("approval_needed", "Tell me when posts wait for my approval", rights.approval),
    ):
        more = "" if is_part else " (part of Pro and Premium)"
        st.toggle(label + more, key=draft.key(name), disabled=not is_part)


def _wish_fields(row: Any, most: int) -> dict[str, Any]:
    if row is None:
        return {
            "frequency": min(3, most), "times": [time_words(at) for at in DEFAULT_TIMES], "zone": "America/New_York",
            "themes": list(DEFAULT_THEMES), "avoid": "", "weekly_summary": True, "monthly_report": True,
            "approval_needed": True,
        }  # fmt: skip
    return {
        "frequency": min(row.posting_frequency, most),
        "times": [time_words(at) for at in row.preferred_times or DEFAULT_TIMES],
        "zone": row.timezone,
        "themes": [theme for theme in THEMES if theme in row.themes_enabled],
        "avoid": "\n".join(row.avoid_keywords or ()),
        "weekly_summary": row.email_weekly_summary,
        "monthly_report": row.email_monthly_report,
        "approval_needed": row.push_approval_needed,
    }


def _read_wishes(owner: Owner, values: dict[str, Any]) -> Wishes:
    named = {name: value for name, value in values.items() if name != "zone"}
    return wishes(**named, timezone=values["zone"] or "", most_per_week=owner.rights.posts_per_week)


def _line(draft: Draft, name: str, label: str, longest: int, *, placeholder: str | None = None) -> None:
    """A line of text. One that is longer than allowed must not be cut off by its own field."""
    st.text_input(
        label,
        max_chars=max(longest, len(draft.values[name])),
        placeholder=placeholder,
        key=draft.key(name),
    )


def _with(choices: Sequence[str], chosen: str | None) -> list[str]:
    """The choices, and what is chosen already where it is none of them."""
    return [*choices, *([chosen] if chosen and chosen not in choices else [])]


show()
