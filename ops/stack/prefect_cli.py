"""Runs a Prefect command with its imports done while the server still starts.

`python -m ops.stack.prefect_cli deploy --all` is `prefect deploy --all`, two seconds earlier: the modules are loaded
first, then the work pool is waited for, then Prefect's own command line takes over.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import urllib.error
import urllib.request

from ops.deployments import deployments
from ops.stack.environment import POOL

WAIT_SECONDS = 180


def main(arguments: list[str]) -> None:
    """Load, wait, run. Ends with the command's own exit code."""
    from prefect.cli import app

    if arguments[:1] == ["worker"]:
        importlib.import_module("prefect.cli.worker")
        importlib.import_module("prefect.workers.process")
    else:
        importlib.import_module("prefect.cli.deploy")
        for deployment in deployments():
            importlib.import_module(deployment.module)
    _wait_for_pool(f"{os.environ['PREFECT_API_URL']}/work_pools/{POOL}")
    sys.argv = ["prefect", "--no-prompt", *arguments]
    app()


def _wait_for_pool(url: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                sys.exit(f"Prefect's server has no work pool {POOL!r} after {WAIT_SECONDS} seconds: {error}")
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1:])
