"""One refresh, however many want it; and whoever hangs, dies or loses an answer in the middle of one loses nothing."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from models.account_tokens import open_access_token, open_refresh_token
from models.crypto import key_ring
from platforms.base import Platform
from tasks import tokens
from tasks.tokens import renewal
from tasks.tokens.renewal import End
from tests.factories import Connected
from tests.tasks.house import House

Platforms = dict[str, Platform]
DAY = 86_400.0
KINDS = ["google", "instagram", "facebook"]


def _token(house: House, account: Connected) -> str:
    row = house.row(account)
    opened = open_access_token(key_ring(), row["access_token_encrypted"], row_id=row["id"], user_id=row["user_id"])
    return opened.get_secret_value()


def _refresh_token(house: House, account: Connected) -> str | None:
    row = house.row(account)
    opened = open_refresh_token(key_ring(), row["refresh_token_encrypted"], row_id=row["id"], user_id=row["user_id"])
    return opened.get_secret_value() if opened is not None else None


def _near_its_end(house: House, platform: str) -> Connected:
    """An account whose token is to be renewed, and still works."""
    if platform == "google":
        return house.connect("google", life=60.0)
    if platform == "instagram":
        return house.connect("instagram", life=5 * DAY, age=2 * DAY)
    return house.connect("facebook", user_life=10 * DAY)


async def _works(house: House, account: Connected, platforms: Platforms) -> bool:
    """Whether the platform takes the token that stands in the row."""
    stored = tokens.StoredAccount.of(house.row(account))
    await platforms[account.platform].check(tokens.account_from_row(stored))
    return True


@contextmanager
def _process(what: str, now: datetime, number: float, *accounts: Connected) -> Iterator[subprocess.Popen[str]]:
    arguments = [what, now.isoformat(), str(number), *(str(account.id) for account in accounts)]
    command = [sys.executable, "-m", "tests.tasks.tokens.refresher", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_fifty_workers_of_three_processes_make_one_refresh(house: House) -> None:
    account = house.connect("google", life=1.0)
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=0.3, times=None)
    now = house.now + timedelta(seconds=30)  # over: nobody may go on with the old one
    with (
        _process("callers", now, 17, account) as first,
        _process("callers", now, 17, account) as second,
        _process("callers", now, 16, account) as third,
    ):
        everybody = (first, second, third)
        assert [process.stdout.readline() for process in everybody if process.stdout] == ["ready\n"] * 3
        for process in everybody:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        given = [line for process in everybody for line in process.communicate(timeout=60)[0].split()]
    assert len(given) == 50
    assert set(given) == {hashlib.sha256(_token(house, account).encode()).hexdigest()}
    assert house.sandbox.calls("google", "token") == 1


async def test_a_refresher_killed_between_the_answer_and_the_write_loses_nothing(
    house: House, platforms: Platforms
) -> None:
    accounts = [_near_its_end(house, platform) for platform in KINDS]
    before = {account.id: (_token(house, account), house.row(account)) for account in accounts}
    with _process("dies", house.now, 1.0, *accounts) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "answered\n"
        process.kill()
    for account in accounts:
        token, row = before[account.id]
        assert house.row(account)["access_token_encrypted"] == row["access_token_encrypted"]
        assert await _works(house, account, platforms), "what we had still works"
        end = End.ELSEWHERE
        while end is End.ELSEWHERE:  # as long as the dead one's lease
            end = (await renewal.renew(await tokens.stored_account(account.id), platforms, house.now)).end
            await asyncio.sleep(0.05)
        assert end is End.REFRESHED
        assert house.sandbox.calls(account.platform, "token") == 2
        assert _token(house, account) != token
        assert (_refresh_token(house, account) is None) is (account.platform == "instagram")
        assert await _works(house, account, platforms)
    assert house.rows("SELECT 1 FROM owner_notices") == []


@pytest.mark.parametrize("kind", ["accept_then_500", "accept_then_hang", "accept_then_malformed"])
@pytest.mark.parametrize("platform", KINDS)
async def test_an_answer_that_was_lost_after_it_was_done_is_asked_for_again(
    house: House, platforms: Platforms, platform: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "REFRESH_SECONDS", 0.5)
    account = _near_its_end(house, platform)
    before = house.row(account)
    house.sandbox.fault(service=platform, operation="token", kind=kind)
    failed = await renewal.renew(tokens.StoredAccount.of(before), platforms, house.now)
    after = house.row(account)
    assert failed.end is End.LATER
    assert (after["status"], after["access_token_encrypted"]) == ("active", before["access_token_encrypted"])
    assert after["refresh_token_encrypted"] == before["refresh_token_encrypted"]
    assert after["refreshing_until"] is None
    assert timedelta(seconds=55) < after["refresh_after"] - house.now < timedelta(hours=8)
    assert await _works(house, account, platforms)
    again = await renewal.renew(tokens.StoredAccount.of(after), platforms, after["refresh_after"])
    assert again.end is End.REFRESHED
    assert await _works(house, account, platforms)


async def test_a_refresher_that_comes_back_after_its_lease_writes_nothing_over_the_next_ones_token(
    house: House, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform answers twice, the first answer comes last."""
    monkeypatch.setattr(renewal, "LEASE", timedelta(seconds=0.2))
    account = house.connect("google", life=60.0)
    row = tokens.StoredAccount.of(house.row(account))
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=1.0)
    slow = asyncio.create_task(renewal._renew_leased(row, platforms, house.now))
    while house.row(account)["refreshing_until"] is None:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    quick = await renewal._renew_leased(row, platforms, house.now)
    assert quick.end is End.REFRESHED
    kept = _token(house, account)
    assert (await slow).end is End.ELSEWHERE
    assert house.sandbox.calls("google", "token") == 2
    assert _token(house, account) == kept
    assert house.row(account)["refreshing_until"] is None
    assert await _works(house, account, platforms)
