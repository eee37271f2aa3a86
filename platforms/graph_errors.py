"""What the Graph API's errors mean: one table for what Facebook and Instagram share, one for each of them.

Sources: developers.facebook.com, error handling and rate limiting of the Graph API v26.0; Instagram's error codes of
2026-06-02.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from pydantic import SecretStr

from platforms.answers import part, text, word
from platforms.errors import (
    Blocked,
    InDoubt,
    OperatorNeeded,
    Paced,
    PlatformError,
    ReconnectNeeded,
    Refused,
    Rule,
    TryLater,
)
from platforms.http import Answer, Headers, json_object, redact, retry_after

Rules = Mapping[tuple[int, int | None], Rule]

HOUR = 3600.0

TEMPORARY = Rule(error=TryLater, visible=InDoubt)
BACK_OFF = Rule(error=TryLater, wait=300.0)  # calling while throttled makes the block longer
BLOCKED = Rule(
    error=Blocked,
    wait=4 * HOUR,
    advice="The account is blocked from posting for some hours; look at its messages in the app.",
)
RECONNECT = Rule(error=ReconnectNeeded)
REFUSED = Rule(error=Refused)
OPERATOR = Rule(error=OperatorNeeded)
PICTURE = Rule(error=Refused, advice="Choose another picture.")

BASE_RULES: Rules = {
    (1, None): TEMPORARY,  # also a wrong request; the number of attempts ends it
    (2, None): TEMPORARY,
    (3, None): OPERATOR,
    (4, None): BACK_OFF,
    (10, None): RECONNECT,
    (17, None): BACK_OFF,
    (32, None): BACK_OFF,
    (100, None): REFUSED,
    (101, None): OPERATOR,
    (102, None): RECONNECT,
    (104, None): OPERATOR,
    (190, None): RECONNECT,
    (190, 458): replace(RECONNECT, advice="The app was removed from the account."),
    (190, 459): replace(RECONNECT, advice="The owner has to log in on facebook.com first."),
    (190, 460): replace(RECONNECT, advice="The password was changed."),
    (190, 463): replace(RECONNECT, advice="The connection ran out."),
    (190, 464): replace(RECONNECT, advice="The owner has to confirm the account on facebook.com first."),
    (190, 467): RECONNECT,
    (190, 492): replace(RECONNECT, advice="The owner has no role on the Page any more."),
    # Raised when the answer is read back after a write: the write itself may have worked.
    (283, None): Rule(error=ReconnectNeeded, visible=InDoubt),
    (341, None): BACK_OFF,
    (2635, None): OPERATOR,  # this Graph version is not served
    (368, None): BLOCKED,
    (613, None): BACK_OFF,
    **{(code, None): BACK_OFF for code in (80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014)},
}
RANGES: Sequence[tuple[range, Rule]] = ((range(200, 300), RECONNECT), (range(1363000, 1364000), REFUSED))

LINK = Rule(error=Refused, advice="Check that the link opens without a login.")
VIDEO = Rule(error=Refused, advice="Choose another video.")

FACEBOOK_RULES: Rules = {
    **BASE_RULES,
    # The photos hang on a post already: on ours, whose answer was lost, or on an unseen one (upload them again).
    (100, 1366051): TEMPORARY,
    (324, None): PICTURE,
    (382, None): VIDEO,
    (389, None): VIDEO,
    # The same text as the post before it: most likely our own, whose answer was lost.
    (506, None): Rule(error=TryLater, visible=InDoubt, wait=300.0, advice="The Page's last post has the same text."),
    (3001, None): REFUSED,
    (6000, None): VIDEO,
    (6001, None): TEMPORARY,
    (1366046, None): PICTURE,
    (1609005, None): LINK,
}

NEW_CONTAINER = replace(TEMPORARY, wait=30.0)
RESTRICTED = Rule(
    error=ReconnectNeeded, advice="The account is restricted or has to confirm something in the Instagram app."
)

INSTAGRAM_RULES: Rules = {
    **BASE_RULES,
    (-2, None): NEW_CONTAINER,
    (-2, 2207003): TEMPORARY,
    (-2, 2207020): NEW_CONTAINER,
    (-1, None): TEMPORARY,
    (-1, 2207001): TEMPORARY,
    (-1, 2207032): NEW_CONTAINER,
    (-1, 2207053): NEW_CONTAINER,
    (-1, 2207073): TEMPORARY,
    (1, 2207057): REFUSED,
    (4, 2207051): BLOCKED,
    (9, None): Rule(error=Paced, wait=HOUR),
    (9, 2207042): Rule(error=Paced, wait=HOUR, advice="The account's posts for 24 hours are used up."),
    (24, None): NEW_CONTAINER,
    (24, 2207006): NEW_CONTAINER,
    # Also what a container that is already published may be answered: only its status can tell.
    (24, 2207008): NEW_CONTAINER,
    (25, None): RESTRICTED,
    (25, 2207050): RESTRICTED,
    (100, 2207023): REFUSED,
    (100, 2207028): REFUSED,
    (100, 2207035): REFUSED,
    (100, 2207036): REFUSED,
    (100, 2207037): REFUSED,
    (100, 2207040): replace(REFUSED, advice="Use at most 20 @mentions."),
    (352, None): REFUSED,
    (352, 2207026): REFUSED,
    (9004, None): replace(TEMPORARY, wait=60.0),
    (9004, 2207052): replace(TEMPORARY, wait=60.0, advice="The picture's address has to be public."),
    (9007, None): Rule(error=TryLater, wait=10.0),
    (9007, 2207027): Rule(error=TryLater, wait=10.0),
    (36000, None): PICTURE,
    (36000, 2207004): replace(PICTURE, advice="The picture has to be smaller than 8 MB."),
    (36001, None): PICTURE,
    (36001, 2207005): replace(PICTURE, advice="The picture has to be a JPEG."),
    (36003, None): PICTURE,
    (36003, 2207009): replace(PICTURE, advice="The picture's shape has to be between 4:5 and 1.91:1."),
    (36004, None): REFUSED,
    (36004, 2207010): replace(REFUSED, advice="Shorten the caption to 2,200 characters."),
}

_GONE = frozenset({"100/33", "24/2207006"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of a rate limit is used up, as the platform's headers say."""

    scope: str  # "app", or the id of the Page, Instagram account or business; "page" = the account of the call
    percent: float  # the worst of calls, CPU time and total time; may exceed 100
    regain_seconds: float | None = None  # until calls are allowed again, while throttled


def rule_for(rules: Rules, code: int, subcode: int | None, is_transient: bool) -> Rule:
    """The row for an error. Unknown codes are TEMPORARY: looked for, tried again, ended by the number of attempts.

    `is_transient` overrules a final outcome (refused, reconnect, operator), never a wait.
    """
    rule = rules.get((code, subcode)) or rules.get((code, None))
    if rule is None:
        rule = next((ranged for codes, ranged in RANGES if code in codes), TEMPORARY)
    if is_transient and rule.error in (Refused, ReconnectNeeded, OperatorNeeded):
        return TEMPORARY
    return rule


def is_gone(error: PlatformError) -> bool:
    """Whether the error says that the object does not exist (or that we may not see it: the code is the same)."""
    return error.code in _GONE


def usages(headers: Headers) -> list[Usage]:
    """All usage headers of an answer; what cannot be understood is left out."""
    found: list[Usage] = []
    for name in ("x-app-usage", "x-page-usage", "x-business-use-case-usage"):
        try:
            value = orjson.loads(headers.get(name, "{}"))
        except orjson.JSONDecodeError:
            continue
        if not isinstance(value, dict) or not value:
            continue
        entries = [("app" if name == "x-app-usage" else "page", value)]
        if name == "x-business-use-case-usage":
            entries = [(scope, entry) for scope, many in value.items() if isinstance(many, list) for entry in many]
        for scope, entry in entries:
            if isinstance(entry, dict):
                percent = max(_number(entry.get(key)) for key in ("call_count", "total_time", "total_cputime"))
                minutes = _number(entry.get("estimated_time_to_regain_access"))
                found.append(Usage(scope=scope, percent=percent, regain_seconds=minutes * 60 if minutes else None))
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def classify(
    response: Answer, rules: Rules, *, makes_visible: bool, secrets: Iterable[SecretStr | None] = ()
) -> PlatformError:
    """The error an answer stands for, by status, code, subcode and is_transient; `secrets` are kept out of its text."""
    envelope = part((json_object(response) or {}).get("error"))
    status = response.status_code
    if not isinstance(envelope.get("code"), int):
        rule = {401: RECONNECT, 429: BACK_OFF}.get(status, TEMPORARY)
        words, code, trace = f"answered HTTP {status} without saying why", f"http_{status}", None
    else:
        subcode = envelope.get("error_subcode")
        subcode = subcode if isinstance(subcode, int) else None
        rule = rule_for(rules, envelope["code"], subcode, envelope.get("is_transient") is True)
        words = text(envelope.get("error_user_msg")) or text(envelope.get("message")) or "gave no reason"
        code = f"{envelope['code']}/{subcode}" if subcode is not None else str(envelope["code"])
        trace = word(envelope.get("fbtrace_id"))
    outcome = rule.outcome(makes_visible)
    if makes_visible and status >= 500:
        outcome = InDoubt  # whatever it says: Facebook has answered 500 to posts that went live
    wait = retry_after(response.headers)
    if wait is None and issubclass(outcome, TryLater):
        wait = max((usage.regain_seconds or 0.0 for usage in usages(response.headers)), default=0.0) or rule.wait
    if outcome is Blocked:
        wait = max(wait or 0.0, rule.wait or 0.0)
    message = redact(f"{words} (code {code})", secrets)
    return outcome(
        f"{message}. {rule.advice}" if rule.advice else message,
        http_status=status,
        code=code,
        retry_after=wait,
        trace_id=trace,
    )


def subcode_in(status: str) -> int | None:
    """The error subcode that Instagram writes into a container's `status` words."""
    match = re.search(r"\b(2207\d{3})\b", status)
    return int(match[1]) if match else None
