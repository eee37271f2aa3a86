"""What Facebook's and Instagram's Graph APIs share: envelope of errors, tokens, fields, pages, usage headers.

Codes and subcodes after developers.facebook.com/docs/graph-api/guides/error-handling and
.../instagram-platform/instagram-graph-api/reference/error-codes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from platforms.sandbox.exchange import Answer, Call, Refused
from platforms.sandbox.state import Token, World

VERSION = re.compile(r"v(\d+)\.\d+$")
OLDEST_VERSION, NEWEST_VERSION = 22, 26
HOUR = 3600

TOKEN_DEATHS = {
    458: "Error validating access token: The user has not authorized application {app}.",
    459: "Error validating access token: You cannot access the app till you log in to www.facebook.com and follow the "
    "instructions given.",
    460: "Error validating access token: The session has been invalidated because the user changed their password or "
    "Facebook has changed the session for security reasons.",
    463: "Error validating access token: Session has expired on {when}. The current time is {now}.",
    464: "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed "
    "user.",
    467: "Error validating access token: The session is invalid because the user logged out.",
    492: "Error validating access token: The user must be an administrator, editor, or moderator of the page in order "
    "to impersonate it.",
}


def error(
    code: int,
    message: str,
    *,
    subcode: int | None = None,
    status: int = 400,
    kind: str = "OAuthException",
    transient: bool = False,
    title: str | None = None,
    shown: str | None = None,
) -> Answer:
    """The Graph API's envelope of an error; `title` and `shown` are its texts for users."""
    body: dict[str, Any] = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        body["error_subcode"] = subcode
    if subcode is not None or transient:
        body["is_transient"] = transient
    if title is not None:
        body["error_user_title"] = title
        body["error_user_msg"] = shown or ""
    body["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    headers = {}
    if code in (102, 190):
        headers["WWW-Authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{message}"'
    return Answer({"error": body}, status, headers)


def refuse(code: int, message: str, **more: Any) -> Refused:
    """An error to raise; arguments as for `error`."""
    return Refused(error(code, message, **more))


def missing_object(node: str, method: str = "GET") -> Refused:
    """The answer for an id that does not exist or that the token may not see."""
    verb = "get" if method == "GET" else method.lower()
    return refuse(
        100,
        f"Unsupported {verb} request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


class MetaVoice:
    """The words of graph.facebook.com and graph.instagram.com for troubles that a rule asks for."""

    def __init__(self, limit_code: int, usage_type: str) -> None:
        self._limit_code = limit_code
        self._usage_type = usage_type

    def throttled(self, account: str | None, retry_after: float | None) -> Answer:
        """Business use case limit: HTTP 400; the wait is only in the usage header, in minutes."""
        minutes = max(1, round((retry_after or 60.0) / 60))
        answer = error(
            self._limit_code,
            f"(#{self._limit_code}) There have been too many calls from this account. Wait a bit and try again. For "
            "more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            transient=True,
        )
        answer.headers["X-Business-Use-Case-Usage"] = usage(account or "0", self._usage_type, 100, minutes)
        return answer

    def failed(self, status: int) -> Answer:
        """Code 2 for an unavailable service, code 1 for what nobody can explain."""
        if status == 503:
            return error(2, "Service temporarily unavailable", status=503, transient=True)
        return error(1, "An unknown error has occurred.", status=status, transient=True)

    def bad_token(self, operation: str, revoked: bool) -> Answer:
        """Session expired (463) or permission taken back by the user (458)."""
        return dead_token_answer(458 if revoked else 463, "", 0.0, 0.0)

    def error_code(self, status: int, code: int | str, subcode: int | None, transient: bool) -> Answer:
        """Any other code."""
        return error(int(code), f"(#{code}) Requested by a fault rule", subcode=subcode, status=status,
                     transient=transient)  # fmt: skip


def dead_token_answer(subcode: int, app_id: str, expired: float, now: float) -> Answer:
    """Code 190 with the subcode that says why the token no longer works."""
    clock = "%A, %d-%b-%y %H:%M:%S PST"
    text = TOKEN_DEATHS.get(subcode, "Error validating access token: The access token is invalid.").format(
        app=app_id,
        when=datetime.fromtimestamp(expired, UTC).strftime(clock),
        now=datetime.fromtimestamp(now, UTC).strftime(clock),
    )
    return error(190, text, subcode=subcode)


def versioned(call: Call, *, unversioned: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The path without its version; paths in `unversioned` may come without one.

    A version that is no longer served is answered by the oldest living one, without an error.
    """
    if call.path and (found := VERSION.match(call.path[0])):
        number = int(found[1])
        if number > NEWEST_VERSION:
            raise refuse(2635, f"(#2635) You are calling a version of the Api that does not exist: {call.path[0]}.")
        if number == NEWEST_VERSION and call.first("date_format") is not None:
            raise refuse(100, "(#100) The parameter date_format is no longer supported")
        return call.path[1:]
    if call.path and call.path[0] in unversioned:
        return call.path
    return call.path  # served as the oldest living version


def token_of(call: Call, world: World) -> Token:
    """The live token of a call, its appsecret_proof checked. Raises Refused with codes 2500, 190 or 104."""
    value = call.text("access_token") or call.bearer
    if not value:
        raise refuse(2500, "An active access token must be used to query information about the current user.")
    token = world.tokens.get(value)
    if token is None or token.kind not in ("page", "user", "instagram", "instagram_short"):
        raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
    check_alive(token, call.now)
    if token.kind in ("page", "user"):
        check_proof(call, world, value)
    return token


def check_alive(token: Token, now: float) -> None:
    """Raise Refused with 190 and its subcode when the token has expired or was taken away."""
    if token.dead is not None:
        subcode = int(token.dead) if token.dead.isdigit() else 458
        raise Refused(dead_token_answer(subcode, token.app_id, token.expires or now, now))
    if token.expires is not None and token.expires <= now:
        raise Refused(dead_token_answer(463, token.app_id, token.expires, now))


def check_proof(call: Call, world: World, token: str) -> None:
    """Raise Refused with 104 when a call's appsecret_proof of `token` is wrong, or missing though insisted on."""
    proof = call.text("appsecret_proof")
    secret = world.config.meta_app_secret
    if not proof:
        if world.config.require_appsecret_proof:
            raise refuse(104, "API calls from the server require an appsecret_proof argument",
                         kind="GraphMethodException")  # fmt: skip
        return
    wrong = refuse(104, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")
    if secret is None:  # the sandbox was not told the secret: at least the form must be right
        if not re.fullmatch(r"[0-9a-f]{64}", proof):
            raise wrong
        return
    message = token
    if stamp := call.text("appsecret_time"):
        if not stamp.isdigit() or abs(call.now - int(stamp)) > 300:
            raise wrong
        message = f"{token}|{stamp}"
    if not hmac.compare_digest(proof, hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()):
        raise wrong


def need_scope(token: Token, scope: str) -> None:
    """Raise code 200 when the owner did not grant this permission."""
    if token.scopes and scope not in token.scopes.split(","):
        raise refuse(200, f"(#200) Requires {scope} permission to manage the object", status=403)


def usage(account: str, kind: str, percent: int, minutes: int = 0) -> str:
    """The value of X-Business-Use-Case-Usage: percents of the account's budget, minutes until it is free again."""
    load = {"type": kind, "call_count": percent, "total_cputime": percent // 2, "total_time": percent // 2}
    return orjson.dumps({account: [{**load, "estimated_time_to_regain_access": minutes}]}).decode()


def metered(answer: Answer, world: World, token: Token, account: str, kind: str, now: float) -> Answer:
    """Count the call and tell the usage; raises Refused when a configured budget is spent."""
    config = world.config
    minutes = int(world.meters.seconds_left(HOUR, now) // 60) + 1
    used_app = world.meters.count("meta-app", HOUR, now)
    used_page = world.meters.count("meta:" + account, HOUR, now)
    app_budget, page_budget = config.facebook_app_budget or 1_000_000, config.facebook_page_budget or 100_000
    share = min(100, used_page * 100 // page_budget)
    app_share = min(100, used_app * 100 // app_budget)
    headers = {
        "X-App-Usage": f'{{"call_count":{app_share},"total_time":{app_share // 2},"total_cputime":{app_share // 2}}}',
        "X-Business-Use-Case-Usage": usage(account, kind, share, minutes if share >= 100 else 0),
    }
    over: Answer | None = None
    if used_app > app_budget:
        over = error(4, "(#4) Application request limit reached", transient=True, status=403)
    elif used_page > page_budget and token.kind == "user":
        over = error(32, "(#32) Page request limit reached", transient=True, status=403)
    elif used_page > page_budget:
        over = MetaVoice(80002 if kind == "instagram" else 80001, kind).throttled(account, minutes * 60.0)
    if over is not None:
        over.headers = {**headers, **over.headers}
        raise Refused(over)
    answer.headers.update(headers)
    return answer


def graph_time(moment: float) -> str:
    """A time as the Graph API writes it: no colon in the offset."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def parse_time(value: Any) -> float | None:
    """Unix seconds from what `since` and `scheduled_publish_time` take: a number or an ISO time. None when absent.

    Raises ValueError when it is neither.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value)
    except ValueError:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def wanted_fields(expression: str) -> list[str]:
    """The names in a `fields` parameter: `id,likes.summary(true).limit(0),media{id,url}` -> id, likes, media."""
    names, depth, current = [], 0, ""
    for char in expression:
        if char in "{(":
            depth += 1
        elif char in "})":
            depth -= 1
        elif char == "," and depth == 0:
            names.append(current)
            current = ""
            continue
        current += char
    names.append(current)
    return [re.split(r"[.{(]", name.strip(), maxsplit=1)[0] for name in names if name.strip()]


def select(
    fields: Sequence[str], table: dict[str, Callable[[], Any]], kind: str, *, always: Sequence[str] = ("id",)
) -> dict[str, Any]:
    """The object with these fields; a field that gives None is left out, an unknown one is code 100."""
    made: dict[str, Any] = {}
    for name in [*fields, *(name for name in always if name not in fields)]:
        if name not in table:
            raise refuse(100, f"(#100) Tried accessing nonexistent field ({name}) on node type ({kind})")
        value = table[name]()
        if value is not None:
            made[name] = value
    return made


def page_of(call: Call, ids: Sequence[str], *, maximum: int = 100) -> tuple[list[str], dict[str, Any]]:
    """One page of `ids` by cursors, and its `paging` object. Raises Refused for a limit above `maximum`."""
    given = call.text("limit")
    if given and not given.isdigit():
        raise refuse(100, "(#100) Param limit must be an integer")
    limit = int(given) if given else 25
    if limit > maximum:
        raise refuse(100, f"(#100) Param limit must be at most {maximum}")
    start = 0
    if after := call.text("after"):
        try:
            start = list(ids).index(base64.urlsafe_b64decode(after.encode() + b"==").decode()) + 1
        except (ValueError, UnicodeDecodeError):
            raise refuse(100, "(#100) Invalid cursors values", kind="GraphMethodException") from None
    elif before := call.text("before"):
        try:
            end = list(ids).index(base64.urlsafe_b64decode(before.encode() + b"==").decode())
        except (ValueError, UnicodeDecodeError):
            raise refuse(100, "(#100) Invalid cursors values", kind="GraphMethodException") from None
        start = max(0, end - limit)
        ids = ids[:end]
    shown = list(ids[start : start + limit])
    if not shown:
        return [], {}
    paging: dict[str, Any] = {"cursors": {"before": _cursor(shown[0]), "after": _cursor(shown[-1])}}
    if start + limit < len(ids):
        kept = {name: values[-1] for name, values in call.query.items() if name not in ("after", "before")}
        query = urlencode({**kept, "limit": str(limit), "after": _cursor(shown[-1])})
        paging["next"] = f"{call.base_url}{call.mount}/{'/'.join(call.path)}?{query}"
    return shown, paging


def _cursor(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
