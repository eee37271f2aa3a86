"""A refused token is renewed before the owner is asked for anything, whatever went wrong with the post before."""

from __future__ import annotations

from tests.tasks.publishing.conftest import Publish, Town


async def test_a_token_refused_after_another_failure_is_renewed_and_the_owner_is_not_bothered(
    town: Town, publish: Publish
) -> None:
    town.sandbox.fault(service="google", operation="create", kind="429", retry_after=1)
    post = town.post("google")
    await publish()
    assert town.attempts(post) == ["try_later"]
    town.db.execute("UPDATE post_queue SET next_attempt_at = NULL")
    town.sandbox.fault(service="google", operation="create", kind="token_expired")
    await publish()
    account = town.db.execute("SELECT status FROM connected_accounts WHERE platform = 'google'").fetchone()
    assert account == ("active",)
    assert town.row(post)["status"] == "published"


async def test_a_token_refused_again_right_after_it_was_renewed_holds_the_account(town: Town, publish: Publish) -> None:
    town.sandbox.fault(service="google", operation="create", kind="token_expired", times=2)
    post = town.post("google")
    await publish()
    account = town.db.execute("SELECT status FROM connected_accounts WHERE platform = 'google'").fetchone()
    assert account is not None
    assert account[0] in ("expired", "revoked")
    assert town.row(post)["status"] == "pending"
