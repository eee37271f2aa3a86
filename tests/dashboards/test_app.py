"""How the dashboard is put together and started."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit.config

from dashboards.app import server_options
from dashboards.doors import Doors
from dashboards.pages import picture_sources
from models.settings import S3, Settings, load_settings
from tests.dashboards.house import ROOT


def _settings(**changes: str) -> Settings:
    return load_settings(Path("no.env"), **changes)


def test_names_beside_the_main_script_shadow_nothing() -> None:
    """Streamlit puts dashboards/ first in sys.path: `queue.py` there would be everybody's `queue`."""
    children = {path.stem for path in (ROOT / "dashboards").iterdir() if path.suffix == ".py" or path.is_dir()}
    outside = [p for p in sys.path if Path(p or ".").resolve() not in (ROOT, ROOT / "dashboards")]
    for name in sorted(children - {"__init__", "__pycache__"}):
        assert name not in sys.stdlib_module_names
        assert importlib.machinery.PathFinder.find_spec(name, outside) is None, name


def test_every_option_exists_in_streamlit_and_the_careful_ones_are_set() -> None:
    options = server_options(_settings(public_url="https://posts.example.com"), host="127.0.0.1", port=8501)
    known = streamlit.config._config_options_template
    assert [name for name in options if name not in known] == []
    assert options["server.address"] == "127.0.0.1"
    assert options["server.allowedHosts"] == ["127.0.0.1", "::1", "localhost", "posts.example.com"]
    assert options["browser.serverAddress"] == "posts.example.com"
    assert options["browser.gatherUsageStats"] is False
    assert options["client.showErrorDetails"] == "none"
    assert options["client.toolbarMode"] == "minimal"
    assert options["server.fileWatcherType"] == "none"
    assert options["server.maxUploadSize"] <= 20
    assert "server.enableAgentApi" not in options


def test_the_trusted_headers_are_the_ones_the_guard_sets() -> None:
    import json

    from dashboards.guard import USER_HEADERS

    options = server_options(_settings(), host="127.0.0.1", port=8501)
    assert json.loads(options["server.trustedUserHeaders"]) == USER_HEADERS


def test_pictures_may_come_from_ourselves_and_from_local_services_where_there_are_any() -> None:
    real = {"public_url": "https://app.example"}
    assert picture_sources(_settings(**real)) == []
    assert picture_sources(_settings()) == ["http://localhost:8501"]
    assert picture_sources(_settings(sandbox_url="http://127.0.0.1:8600", **real)) == ["http://127.0.0.1:8600"]
    bucket = dict.fromkeys(S3, "x") | {"s3_endpoint_url": "http://s3.lan:9000", "s3_public_url": "http://s3.lan:9000/b"}
    assert picture_sources(_settings(**real, **bucket)) == ["http://s3.lan:9000"]


def test_every_route_is_found_by_the_guard() -> None:
    from dashboards.app import ROUTES

    doors = Doors(ROUTES)
    for door in ROUTES:
        for method in door.methods:
            assert doors.find({"type": "http", "path": door.path, "method": method}) is door
    assert doors.find({"type": "http", "path": "/queue", "method": "GET"}) is None
    assert doors.find({"type": "http", "path": "/logout", "method": "GET"}) is None, "a link cannot log anybody out"


def _start(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dashboards.app", *arguments],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_wrong_setting_ends_in_one_line(tmp_path: Path) -> None:
    ended = _start(tmp_path, POSTAGENT_PUBLIC_URL="localhost")
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines() == [
        "POSTAGENT_PUBLIC_URL: 'localhost' is not a web address; write something like https://example.com"
    ]


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_a_port_that_cannot_be_ends_with_its_value(tmp_path: Path, port: str) -> None:
    ended = _start(tmp_path, "--port", port)
    assert ended.returncode == 2
    assert port in ended.stderr.strip().splitlines()[-1]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = _start(tmp_path, "--port", port)
    assert ended.returncode == 1
    assert f"Port {port} is taken" in ended.stderr
    assert "POSTAGENT_DASHBOARD_PORT" in ended.stderr
