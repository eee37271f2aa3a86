"""A call gets an account whose token is good; whatever goes wrong, the account's state says the truth."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from models.account_tokens import open_access_token, open_refresh_token, seal_tokens
from models.crypto import key_ring
from models.settings import settings
from platforms.base import Account, Platform
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, TokenExpired, TryLater
from tasks import tokens
from tasks.tokens import renewal, stored
from tests.factories import Connected
from tests.tasks.house import House

MINUTE = 60.0
Platforms = dict[str, Platform]


def _token(house: House, account: Connected) -> str:
    row = house.row(account)
    ring = key_ring()
    opened = open_access_token(ring, row["access_token_encrypted"], row_id=row["id"], user_id=row["user_id"])
    return opened.get_secret_value()


def _refresh_token(house: House, account: Connected) -> str | None:
    row = house.row(account)
    opened = open_refresh_token(key_ring(), row["refresh_token_encrypted"], row_id=row["id"], user_id=row["user_id"])
    return opened.get_secret_value() if opened is not None else None


async def test_a_token_that_is_good_is_opened_without_asking_the_platform(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=30 * MINUTE)
    given = await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    assert given.account_id == account.account_id
    assert given.access_token.get_secret_value() == _token(house, account)
    assert house.sandbox.calls("google", "token") == 0


async def test_a_row_that_was_read_already_costs_no_query(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=30 * MINUTE)
    row = tokens.StoredAccount.of(house.row(account))
    house.connection.execute("ALTER TABLE connected_accounts RENAME TO away")
    given = await tokens.fresh_account(row, platforms=platforms, now=house.now)
    assert given == tokens.account_from_row(row)


async def test_a_token_near_its_end_is_renewed_and_the_refresh_token_stays(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=MINUTE)
    before, kept = _token(house, account), _refresh_token(house, account)
    given = await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    row = house.row(account)
    assert before != given.access_token.get_secret_value() == _token(house, account)
    assert _refresh_token(house, account) == kept is not None
    assert row["token_expires_at"] - house.now > timedelta(minutes=55)
    assert row["last_refreshed_at"] is not None
    assert row["refreshing_until"] is None
    assert list(await platforms["google"].location_metrics(given, house.now.date(), house.now.date())) is not None


async def test_without_clients_of_the_caller_they_are_opened_for_the_renewal(house: House) -> None:
    account = house.connect("google", life=MINUTE)
    before = _token(house, account)
    given = await tokens.account_for_call(account.id)
    assert given.access_token.get_secret_value() == _token(house, account) != before


async def test_fifty_callers_in_one_process_make_one_refresh(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=0.2, times=None)
    now = house.now + timedelta(seconds=30)  # over: nobody may go on with the old one
    given = await asyncio.gather(
        *(tokens.account_for_call(account.id, platforms=platforms, now=now) for _ in range(50))
    )
    assert len({one.access_token.get_secret_value() for one in given}) == 1
    assert house.sandbox.calls("google", "token") == 1


def test_fifty_threads_that_know_nothing_of_each_other_make_one_refresh(house: House) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=0.3, times=None)
    now = house.now + timedelta(seconds=30)
    together = threading.Barrier(50)

    def caller(_: int) -> str:
        together.wait(20)
        return asyncio.run(tokens.account_for_call(account.id, now=now)).access_token.get_secret_value()

    with ThreadPoolExecutor(50) as pool:
        given = set(pool.map(caller, range(50)))
    assert given == {_token(house, account)}
    assert house.sandbox.calls("google", "token") == 1


async def test_while_another_renews_the_old_token_is_used_as_long_as_it_lives(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=MINUTE)
    before = _token(house, account)
    house.change(account, refreshing_until=house.now + timedelta(minutes=1))
    given = await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    assert given.access_token.get_secret_value() == before


async def test_a_worker_that_died_while_renewing_holds_nobody_up_for_longer_than_its_lease(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=MINUTE)
    house.connection.execute(
        "UPDATE connected_accounts SET refreshing_until = clock_timestamp() + interval '0.3 s' WHERE id = %s",
        (account.id,),
    )
    given = await tokens.account_for_call(account.id, platforms=platforms, now=house.now + timedelta(minutes=2))
    assert given.access_token.get_secret_value() == _token(house, account)
    assert house.sandbox.calls("google", "token") == 1


async def test_a_refresh_that_was_cancelled_gives_the_lease_back(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=MINUTE)
    house.sandbox.fault(service="google", operation="token", kind="hang_before", seconds=30)
    row = tokens.StoredAccount.of(house.row(account))
    attempt = asyncio.create_task(renewal._renew_leased(row, platforms, house.now))
    while house.row(account)["refreshing_until"] is None:
        await asyncio.sleep(0.01)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert house.row(account)["refreshing_until"] is None


async def test_a_caller_that_goes_away_does_not_spoil_the_refresh_for_the_others(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=0.2)
    now = house.now + timedelta(seconds=30)
    callers = [asyncio.create_task(tokens.account_for_call(account.id, platforms=platforms, now=now)) for _ in range(2)]
    while house.row(account)["refreshing_until"] is None:
        await asyncio.sleep(0.01)
    callers[0].cancel()
    assert (await callers[1]).access_token.get_secret_value() == _token(house, account)


async def test_trouble_for_the_moment_leaves_the_account_active_and_the_old_token_in_use(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=MINUTE)
    before = house.row(account)
    house.sandbox.fault(service="google", operation="token", kind="503", times=None)
    for _ in range(3):
        given = await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
        assert given.access_token.get_secret_value() == _token(house, account)
    row = house.row(account)
    assert row["status"] == "active"
    assert row["refresh_after"] > house.now + timedelta(seconds=55)
    assert row["access_token_encrypted"] == before["access_token_encrypted"]
    assert house.sandbox.calls("google", "token") == 1, "not asked again before its time"


async def test_with_the_old_token_over_trouble_for_the_moment_is_told_with_the_wait(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.fault(service="google", operation="token", kind="429", retry_after=90, times=None)
    now = house.now + timedelta(seconds=30)
    with pytest.raises(TryLater):
        await tokens.account_for_call(account.id, platforms=platforms, now=now)
    with pytest.raises(TryLater) as second:
        await tokens.account_for_call(account.id, platforms=platforms, now=now)
    assert second.value.retry_after is not None
    assert second.value.retry_after >= 85
    assert house.sandbox.calls("google", "token") == 1
    house.sandbox.control("DELETE", "faults")
    later = now + timedelta(minutes=3)
    assert await tokens.account_for_call(account.id, platforms=platforms, now=later)


async def test_a_grant_that_was_taken_back_holds_the_account_in_the_owners_words(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=MINUTE)
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
    with pytest.raises(ReconnectNeeded):
        await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    row = house.row(account)
    assert row["status"] == "revoked"
    assert row["status_reason"].endswith("Please connect Google again.")
    assert row["refreshing_until"] is None
    with pytest.raises(ReconnectNeeded, match="connect Google again"):
        await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    assert house.sandbox.calls("google", "token") == 1


async def test_a_wrong_secret_of_ours_is_no_fault_of_the_account(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.configure(google_client_secret="another")
    before = house.row(account)
    with pytest.raises(OperatorNeeded, match="GOOGLE_CLIENT_SECRET"):
        await tokens.account_for_call(account.id, platforms=platforms, now=house.now + timedelta(seconds=30))
    assert house.row(account) == before


async def test_an_owner_who_connects_again_during_a_refresh_keeps_the_new_connection(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=0.3)
    now = house.now + timedelta(seconds=30)
    caller = asyncio.create_task(tokens.account_for_call(account.id, platforms=platforms, now=now))
    while house.row(account)["refreshing_until"] is None:
        await asyncio.sleep(0.01)
    sealed = seal_tokens(
        key_ring(),
        row_id=account.id,
        user_id=account.user_id,
        access_token=SecretStr("brand-new"),
        refresh_token=SecretStr("brand-new-refresh"),
    )
    house.change(
        account,
        access_token_encrypted=sealed.access_token_encrypted,
        refresh_token_encrypted=sealed.refresh_token_encrypted,
        token_expires_at=now + timedelta(hours=1),
    )
    assert (await caller).access_token.get_secret_value() == "brand-new"
    assert (_token(house, account), _refresh_token(house, account)) == ("brand-new", "brand-new-refresh")
    assert house.row(account)["refreshing_until"] is None


async def test_a_loss_found_out_too_late_does_not_touch_a_new_connection(house: House) -> None:
    account = house.connect("facebook")
    row = tokens.StoredAccount.of(house.row(account))
    newer = seal_tokens(
        key_ring(), row_id=row.id, user_id=row.user_id, access_token=SecretStr("newer"), refresh_token=None
    )
    house.change(account, access_token_encrypted=newer.access_token_encrypted)
    assert not await tokens.hold_account(row, ReconnectNeeded("gone", code="190/458"))
    assert house.row(account)["status"] == "active"
    fresh = tokens.StoredAccount.of(house.row(account))
    assert await tokens.hold_account(fresh, ReconnectNeeded("gone", code="190/458"))
    assert "PostAgent was removed" in house.row(account)["status_reason"]


async def test_instagram_is_renewed_and_its_old_token_replaced(house: House, platforms: Platforms) -> None:
    account = house.connect("instagram", life=2 * 86_400 + 30 * MINUTE, age=2 * 86_400)
    before = _token(house, account)
    given = await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    assert given.access_token.get_secret_value() == _token(house, account) != before
    assert house.row(account)["token_expires_at"] - house.now > timedelta(days=59)
    assert house.row(account)["refresh_token_encrypted"] is None


async def test_instagram_after_its_end_cannot_be_rescued(house: House, platforms: Platforms) -> None:
    account = house.connect("instagram", life=1.0, age=2 * 86_400)
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "expired"})
    with pytest.raises(ReconnectNeeded):
        await tokens.account_for_call(account.id, platforms=platforms, now=house.now + timedelta(minutes=1))
    row = house.row(account)
    assert (row["status"], row["status_reason"]) == (
        "expired",
        "The connection to Instagram ran out. Please connect Instagram again.",
    )


async def test_a_page_whose_user_token_ran_out_goes_on_working(house: House, platforms: Platforms) -> None:
    account = house.connect("facebook", user_life=-60.0)
    row = tokens.StoredAccount.of(house.row(account))
    assert await tokens.fresh_account(row, platforms=platforms, now=house.now), "never held up by the user token's end"
    ended = await renewal.renew(row, platforms, house.now)
    after = house.row(account)
    assert ended.end is renewal.End.CHECKED
    assert after["status"] == "active"
    assert after["token_expires_at"] is None
    assert after["refresh_after"] - house.now > timedelta(hours=23)
    assert _refresh_token(house, account) is not None


async def test_a_page_that_is_lost_with_its_user_token_is_held(house: House, platforms: Platforms) -> None:
    account = house.connect("facebook", user_life=30 * 86_400.0)
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked", "subcode": 460})
    row = tokens.StoredAccount.of(house.row(account))
    ended = await renewal.renew(row, platforms, house.now)
    assert ended.end is renewal.End.RECONNECT
    assert house.row(account)["status"] == "revoked"
    assert "password was changed" in house.row(account)["status_reason"]


async def test_a_page_token_that_dies_after_it_was_checked_is_told_at_the_next_call(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("facebook")
    assert (await renewal.renew(tokens.StoredAccount.of(house.row(account)), platforms, house.now)).end == "checked"
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked", "subcode": 458})
    row = tokens.StoredAccount.of(house.row(account))

    async def read(who: Account) -> Any:
        return await platforms["facebook"].follow(who, f"{account.account_id}_1")

    with pytest.raises(ReconnectNeeded):
        await tokens.calling(row, read, platforms=platforms, now=house.now)
    assert house.row(account)["status"] == "revoked"


async def test_what_a_caller_knows_of_a_row_is_enough(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=MINUTE)
    row = house.row(account)
    known = tokens.StoredAccount(
        id=account.id,
        user_id=account.user_id,
        platform="google",
        account_id=account.account_id,
        login_provider=None,
        access_token_encrypted=row["access_token_encrypted"],
        refresh_token_encrypted=None,
        token_expires_at=row["token_expires_at"],
    )
    given = await tokens.fresh_account(known, platforms=platforms, now=house.now)
    assert given.access_token.get_secret_value() == _token(house, account)
    assert house.sandbox.calls("google", "token") == 1


async def test_facebooks_user_token_is_exchanged_and_the_pages_token_read_again(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("facebook", user_life=10 * 86_400.0)
    before = _refresh_token(house, account)
    ended = await renewal.renew(tokens.StoredAccount.of(house.row(account)), platforms, house.now)
    assert ended.end is renewal.End.REFRESHED
    assert _refresh_token(house, account) not in (None, before)
    assert house.row(account)["token_expires_at"] - house.now > timedelta(days=59)


async def test_a_token_that_does_not_open_is_the_operators_matter_and_shows_nothing(
    house: House, platforms: Platforms
) -> None:
    first, second = house.connect("google", life=MINUTE), house.connect("facebook", name="Other")
    stolen = house.row(first)["access_token_encrypted"]
    house.change(second, access_token_encrypted=stolen)
    with pytest.raises(
        OperatorNeeded, match=r"connected_accounts.access_token_encrypted of row .* does not open"
    ) as caught:
        await tokens.account_for_call(second.id, platforms=platforms, now=house.now)
    assert stolen[10:30] not in str(caught.value)
    assert house.row(second)["status"] == "active"
    house.change(second, access_token_encrypted="EAAplaintext-of-an-old-database")
    with pytest.raises(OperatorNeeded, match="is not an encrypted value") as plain:
        await tokens.account_for_call(second.id, platforms=platforms, now=house.now)
    assert "EAAplaintext" not in str(plain.value)


async def test_a_copied_envelope_is_not_served_from_the_cache(house: House) -> None:
    first, second = house.connect("facebook", name="One"), house.connect("facebook", name="Two")
    tokens.account_from_row(tokens.StoredAccount.of(house.row(first)))
    house.change(second, access_token_encrypted=house.row(first)["access_token_encrypted"])
    with pytest.raises(OperatorNeeded, match="does not open"):
        tokens.account_from_row(tokens.StoredAccount.of(house.row(second)))


async def test_the_missing_key_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    account = house.connect("facebook")
    monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", "other:" + "A" * 43 + "=")
    settings.cache_clear()
    with pytest.raises(
        OperatorNeeded, match="needs the encryption key 'test', which POSTAGENT_ENCRYPTION_KEYS does not"
    ):
        await tokens.account_for_call(account.id)


async def test_an_account_that_is_not_there_has_to_be_connected(house: House) -> None:
    with pytest.raises(ReconnectNeeded, match="not connected any more"):
        await tokens.account_for_call(uuid4())


async def test_a_rejected_token_is_replaced_once_for_all_who_hold_it(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=50 * MINUTE)
    held = await tokens.account_for_call(account.id, platforms=platforms, now=house.now)
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "expired"})
    renewed = await asyncio.gather(
        *(tokens.replace_rejected(account.id, held, platforms=platforms, now=house.now) for _ in range(10))
    )
    assert {one.access_token.get_secret_value() for one in renewed} == {_token(house, account)}
    assert house.sandbox.calls("google", "token") == 1
    again = await tokens.replace_rejected(account.id, held, platforms=platforms, now=house.now)
    assert again.access_token.get_secret_value() == _token(house, account)
    assert house.sandbox.calls("google", "token") == 1, "somebody's newer token is taken as it is"


async def test_calling_renews_a_rejected_token_and_calls_once_more(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=50 * MINUTE)
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "expired"})
    row = tokens.StoredAccount.of(house.row(account))
    day = house.now.date()

    async def read(who: Account) -> Any:
        return await platforms["google"].location_metrics(who, day, day)

    assert await tokens.calling(row, read, platforms=platforms, now=house.now) is not None
    assert house.sandbox.calls("google", "token") == 1


async def test_a_renewed_token_that_is_rejected_too_means_that_the_connection_is_lost(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=50 * MINUTE)
    row = tokens.StoredAccount.of(house.row(account))

    async def never(who: Account) -> None:
        raise TokenExpired("401", code="UNAUTHENTICATED")

    with pytest.raises(ReconnectNeeded):
        await tokens.calling(row, never, platforms=platforms, now=house.now)
    assert house.row(account)["status"] == "revoked"


@pytest.mark.parametrize("error", [TryLater("slow down", code="429"), ReconnectNeeded("no insights", code="10")])
async def test_calling_leaves_every_other_trouble_alone(
    house: House, platforms: Platforms, error: PlatformError
) -> None:
    account = house.connect("facebook")
    calls: list[Account] = []

    async def once(who: Account) -> None:
        calls.append(who)
        raise error

    with pytest.raises(type(error)):
        await tokens.calling(tokens.StoredAccount.of(house.row(account)), once, platforms=platforms, now=house.now)
    assert len(calls) == 1
    assert house.row(account)["status"] == "active"
    assert house.sandbox.calls("facebook", "token") == 0


async def test_no_text_shows_a_token_or_its_envelope(
    house: House, platforms: Platforms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    account = house.connect("google", life=1.0)
    row = tokens.StoredAccount.of(house.row(account))
    secrets = [_token(house, account), str(_refresh_token(house, account)), row.access_token_encrypted]
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
    with pytest.raises(ReconnectNeeded) as caught:
        await tokens.fresh_account(row, platforms=platforms, now=house.now + timedelta(seconds=30))
    texts = [repr(row), str(caught.value), repr(caught.value), caplog.text, str(house.row(account)["status_reason"])]
    texts.append(repr(tokens.account_from_row(row)))
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_a_database_row_of_any_kind_opens(house: House) -> None:
    account = house.connect("facebook")
    columns: Mapping[str, Any] = house.row(account)
    assert stored.StoredAccount.of(columns).rule.ends is False
