"""What an owner reads when something could not be connected, and what they can do next. Pure.

No sentence names a setting, a code or anything of our inside: what the operator needs stands in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, assert_never

from dashboards.parts.wording import count, platform_name
from platforms.connecting.base import Obstacle, Problem, Service

NAMES = {
    Service.GOOGLE: "Google",
    Service.FACEBOOK: "Facebook",
    Service.INSTAGRAM: "Instagram",
    Service.INSTAGRAM_FACEBOOK: "Facebook",
}
THINGS = {"google": ("location", "locations"), "facebook": ("Page", "Pages"), "instagram": ("account", "accounts")}


class Trouble(StrEnum):
    """Why nothing can be connected, where the reason is not one of `Problem`."""

    DOWN = "down"  # the platform does not answer, or not now
    NOT_SET_UP = "not_set_up"  # the operator has to enter our access data first
    REFUSED = "refused"  # the platform does not accept our own registration
    NOT_OURS = "not_ours"  # a state that nobody here began, or another session did
    USED = "used"
    TOO_LATE = "too_late"
    LOGGED_OUT = "logged_out"
    CHOICE_OVER = "choice_over"
    CANCELED = "canceled"
    GONE = "gone"  # there is no such account of theirs


class Told(NamedTuple):
    """A page's heading and its sentences: what happened, and what to do."""

    title: str
    text: str
    next_step: str
    can_retry: bool = True


_PERMISSIONS = {
    "https://www.googleapis.com/auth/business.manage": "manage your Business Profiles",
    "pages_show_list": "see the list of your Pages",
    "pages_manage_posts": "publish posts on your Pages",
    "pages_read_engagement": "read what is on your Pages",
    "read_insights": "read the numbers of your posts",
    "instagram_basic": "see your Instagram account",
    "instagram_content_publish": "publish on Instagram",
    "instagram_manage_insights": "read the numbers of your Instagram posts",
    "instagram_business_basic": "see your Instagram account",
    "instagram_business_content_publish": "publish on Instagram",
    "instagram_business_manage_insights": "read the numbers of your Instagram posts",
}
_NOTHING_THERE = {
    Service.GOOGLE: Told(
        "No Business Profile found",
        "The Google account that you chose manages no Business Profile.",
        "Try again with the Google account that you use for your Business Profile. If you have no profile yet, create "
        "one at business.google.com first.",
    ),
    Service.FACEBOOK: Told(
        "No Page was shared with us",
        "Facebook showed us no Page of yours.",
        "Try again, choose “Edit settings” in Facebook's window and tick your Page. If the Page belongs to a business "
        "portfolio, ask its administrator to give you full control of it first.",
    ),
    Service.INSTAGRAM: Told(
        "No professional account found",
        "Instagram showed us no professional account.",
        "Try again and log in with the account of your business.",
    ),
    Service.INSTAGRAM_FACEBOOK: Told(
        "No Instagram account found",
        "None of the Pages that you shared has a professional Instagram account linked to it.",
        "Link your Instagram account to your Page in the Page's settings and try again. Or go back and connect "
        "Instagram with its own login: that needs no Page.",
    ),
}
OBSTACLES = {
    Obstacle.NO_ROLE: "You may not post here. Ask an administrator of the Page to let you create content.",
    Obstacle.UNVERIFIED: "Google has not verified this profile yet. Verify it at business.google.com first.",
}


def problem_told(problem: Problem, service: Service, missing: Sequence[str] = ()) -> Told:
    """What the owner can mend at the platform. `missing` are permissions by the platform's names."""
    name = NAMES[service]
    match problem:
        case Problem.DENIED:
            return Told(
                "Nothing was connected",
                f"You said no at {name}, so we have no access.",
                "If that was a mistake, try again and allow it.",
            )
        case Problem.FORBIDDEN:
            return Told(
                "Your organization does not allow it",
                f"An administrator at {name} decides which apps this account may use, and ours is not allowed.",
                "Ask them to allow PostAgentPro, or try again with another account.",
            )
        case Problem.LOGIN_FAILED:
            return Told(
                "The login was not completed",
                f"{name} did not accept it any more: it took too long, or a page was loaded twice.",
                "Please try again.",
            )
        case Problem.MISSING_PERMISSION:
            return Told(
                "A permission is missing",
                f"Not everything was allowed at {name}. {_listed(missing)}",
                "Try again and leave everything ticked. We only use it to publish what you see in your queue, and to "
                "show you how it did.",
            )
        case Problem.NOTHING_THERE:
            return _NOTHING_THERE[service]
        case Problem.WRONG_KIND:
            return Told(
                "This is a personal account",
                "Instagram lets apps post only to professional accounts (Business or Creator).",
                "In the Instagram app open Settings, then “Account type and tools”, and switch to a professional "
                "account. It is free. Then try again.",
            )
        case Problem.NOT_LASTING:
            return Told(
                "The access would end within the hour",
                f"{name} did not give us lasting access, as it believes that we have it already.",
                "Open myaccount.google.com/connections, remove PostAgentPro there, and try again.",
            )
        case _:
            assert_never(problem)


def trouble_told(trouble: Trouble, service: Service | None) -> Told:
    """What is no matter of permissions. `service` None = it is not known which one was meant."""
    name = NAMES[service] if service is not None else "The platform"
    match trouble:
        case Trouble.DOWN:
            return Told(
                f"{name} does not answer",
                "Nothing was changed. Your posts are safe.",
                "Please try again in a few minutes.",
            )
        case Trouble.NOT_SET_UP:
            return Told(
                f"{name} cannot be connected yet",
                "Whoever runs PostAgentPro for you has to set it up first.",
                "We have written it down for them. Please ask them and come back later.",
                can_retry=False,
            )
        case Trouble.REFUSED:
            return Told(
                f"{name} does not let us in",
                "Something is wrong with how PostAgentPro is registered there. It is not your account, and you cannot "
                "mend it.",
                "We have written it down. Please ask whoever runs PostAgentPro for you.",
                can_retry=False,
            )
        case Trouble.NOT_OURS:
            return Told(
                "This did not start here",
                "The address that you opened belongs to another browser or another login. Nothing was connected.",
                "Please start again from your accounts.",
                can_retry=False,
            )
        case Trouble.USED:
            return Told(
                "This was done already",
                "The page was opened a second time. What you connected the first time is connected.",
                "Look at your accounts; if something is missing, start again there.",
                can_retry=False,
            )
        case Trouble.TOO_LATE:
            return Told(
                "That took too long", "After ten minutes we stop waiting. Nothing was connected.", "Please try again."
            )
        case Trouble.LOGGED_OUT:
            return Told(
                "You were logged out here",
                f"Your login at PostAgentPro ended while you were at {name}. Nothing was connected.",
                "Log in, and connect again from your accounts.",
                can_retry=False,
            )
        case Trouble.CHOICE_OVER:
            return Told(
                "This list is closed",
                "You chose from it already, or it stood open for too long.",
                "Look at your accounts; if something is missing, start again there.",
                can_retry=False,
            )
        case Trouble.CANCELED:
            return Told(
                "Your plan is canceled",
                "Nothing goes out any more, so nothing can be connected.",
                "Renew your plan first.",
                can_retry=False,
            )
        case Trouble.GONE:
            return Told(
                "There is no such account",
                "It was removed meanwhile, or is not connected any more.",
                "Look at your accounts.",
                can_retry=False,
            )
        case _:
            assert_never(trouble)


def other_account_told(service: Service, wanted: str, found: Sequence[str]) -> Told:
    """The owner wanted to mend one connection and gave access to others."""
    return Told(
        "Another account came back",
        f"{NAMES[service]} gave us access to {_and(found)}, but not to {wanted}. Nothing was changed.",
        f"Try again and choose {wanted}. You may have to log in at {NAMES[service]} as somebody else.",
    )


def not_stored_told(
    taken: Sequence[str], no_room: Sequence[str], stored: Sequence[str], platform: str, most: int
) -> Told:
    """Names of what another owner has, of what the plan has no room for, and of what was connected all the same."""
    happened, steps = [], []
    if taken:
        one = len(taken) == 1
        happened.append(f"{_and(taken)} {'is' if one else 'are'} connected in another PostAgentPro account already.")
        steps.append(
            f"If that account is yours too, disconnect {'it' if one else 'them'} there first. If you do not know of "
            f"it, look in the settings of your {platform_name(platform)} account who has access."
        )
    if no_room:
        happened.append(f"For {_and(no_room)} your plan has no room: it holds {count(most, *THINGS[platform])}.")
        steps.append("Disconnect another one first, or move to a larger plan.")
    if stored:
        happened.append(f"Connected: {_and(stored)}.")
    return Told(
        "Not everything is connected" if stored else "Nothing was connected",
        " ".join(happened),
        " ".join(steps),
        can_retry=False,
    )


def room_told(platform: str, room: int, most: int) -> str:
    """How many can be ticked."""
    one, many = THINGS[platform]
    if room <= 0:
        return (
            f"Your plan holds {count(most, one, many)} on {platform_name(platform)}, and all of it is used. "
            "Disconnect one first, or move to a larger plan."
        )
    return f"Your plan has room for {count(room, 'more' if room < most else one, 'more' if room < most else many)}."


def _listed(missing: Sequence[str]) -> str:
    named = [_PERMISSIONS[scope] for scope in missing if scope in _PERMISSIONS]
    return f"What is missing: to {_and(named)}." if named else "Something is missing that posting needs."


def _and(names: Sequence[str]) -> str:
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 3 else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
