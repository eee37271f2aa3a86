"""What the children of `up` are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.settings import Settings, load_settings
from ops.deployments import ROOT
from ops.stack import environment
from ops.stack.environment import (
    child_environment,
    has_real_credentials,
    sandbox_environment,
    sandbox_url,
    starts_sandbox,
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings()


def test_without_credentials_every_service_is_the_sandbox_with_credentials_it_takes(config: Settings) -> None:
    assert starts_sandbox(config)
    env = child_environment(config)
    assert env["POSTAGENT_SANDBOX_URL"] == sandbox_url(config) == "http://127.0.0.1:8600"
    assert env["POSTAGENT_OPENAI_API_KEY"] == "sandbox"


@pytest.mark.parametrize("name", ["POSTAGENT_OPENAI_API_KEY", "POSTAGENT_META_APP_ID", "POSTAGENT_PEXELS_API_KEY"])
def test_one_real_credential_keeps_the_sandbox_out(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "real")
    config = load_settings()
    assert has_real_credentials(config)
    assert not starts_sandbox(config)
    env = child_environment(config)
    assert "POSTAGENT_SANDBOX_URL" not in env
    assert [value for key, value in env.items() if key.startswith("POSTAGENT_") and value == "sandbox"] == []


def test_a_sandbox_that_runs_elsewhere_is_used_and_not_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTAGENT_SANDBOX_URL", "http://10.0.0.5:8600")
    config = load_settings()
    assert not starts_sandbox(config)
    assert child_environment(config)["POSTAGENT_SANDBOX_URL"] == "http://10.0.0.5:8600"


def test_what_the_children_get_is_what_settings_know(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name would be an error in every child."""
    for name, value in child_environment(config, database_url="postgresql://me@host/db").items():
        if name.startswith("POSTAGENT_"):
            monkeypatch.setenv(name, value)
    loaded = load_settings()
    assert loaded.database_url is not None
    assert loaded.database_url.get_secret_value() == "postgresql://me@host/db"
    assert loaded.home.is_absolute()
    assert loaded.uses_sandbox


def test_values_of_the_settings_file_reach_children_that_run_in_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("POSTAGENT_PUBLISH_WINDOW_SECONDS=60\nOTHER=1\nPOSTAGENT_PREFECT_PORT=4300\n")
    monkeypatch.setenv("POSTAGENT_PREFECT_PORT", "4400")
    env = child_environment(load_settings())
    assert env["POSTAGENT_PUBLISH_WINDOW_SECONDS"] == "60"
    assert env["POSTAGENT_PREFECT_PORT"] == "4400"
    assert "OTHER" not in env


def test_a_foreign_prefect_does_not_reach_the_children(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://api.elsewhere.example/api")
    monkeypatch.setenv("PREFECT_API_KEY", "secret")
    monkeypatch.setenv("PREFECT_PROFILE", "work")
    monkeypatch.setenv("PREFECT_SERVER_LOGGING_LEVEL", "DEBUG")
    env = child_environment(config)
    assert env["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert "PREFECT_API_KEY" not in env
    assert "PREFECT_PROFILE" not in env
    assert env["PREFECT_SERVER_LOGGING_LEVEL"] == "DEBUG"


def test_bytecode_is_kept_beside_the_data_where_none_is_wanted_beside_the_sources(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(environment, "_is_compiled", lambda: False)
    env = child_environment(config)
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert env["PYTHONPYCACHEPREFIX"] == str(config.home.resolve() / "pycache")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    assert "PYTHONPYCACHEPREFIX" not in child_environment(config)


def test_the_public_address_follows_the_port_unless_it_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTAGENT_DASHBOARD_PORT", "9000")
    assert load_settings().public_url == "http://localhost:9000"
    monkeypatch.setenv("POSTAGENT_PUBLIC_URL", "https://app.example.com")
    assert load_settings().public_url == "https://app.example.com"


def test_what_prefect_yaml_is_filled_in_with_is_there(config: Settings) -> None:
    env = child_environment(config)
    wanted = {part.split(" ")[0] for part in (ROOT / "prefect.yaml").read_text().split("{{ $")[1:]}
    assert wanted == {"POSTAGENT_ROOT", "POSTAGENT_PYTHON"}
    assert wanted <= set(env)


def test_the_sandbox_environment_names_only_settings() -> None:
    known = {f"POSTAGENT_{name.upper()}" for name in Settings.model_fields}
    assert set(sandbox_environment("http://127.0.0.1:1")) <= known
