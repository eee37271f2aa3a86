"""The consent dialogs of the three platforms as small real pages: choose what to share, allow or deny."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from platforms.sandbox.accounts import Wish, make_account
from platforms.sandbox.pictures import is_web_address
from platforms.sandbox.state import GOOGLE_SCOPE, GRAPH_SCOPES, INSTAGRAM_SCOPES, Account, World

CODE_LIFE = 600.0
DENIALS = {
    "google": {"error": "access_denied"},
    "facebook": {
        "error": "access_denied", "error_code": "200", "error_description": "Permissions error",
        "error_reason": "user_denied",
    },
    "instagram": {
        "error": "access_denied", "error_description": "The user denied your request", "error_reason": "user_denied",
    },
}  # fmt: skip
# No form-action: after "Allow" the form is redirected to the product, wherever it listens.
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Dialog:
    """One platform's dialog."""

    platform: str
    title: str
    path: str
    scopes: str  # asked for when the request names none
    things: str


DIALOGS = (
    Dialog("google", "Google", "/google/auth/o/oauth2/v2/auth", GOOGLE_SCOPE, "business profiles"),
    Dialog("facebook", "Facebook", "/facebook/dialog/{version}/dialog/oauth", GRAPH_SCOPES, "pages"),
    Dialog("instagram", "Instagram", "/instagram/auth/oauth/authorize", INSTAGRAM_SCOPES, "account"),
)


class Consent:
    """Routes of the dialogs."""

    def __init__(self, world: World) -> None:
        self._world = world
        loader = FileSystemLoader(Path(__file__).parent)
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def routes(self) -> list[Route]:
        """One route a platform: GET shows the dialog, POST is the person's answer."""
        return [Route(dialog.path, self._endpoint(dialog), methods=["GET", "POST"]) for dialog in DIALOGS]

    def _endpoint(self, dialog: Dialog) -> Any:
        async def endpoint(request: Request) -> Response:
            asked = request.query_params
            if problem := _problem(asked):
                return self._page("refused.html", 400, title=dialog.title, problem=problem)
            if request.method == "GET":
                return self._page("consent.html", 200, dialog=dialog, accounts=self._offered(dialog, asked),
                                  scopes=_scopes(dialog, asked))  # fmt: skip
            form = await request.form()
            return RedirectResponse(self._answer(dialog, asked, form), 303)

        return endpoint

    def _page(self, template: str, status: int, **shown: Any) -> Response:
        html = self._templates.get_template(template).render(shown)
        return HTMLResponse(html, status, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    def _offered(self, dialog: Dialog, asked: Mapping[str, str]) -> list[Account]:
        """What can be shared here: an Instagram account that logs in through Facebook comes with its page."""
        return [
            account for account in sorted(self._world.accounts.values(), key=lambda account: account.name.lower())
            if account.platform == dialog.platform and (dialog.platform != "instagram" or account.login == "instagram")
        ]  # fmt: skip

    def _answer(self, dialog: Dialog, asked: Mapping[str, str], form: FormData) -> str:
        """The address to go back to, with a code or the denial."""
        state = {"state": asked["state"]} if "state" in asked else {}
        if form.get("answer") != "allow":
            return _back(asked["redirect_uri"], DENIALS[dialog.platform] | state)
        chosen = [str(value) for value in form.getlist("account") if str(value) in self._world.accounts]
        if name := str(form.get("new_name") or "").strip():
            chosen.append(str(make_account(self._world, Wish(dialog.platform, name))["account_id"]))
        if dialog.platform == "instagram":
            chosen = chosen[:1]
            if not chosen:
                return _back(asked["redirect_uri"], DENIALS[dialog.platform] | state)
        linked = [self._world.accounts[account_id].linked_id for account_id in chosen]
        reaches = [*chosen, *(account_id for account_id in linked if account_id)]
        granted = [str(scope) for scope in form.getlist("scope")]
        separator = " " if dialog.platform == "google" else ","
        code = self._world.issue(
            "code", reaches, life=CODE_LIFE, app_id=asked["client_id"], scopes=separator.join(granted),
            person=str(form.get("person") or "").strip(),
        )  # fmt: skip
        code.redirect_uri = asked["redirect_uri"]
        code.challenge = asked.get("code_challenge")
        code.challenge_method = asked.get("code_challenge_method", "plain")
        code.parent = "offline" if self._gives_refresh_token(dialog, asked, chosen) else None
        self._world.put(code)
        told = {"code": code.value, **state}
        if dialog.platform == "google":
            told["scope"] = " ".join(granted)
        return _back(asked["redirect_uri"], told) + ("#_" if dialog.platform == "instagram" else "")

    def _gives_refresh_token(self, dialog: Dialog, asked: Mapping[str, str], chosen: list[str]) -> bool:
        """Google: only for offline access, and then at the first consent or when consent was asked for anew."""
        if dialog.platform != "google" or asked.get("access_type") != "offline":
            return False
        known = any(token.kind == "google_refresh" and set(chosen) <= set(token.account_ids) and not token.dead
                    for token in self._world.tokens.values())  # fmt: skip
        return not known or "consent" in asked.get("prompt", "").split()


def _problem(asked: Mapping[str, str]) -> str | None:
    if not asked.get("client_id"):
        return "client_id is missing"
    if not is_web_address(asked.get("redirect_uri", "")):
        return "redirect_uri is missing or not a web address"
    if asked.get("response_type") != "code":
        return "response_type must be code"
    if asked.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return "code_challenge_method must be plain or S256"
    return None


def _scopes(dialog: Dialog, asked: Mapping[str, str]) -> list[str]:
    return (asked.get("scope") or dialog.scopes).replace(",", " ").split()


def _back(address: str, told: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(told)}"
