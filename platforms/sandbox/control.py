"""The sandbox's own routes below /_sandbox: make accounts, set faults, see the truth. Loopback clients only.

POST   /_sandbox/accounts   {platform, name, login?, city?, address?, account_id?, token_life_seconds?,
                            token_age_seconds?, quota_total?, kind?, may_post?} -> {account_id, account_name,
                            access_token, refresh_token, expires_in}
GET    /_sandbox/accounts   all accounts, without tokens
POST   /_sandbox/history    {account_id, posts: [{text, media_url?, hashtags?, created_time}]} -> {ids}
POST   /_sandbox/posts      {account_id, text, media_url?} -> {id}: a post by somebody else's app
POST   /_sandbox/tokens     {account_id, state: expired|revoked, subcode?} -> {ended}; subcodes of Google are
                            invalid_rapt and admin_policy_enforced
POST   /_sandbox/data-access {account_id, seconds}: when Facebook ends the access to data -> {tokens}
GET    /_sandbox/truth      every object that is or was visible, and the unpublished ones
GET    /_sandbox/mails      the mails that were taken, newest first; ?to=ADDRESS
GET    /_sandbox/faults     rules in force     POST a list to add     DELETE clears
GET    /_sandbox/calls      counts per service and operation; ?last=N (&service=, &operation=) the newest calls
DELETE /_sandbox/calls      count anew
GET    /_sandbox/config     behaviour          POST an object to change some of it
POST   /_sandbox/clock      {advance_seconds}: move the sandbox's clock forward
POST   /_sandbox/reset      forget everything
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platforms.sandbox.accounts import FOREIGN_APP, Wish, add_post, end_data_access, end_tokens, make_account, truth
from platforms.sandbox.calls import CallLog
from platforms.sandbox.faults import Faults
from platforms.sandbox.state import Account, World


def from_this_machine(request: Request) -> bool:
    """Whether the client is on a loopback address, or in this process."""
    if request.client is None or request.client.host in ("testclient", "localhost"):
        return True
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def answer(body: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(orjson.dumps(body), status, media_type="application/json")


class Control:
    """Handlers of the control routes."""

    def __init__(self, world: World, faults: Faults, calls: CallLog) -> None:
        self._world = world
        self._faults = faults
        self._calls = calls

    def routes(self) -> list[Route]:
        """The routes, in no order that matters."""
        table: list[tuple[str, str, Callable[[Any, Request], Any]]] = [
            ("accounts", "POST", self._make_account),
            ("accounts", "GET", self._accounts),
            ("history", "POST", self._history),
            ("posts", "POST", self._foreign_post),
            ("tokens", "POST", self._end_tokens),
            ("data-access", "POST", self._end_data_access),
            ("truth", "GET", lambda body, request: truth(self._world)),
            ("mails", "GET", self._mails),
            ("faults", "GET", lambda body, request: [rule.shown() for rule in self._faults.rules]),
            ("faults", "POST", self._add_faults),
            ("faults", "DELETE", self._clear_faults),
            ("calls", "GET", self._show_calls),
            ("calls", "DELETE", self._clear_calls),
            ("config", "GET", lambda body, request: asdict(self._world.config)),
            ("config", "POST", self._configure),
            ("clock", "POST", self._move_clock),
            ("reset", "POST", self._reset),
        ]
        return [Route(f"/_sandbox/{path}", _guarded(handler), methods=[method]) for path, method, handler in table]

    def _make_account(self, body: Any, request: Request) -> Any:
        return make_account(self._world, Wish(**_only(body, {field.name for field in fields(Wish)})))

    def _accounts(self, body: Any, request: Request) -> Any:
        return [asdict(account) for account in self._world.accounts.values()]

    def _account(self, body: Any) -> Account:
        account = self._world.accounts.get(str(body.get("account_id"))) if isinstance(body, dict) else None
        if account is None:
            raise ValueError(f"there is no account {body.get('account_id') if isinstance(body, dict) else None!r}")
        return account

    def _history(self, body: Any, request: Request) -> Any:
        account = self._account(_only(body, {"account_id", "posts"}))
        app_id = self._world.config.meta_app_id if account.platform != "google" else None
        known = {(post.text, round(post.created)): post.id for post in self._world.posts_on(account.id)}
        ids = []
        for item in body.get("posts", []):
            item = _only(item, {"text", "media_url", "hashtags", "created_time"})
            text = str(item["text"])
            if item.get("hashtags"):
                text += "\n\n" + " ".join("#" + str(tag).lstrip("#") for tag in item["hashtags"])
            created = _moment(item.get("created_time"))
            media = [str(item["media_url"])] if item.get("media_url") else []
            same = known.get((text, round(created)))  # sent twice, made once
            ids.append(same or add_post(self._world, account, text, media, created, app_id).id)
        return {"ids": ids}

    def _mails(self, body: Any, request: Request) -> Any:
        to = request.query_params.get("to")
        mails = [asdict(mail) for mail in self._world.mails.values() if to in (None, mail.to)]
        return sorted(mails, key=lambda mail: (mail["received"], mail["id"]), reverse=True)

    def _foreign_post(self, body: Any, request: Request) -> Any:
        account = self._account(_only(body, {"account_id", "text", "media_url"}))
        media = [str(body["media_url"])] if body.get("media_url") else []
        app_id = FOREIGN_APP if account.platform != "google" else None
        return {"id": add_post(self._world, account, str(body["text"]), media, self._world.now(), app_id).id}

    def _end_tokens(self, body: Any, request: Request) -> Any:
        account = self._account(_only(body, {"account_id", "state", "subcode"}))
        return {"ended": end_tokens(self._world, account.id, str(body.get("state")), body.get("subcode"))}

    def _end_data_access(self, body: Any, request: Request) -> Any:
        account = self._account(_only(body, {"account_id", "seconds"}))
        return {"tokens": end_data_access(self._world, account.id, float(body["seconds"]))}

    def _add_faults(self, body: Any, request: Request) -> Any:
        made = self._faults.add(body if isinstance(body, list) else [body])
        return [rule.shown() for rule in made]

    def _clear_faults(self, body: Any, request: Request) -> Any:
        self._faults.clear()
        return []

    def _clear_calls(self, body: Any, request: Request) -> Any:
        self._calls.clear()
        return {}

    def _show_calls(self, body: Any, request: Request) -> Any:
        query = request.query_params
        if "last" in query:
            return self._calls.last(int(query["last"]), query.get("service"), query.get("operation"))
        return self._calls.summary()

    def _configure(self, body: Any, request: Request) -> Any:
        if not isinstance(body, dict):
            raise ValueError("the body is a JSON object of settings")
        self._world.configure(body)
        return asdict(self._world.config)

    def _move_clock(self, body: Any, request: Request) -> Any:
        seconds = _only(body, {"advance_seconds"}).get("advance_seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise ValueError(f"advance_seconds is {seconds!r}; write a number that is not negative")
        self._world.configure({"clock_shift_seconds": self._world.config.clock_shift_seconds + seconds})
        return {"now": self._world.now(), "shift_seconds": self._world.config.clock_shift_seconds}

    def _reset(self, body: Any, request: Request) -> Any:
        self._world.reset()
        self._faults.clear()
        self._calls.clear()
        return {}


def _guarded(handler: Callable[[Any, Request], Any]) -> Callable[[Request], Any]:
    """Read the JSON body, refuse strangers, and tell what is wrong in one line."""

    async def endpoint(request: Request) -> Response:
        if not from_this_machine(request):
            return answer({"error": "the sandbox is controlled from its own machine only"}, 403)
        raw = await request.body()
        try:
            return answer(handler(orjson.loads(raw) if raw else {}, request))
        except (ValueError, TypeError, KeyError) as error:
            told = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            return answer({"error": told}, 400)

    return endpoint


def _only(body: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ValueError("the body is a JSON object")
    if unknown := sorted(set(body) - known):
        raise ValueError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return body


def _moment(value: Any) -> float:
    """Unix seconds from a number or an ISO time (UTC when it names no zone)."""
    if isinstance(value, int | float):
        return float(value)
    moment = datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
