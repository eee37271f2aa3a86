"""What Facebook says of a token of ours (debug_token), asked as the app: a Page's token has no end, yet it dies.

Sources: developers.facebook.com/docs/facebook-login (debugging tokens, data access expiry, permissions whose access
does not expire), Graph API v26.0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import SecretStr

from platforms.answers import count, part, text, unix_moment
from platforms.base import Account, Standing
from platforms.errors import OperatorNeeded, ReconnectNeeded, Refused, TryLater
from platforms.graph import Graph
from platforms.graph_errors import BASE_RULES, rule_for
from platforms.http import redact

MISSING_PERMISSION = "200"
OTHER_APP = "other_app"

# Meta lets these live on when, 90 days after the person was last active, access to the rest ends.
LASTING = frozenset(
    (
        "pages_manage_posts",
        "pages_read_engagement",
        "pages_show_list",
        "read_insights",
        "pages_manage_engagement",
        "pages_manage_metadata",
        "pages_read_user_content",
        "business_management",
        "public_profile",  # every token has it, and nothing of ours needs it
    )
)


async def check_by_facebook(
    graph: Graph, account: Account, app_id: str | None, app_secret: SecretStr | None, needs: Collection[str]
) -> Standing:
    """One look at the account's token; without the app's credentials at the account itself, which tells no end.

    Raises ReconnectNeeded with the code of its death ("190/460"), or when a permission of `needs` was taken back.
    """
    if not app_id or app_secret is None:
        await graph.reach(account.account_id, account.access_token)
        return Standing()
    data = await debug_token(graph, account.access_token, app_id, app_secret)
    return _standing(data, account, app_id, needs)


async def debug_token(graph: Graph, token: SecretStr, app_id: str, app_secret: SecretStr) -> Mapping[str, Any]:
    """What Facebook says of a token, asked as the app. Raises OperatorNeeded when it does not let the app in."""
    app_token = SecretStr(f"{app_id}|{app_secret.get_secret_value()}")
    try:
        answer = await graph.get("debug_token", app_token, input_token=token)
    except (Refused, ReconnectNeeded) as error:  # it is the app that was not let in, not the account
        raise OperatorNeeded(
            f"Facebook does not let our app look at its tokens; check META_APP_ID and META_APP_SECRET: {error.message}",
            http_status=error.http_status,
            code=error.code,
            trace_id=error.trace_id,
        ) from None
    return part(answer.get("data"))


def _standing(data: Mapping[str, Any], account: Account, app_id: str, needs: Collection[str]) -> Standing:
    if data.get("is_valid") is not True:
        raise _dead(data, account)
    if data.get("app_id") is not None and str(data["app_id"]) != app_id:
        raise ReconnectNeeded("the token was made for another app than META_APP_ID", code=OTHER_APP)
    listed = data.get("scopes")
    scopes = {scope for scope in listed if isinstance(scope, str)} if isinstance(listed, list) else set()
    if scopes and (missing := sorted(set(needs) - scopes)):
        raise ReconnectNeeded(f"the token lacks the permission {', '.join(missing)}", code=MISSING_PERMISSION)
    ends = [unix_moment(data.get("expires_at"))]
    if not scopes or scopes - LASTING:
        ends.append(unix_moment(data.get("data_access_expires_at")))
    return Standing(ends_at=min((end for end in ends if end is not None), default=None))


def _dead(data: Mapping[str, Any], account: Account) -> ReconnectNeeded | TryLater:
    error = part(data.get("error"))
    code, subcode = count(error.get("code")), count(error.get("subcode"))
    rule = rule_for(BASE_RULES, 190 if code is None else code, subcode, is_transient=False)
    if data.get("is_valid") is not False or rule.error is not ReconnectNeeded:
        return TryLater("Facebook told nothing certain about the token", code="unreadable")
    told = str(190 if code is None else code) + ("" if subcode is None else f"/{subcode}")
    words = redact(text(error.get("message")) or "the token is not valid any more", (account.access_token,))
    message = f"{words} (code {told})"
    return ReconnectNeeded(f"{message}. {rule.advice}" if rule.advice else message, code=told)
