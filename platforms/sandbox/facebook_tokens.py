"""Facebook's tokens: code exchange, the long-lived exchange, pages of a user, debug_token."""

from __future__ import annotations

from typing import Any

from platforms.sandbox.exchange import Answer, Call
from platforms.sandbox.meta import check_alive, check_proof, page_of, refuse, select, token_of, wanted_fields
from platforms.sandbox.state import DAY, GRAPH_SCOPES, Account, Token, World

TASKS = ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MODERATE", "MANAGE"]
LONG_LIFE = 5_183_944.0  # 60 days, as the real one answers
SHORT_LIFE = 5_400.0
DATA_ACCESS = 90 * DAY  # after the person was last active; here: after the token was made


class FacebookTokens:
    """The requests that are about tokens."""

    def __init__(self, world: World) -> None:
        self._world = world

    def access_token(self, call: Call) -> Answer:
        """`fb_exchange_token`, or a code from the dialog."""
        config = self._world.config
        if not call.text("client_id"):
            raise refuse(101, "Missing client_id parameter.")
        if config.meta_app_secret is not None and (
            call.text("client_id") != config.meta_app_id or call.text("client_secret") != config.meta_app_secret
        ):
            raise refuse(1, "Error validating client secret.")
        if call.text("grant_type") == "fb_exchange_token":
            return self._longer(call)
        return self._from_code(call)

    def _longer(self, call: Call) -> Answer:
        token = self._world.tokens.get(call.text("fb_exchange_token"))
        if token is None or token.kind not in ("user", "page"):
            raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
        check_alive(token, call.now)  # an expired token cannot be exchanged
        # A page token from a long-lived user token has no end; a user token lives 60 days more.
        life = None if token.kind == "page" else LONG_LIFE
        new = self._world.issue(
            token.kind, token.account_ids, life=life, app_id=token.app_id, scopes=token.scopes, parent=token.parent,
            person=token.person,
        )  # fmt: skip
        return Answer(_bearer(new, life))

    def _from_code(self, call: Call) -> Answer:
        code = self._world.tokens.get(call.text("code"))
        if code is None or code.kind != "code" or (code.expires or 0) <= call.now:
            raise refuse(100, "This authorization code has expired.", subcode=36007)
        if code.dead:
            raise refuse(100, "This authorization code has been used.", subcode=36009)
        if code.redirect_uri != call.text("redirect_uri"):
            raise refuse(100, "Error validating verification code. Please make sure your redirect_uri is identical to "
                              "the one you used in the OAuth dialog request", subcode=36008)  # fmt: skip
        code.dead = "used"
        self._world.put(code)
        new = self._world.issue(
            "user", code.account_ids, life=SHORT_LIFE, app_id=code.app_id, scopes=code.scopes, person=code.person
        )
        return Answer(_bearer(new, SHORT_LIFE))

    def accounts(self, call: Call) -> Answer:
        """The pages that the user let the app see, each with a page token."""
        token = token_of(call, self._world)
        if token.kind != "user":
            raise refuse(100, "(#100) Tried accessing nonexisting field (accounts) on node type (Page)")
        pages = [account for account_id in token.account_ids if (account := self._world.accounts.get(account_id))
                 and account.platform == "facebook"]  # fmt: skip
        ids, paging = page_of(call, [page.id for page in pages])
        fields = wanted_fields(call.text("fields")) or ["access_token", "category", "name", "id", "tasks"]
        data = [select(fields, self._page_fields(self._world.accounts[page_id], token), "Page") for page_id in ids]
        return Answer({"data": data, "paging": paging} if paging else {"data": data})

    def _page_fields(self, page: Account, user: Token) -> dict[str, Any]:
        linked = self._world.accounts.get(page.linked_id or "")
        return {
            "id": lambda: page.id,
            "name": lambda: page.name,
            "category": lambda: "Local business",
            "category_list": lambda: [{"id": "2500", "name": "Local business"}],
            "tasks": lambda: TASKS if page.may_post else ["ANALYZE"],
            "access_token": lambda: self.page_token(page, user).value,
            "link": lambda: f"https://www.facebook.com/{page.id}",
            "location": lambda: {"city": page.city, "street": page.address} if page.city else None,
            "instagram_business_account": lambda: (
                {"id": linked.id, "username": linked.username} if linked and linked.kind != "PERSONAL" else None
            ),
        }

    def page_token(self, page: Account, user: Token) -> Token:
        """The token of a page that a user may use, for this user's app.

        A page token made from a long-lived user token has no end, from a short one it ends with it.
        """
        now = self._world.now()
        for token in self._world.tokens.values():
            if token.kind == "page" and token.parent == user.value and page.id in token.account_ids and not token.dead:
                return token
        lasting = user.expires is None or user.expires - user.issued > 86_400
        life = None if lasting else (user.expires or now) - now
        reaches = [page.id, *([page.linked_id] if page.linked_id else [])]
        return self._world.issue(
            "page", reaches, life=life, app_id=user.app_id, scopes=user.scopes or GRAPH_SCOPES, parent=user.value,
            person=user.person,
        )  # fmt: skip

    def revoke(self, call: Call) -> Answer:
        """DELETE /me/permissions: the app is removed, with all tokens that came from this person."""
        token = token_of(call, self._world)
        if token.kind != "user":
            raise refuse(100, "(#100) Tried accessing nonexisting field (permissions) on node type (Page)")
        self._world.end_permission(token, "458")
        return Answer({"success": True})

    def debug(self, call: Call) -> Answer:
        """What a token is worth; asked with an app token `id|secret` or any live token."""
        asking = call.text("access_token") or call.bearer
        config = self._world.config
        if "|" in asking:
            app_id, _, secret = asking.partition("|")
            if config.meta_app_secret is not None and (app_id, secret) != (config.meta_app_id, config.meta_app_secret):
                raise refuse(190, "Invalid OAuth access token signature.")
            check_proof(call, self._world, asking)
        else:
            token_of(call, self._world)
        if not call.text("input_token"):
            raise refuse(100, "(#100) The parameter input_token is required")
        token = self._world.tokens.get(call.text("input_token"))
        if token is None or token.kind not in ("page", "user", "instagram", "instagram_short"):
            problem = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
            return Answer({"data": {"error": problem, "is_valid": False, "scopes": []}})
        expired = token.expires is not None and token.expires <= call.now
        data: dict[str, Any] = {
            "app_id": token.app_id,
            "type": "PAGE" if token.kind == "page" else "USER",
            "application": "PostAgentPro",
            "data_access_expires_at": int(token.data_access or token.issued + DATA_ACCESS),
            "expires_at": int(token.expires or 0),
            "is_valid": not (token.dead or expired),
            "issued_at": int(token.issued),
            "scopes": [scope for scope in token.scopes.split(",") if scope],
            "granular_scopes": [{"scope": scope, "target_ids": token.account_ids}
                                for scope in token.scopes.split(",") if scope],
        }  # fmt: skip
        if token.kind in ("page", "user"):
            data["user_id"] = token.person_id
        if token.kind == "page":
            data["profile_id"] = token.account_ids[0]
        if token.dead or expired:
            subcode = int(token.dead) if token.dead and token.dead.isdigit() else (458 if token.dead else 463)
            data["error"] = {"code": 190, "message": "Error validating access token", "subcode": subcode}
        return Answer({"data": data})


def _bearer(token: Token, life: float | None) -> dict[str, Any]:
    told: dict[str, Any] = {"access_token": token.value, "token_type": "bearer"}
    if life is not None:
        told["expires_in"] = int(life)
    return told
