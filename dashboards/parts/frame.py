"""What every page has around its own matter: title, banners, and who is signed in."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from dashboards.parts.owner import Owner, require_owner
from dashboards.parts.times import day_name, today, zone_label
from models.settings import settings

_STYLES = [Path(__file__).with_name(name) for name in ("post.css", "style.css")]


def open_page(title: str, *, lead: str | None = None) -> Owner:
    """Check who is looking, then title and banners. Ends the page when nobody is."""
    for style in _STYLES:
        st.html(style)
    owner = require_owner()
    if settings().uses_sandbox:
        st.html('<div class="pa-note pa-sandbox">Sandbox: nothing leaves this machine.</div>')
    st.html(
        f'<header class="pa-head"><p>{escape(owner.business_name or owner.email)}</p><h1>{escape(title)}</h1></header>'
    )
    if lead:
        st.markdown(lead)
    _standing(owner)
    return owner


def _standing(owner: Owner) -> None:
    """What the owner's account means for their posts, when it is not simply active."""
    if not owner.is_verified:
        st.html(
            '<div class="pa-note pa-unverified"><span>Please confirm your e-mail address: we have sent a mail to '
            f"<b>{escape(owner.email)}</b>. Until then no posts are written and none go out.</span>"
            '<form method="post" action="/verify/again"><button type="submit">Send it again</button></form></div>'
        )
    if owner.status == "paused":
        st.warning("Your account is paused: no posts are written and none go out.", icon=":material/pause_circle:")
    elif owner.status == "canceled":
        st.warning(
            "Your plan is canceled: nothing goes out any more. You can still read everything here.",
            icon=":material/block:",
        )
    elif owner.status == "trial" and owner.trial_ends_at is not None:
        day = day_name(today(owner.clock_zone, owner.trial_ends_at))
        if owner.trial_ends_at > owner.now:
            st.info(f"Your trial has all of Pro until {day}.", icon=":material/hourglass_top:")
        else:
            st.info(f"Your trial ended on {day}; the Starter plan applies now.", icon=":material/hourglass_bottom:")


def close_page(owner: Owner) -> None:
    """Who is signed in, in which zone times are told, and the way out."""
    plan = "Trial" if owner.status == "trial" else owner.rights.plan.capitalize()
    st.html(
        '<div class="pa-foot">'
        f"<span>{escape(owner.email)} · {escape(plan)} plan</span>"
        f'<span class="pa-soft">All times are {escape(zone_label(owner.clock_zone, owner.now))}</span>'
        '<form method="post" action="/logout"><button type="submit">Log out</button></form>'
        "</div>"
    )
