"""`postagent up`: check first, then start, keep up, and stop in order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from models.settings import Settings
from ops.deployments import deployments
from ops.errors import OpsError
from ops.stack import record, shutdown
from ops.stack.environment import has_real_credentials, starts_sandbox
from ops.stack.house import House, StartError
from ops.stack.ports import check_free
from ops.stack.progress import Progress
from ops.stack.summary import summary

INTERRUPTED = 130
SAME_WISH_SECONDS = 1.0


def up(config: Settings, *, demo: bool | None, write: Callable[[str], None] = print) -> int:
    """Run everything until a signal stops it. Returns the exit code.

    Raises OpsError before anything is started: another one runs here, a port is taken, demo data are asked for with
    real credentials, prefect.yaml is not there, or HOME cannot be written. DatabaseError and CryptoError alike.
    """
    home = config.home.expanduser().resolve()
    if demo and has_real_credentials(config):
        raise OpsError("Demo data needs the sandbox, but credentials of real services are set: use --no-demo")
    if demo is None:
        demo = not has_real_credentials(config)
    _check_what_is_given(config)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OpsError(f"Cannot make the folder {home} ({error.strerror}): set POSTAGENT_HOME to another one") from None
    with record.only_one(home):
        if left := record.leftovers(home):
            write(f"Stopping {len(left)} processes that a killed PostAgent left behind ...")
            record.stop_all(left, patience=5)
        check_free(_ports(config))
        progress = Progress(write)
        if starts_sandbox(config):
            progress.say("no credentials of the real services are set: using the sandbox, nothing leaves this machine")
        house = House(config, home=home, demo=demo, progress=progress)
        return asyncio.run(_live(house, write))


def _check_what_is_given(config: Settings) -> None:
    """The errors that are better told now than after a minute. Imports what most set-ups do not need here."""
    deployments()
    if config.encryption_keys is not None:
        from models.crypto import KeyRing

        KeyRing.parse(config.encryption_keys)
    if config.database_url is not None:
        from models.database import check

        check(config.database_url.get_secret_value())


def _ports(config: Settings) -> dict[str, tuple[int, str]]:
    wanted = {
        "the dashboard": (config.dashboard_port, "POSTAGENT_DASHBOARD_PORT"),
        "Prefect's server": (config.prefect_port, "POSTAGENT_PREFECT_PORT"),
    }
    if starts_sandbox(config):
        wanted["the sandbox"] = (config.sandbox_port, "POSTAGENT_SANDBOX_PORT")
        wanted["the sandbox's mail server"] = (config.sandbox_smtp_port, "POSTAGENT_SANDBOX_SMTP_PORT")
    return wanted


async def _live(house: House, write: Callable[[str], None]) -> int:
    stop_asked, again_asked = asyncio.Event(), asyncio.Event()
    _listen(stop_asked, again_asked)
    asked = asyncio.create_task(stop_asked.wait())
    work = asyncio.create_task(_work(house, write))
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    code = 0
    if work.done() and not work.cancelled() and (error := work.exception()) is not None:
        code = 1
        reason = _start_error(error)
        if reason is None:
            await shutdown.kill_everything(house)
            raise error
        print(reason, file=sys.stderr, flush=True)
    else:
        work.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await work
    asked.cancel()
    again = asyncio.create_task(again_asked.wait())
    stop = asyncio.create_task(shutdown.stop_in_order(house))
    await asyncio.wait({stop, again}, return_when=asyncio.FIRST_COMPLETED)
    if not stop.done():
        write("stopping at once")
        stop.cancel()
        with suppress(asyncio.CancelledError):
            await stop
        await shutdown.kill_everything(house)
        return INTERRUPTED
    again.cancel()
    await stop
    house.progress.say("stopped")
    return code


def _listen(stop_asked: asyncio.Event, again_asked: asyncio.Event) -> None:
    """The first signal asks to stop, a second one to stop at once.

    Make, timeout and service managers send a signal to the process and to its group: what comes within a moment is
    the same wish.
    """
    loop = asyncio.get_running_loop()
    first = 0.0

    def heard() -> None:
        nonlocal first
        if not stop_asked.is_set():
            first = loop.time()
            stop_asked.set()
        elif loop.time() - first > SAME_WISH_SECONDS:
            again_asked.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, heard)


async def _work(house: House, write: Callable[[str], None]) -> None:
    await house.start()
    await house.start_first_runs()
    write(summary(house))
    await house.keep_up()


def _start_error(error: BaseException) -> StartError | None:
    """The StartError in what the tasks raised, None when it is a fault of the program."""
    if isinstance(error, StartError):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := _start_error(inner)) is not None), None)
    return None
