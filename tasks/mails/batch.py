"""The mails that nobody sent at once: a crash, a mail server that was away."""

from __future__ import annotations

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.settings import settings
from tasks.mails.sending import MailsSent, send_waiting


@task(name="send waiting mails", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
async def send_waiting_mails() -> MailsSent:
    """Send what is due. Safe to repeat: a mail that was sent is not due any more."""
    return await asyncio.to_thread(send_waiting, settings())
