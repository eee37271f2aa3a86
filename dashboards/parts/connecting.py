"""The buttons that lead to `dashboards.connect`, as HTML: only a form that is posted changes anything. Pure."""

from __future__ import annotations

from html import escape
from typing import NamedTuple, Protocol
from uuid import UUID

from dashboards.parts.cards import avatar
from models.account_status import is_deleted
from platforms.connecting.base import Service
from platforms.connecting.registry import platform_of


class Done(NamedTuple):
    """What the owner did, in words; `{platform}` is where."""

    text: str
    icon: str
    is_good: bool = True


DONE = {
    "connected": Done("Connected. Posts can go out over it from now on.", "check_circle"),
    "again": Done("Connected again. Posts that waited go out now, one after the other.", "check_circle"),
    "ended": Done("Disconnected, and the access is given back at {platform}.", "link_off"),
    "ended-shared": Done(
        "Disconnected. At {platform} our access stays listed, because another account that was connected by the same "
        "login still uses it.",
        "link_off",
    ),
    "ended-not-there": Done(
        "Disconnected here, and the access is deleted. At {platform} it may still be listed: open the settings of your "
        "{platform} account, find PostAgentPro among the connected apps, and remove it there.",
        "link_off",
        is_good=False,
    ),
}
_SERVICES = {
    Service.GOOGLE: ("Google Business Profile", "Your locations on Search and Maps."),
    Service.FACEBOOK: ("Facebook Page", "Your business's Pages."),
    Service.INSTAGRAM: ("Instagram", "A professional account, by its own login. No Facebook Page needed."),
    Service.INSTAGRAM_FACEBOOK: (
        "Instagram through Facebook",
        "A professional account that is linked to your Facebook Page.",
    ),
}


class Row(Protocol):
    """A row of `dashboard_accounts`, as far as it matters here."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def disconnected_at(self) -> object: ...
    @property
    def ends_message(self) -> str | None: ...


def connect_button(service: Service, *, is_full: bool, is_set_up: bool, is_first: bool) -> str:
    """A line of the list of what can be connected; it stands back where something is connected already."""
    title, about = _SERVICES[service]
    if not is_set_up:
        act = '<span class="pa-soft">Not set up yet</span>'
    elif is_full:
        act = '<span class="pa-soft">No room left</span>'
    else:
        act = _form(f"/connect/{service.value}", "Connect", label=f"Connect {title}", is_main=is_first)
    return (
        f"<li>{avatar(platform_of(service), title, small=True)}"
        f'<span class="pa-grow"><b>{escape(title)}</b><br><small>{escape(about)}</small></span>{act}</li>'
    )


def connect_again(account_id: UUID) -> str:
    """The one button that mends a connection."""
    return _form(f"/connect/again/{account_id}", "Connect again")


def actions(account: Row, *, may_connect: bool) -> str:
    """What can be done with a connection. Of one whose data was deleted nobody knows any more what it was."""
    buttons = ""
    needs_owner = account.status != "active" or account.ends_message is not None
    if may_connect and needs_owner and not is_deleted(account.account_id):
        buttons += connect_again(account.id)
    if account.disconnected_at is None:  # leads to the page that asks whether it is meant
        buttons += f'<a class="pa-quiet" href="/connect/end/{account.id}" target="_self">Disconnect</a>'
    return f'<div class="pa-actions">{buttons}</div>' if buttons else ""


def _form(action: str, words: str, *, label: str | None = None, is_main: bool = True) -> str:
    look = "pa-form" if is_main else "pa-form pa-minor"
    named = f' aria-label="{escape(label)}"' if label else ""
    return f'<form class="{look}" method="post" action="{action}"><button type="submit"{named}>{words}</button></form>'
