"""A wrong, missing or unknown setting ends in one line that names it and says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.settings import SERVICES, SettingsError, load_settings


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_without_anything_the_real_services_are_meant(env_file: Path) -> None:
    settings = load_settings(env_file)
    assert settings.facebook_graph_url == "https://graph.facebook.com"
    assert not settings.uses_sandbox


def test_the_sandbox_fills_every_address_that_was_not_given(env_file: Path) -> None:
    env_file.write_text("POSTAGENT_SANDBOX_URL=http://localhost:8600/\nPOSTAGENT_PEXELS_URL=https://pictures.example\n")
    settings = load_settings(env_file)
    assert settings.pexels_url == "https://pictures.example"
    for name in set(SERVICES) - {"pexels_url"}:
        assert getattr(settings, name).startswith("http://localhost:8600/")
    assert settings.uses_sandbox


def test_the_environment_wins_over_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("POSTAGENT_PUBLISH_CONCURRENCY=7\n")
    assert load_settings(env_file).publish_concurrency == 7
    monkeypatch.setenv("POSTAGENT_PUBLISH_CONCURRENCY", "9")
    assert load_settings(env_file).publish_concurrency == 9


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "POSTAGENT_DATABSE_URL=x",
            r"Unknown setting POSTAGENT_DATABSE_URL in .*\.env: did you mean POSTAGENT_DATABASE_URL\?",
        ),
        ("POSTAGENT_NONSENSE_ZZZ=x", "Unknown setting POSTAGENT_NONSENSE_ZZZ"),
        (
            "POSTAGENT_DATABASE_URL=mysql://a:sesame@b/c",
            r"POSTAGENT_DATABASE_URL: starts with 'mysql'; write postgresql://",
        ),
        ("POSTAGENT_PUBLIC_URL=example.com", r"POSTAGENT_PUBLIC_URL: 'example.com' is not a web address"),
        ("POSTAGENT_PUBLISH_CONCURRENCY=many", r"POSTAGENT_PUBLISH_CONCURRENCY=many: .*valid integer"),
        ("POSTAGENT_PUBLISH_CONCURRENCY=0", r"POSTAGENT_PUBLISH_CONCURRENCY=0: .*greater than or equal to 1"),
        ("POSTAGENT_FACEBOOK_PUBLISH_MODE=later", r"POSTAGENT_FACEBOOK_PUBLISH_MODE=later: .*'prepared' or 'direct'"),
        ("POSTAGENT_AI_PRICES=gpt-7=1/2", r"POSTAGENT_AI_PRICES.*'gpt-7=1/2' cannot be read; write model=input/cached"),
        ("POSTAGENT_AI_MONTHLY_BUDGET_USD=-1", r"POSTAGENT_AI_MONTHLY_BUDGET_USD=-1: .*greater than or equal to 0"),
        ("POSTAGENT_OPENAI_API=both", r"POSTAGENT_OPENAI_API=both: .*'auto', 'responses' or 'chat'"),
        ("POSTAGENT_GRAPH_API_VERSION=26", r"POSTAGENT_GRAPH_API_VERSION=26: "),
        ("POSTAGENT_SMTP_URL=http://me:sesame@mail.example", r"POSTAGENT_SMTP_URL: cannot be read; write smtp://user"),
        ("POSTAGENT_SMTP_URL=smtp://me:sesame@mail.example:port", r"POSTAGENT_SMTP_URL: cannot be read"),
        ("POSTAGENT_SMTP_URL=smtps://me:sesame@", r"POSTAGENT_SMTP_URL: cannot be read"),
        ("POSTAGENT_SMTP_URL=smtp://me:sesame@mail.example", "EMAIL_FROM is missing; write whom mails come from"),
        ("POSTAGENT_EMAIL_FROM=nobody", r"POSTAGENT_EMAIL_FROM.*'nobody' is not a sender; write PostAgentPro <"),
        ("POSTAGENT_EMAIL_FROM=a@b.example, c@d.example", r"POSTAGENT_EMAIL_FROM.* is not a sender"),
        ("POSTAGENT_PUBLISH_TIMEOUT_SECONDS=90", "PUBLISH_TIMEOUT_SECONDS=90 must be below PUBLISH_LEASE_SECONDS=60"),
    ],
)
def test_a_wrong_line_is_named_with_its_mend(env_file: Path, line: str, message: str) -> None:
    env_file.write_text(line + "\n")
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings(env_file)
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_an_unknown_name_in_the_environment_is_told_too(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_OPENAI_KEY", "secret-value")
    with pytest.raises(
        SettingsError, match="POSTAGENT_OPENAI_KEY in environment: did you mean POSTAGENT_OPENAI_API_KEY"
    ) as caught:
        load_settings(env_file)
    assert "secret-value" not in str(caught.value)


def test_other_programs_lines_in_the_file_are_left_alone(env_file: Path) -> None:
    env_file.write_text("PREFECT_API_URL=http://localhost:4200/api\nSOMETHING=else\n")
    assert load_settings(env_file).publish_concurrency == 50


def test_secrets_are_not_shown(env_file: Path) -> None:
    env_file.write_text("POSTAGENT_META_APP_SECRET=sesame\nPOSTAGENT_DATABASE_URL=postgresql://a:sesame@b/c\n")
    settings = load_settings(env_file)
    assert "sesame" not in repr(settings)
    assert "sesame" not in str(settings.model_dump())


def test_a_bucket_is_set_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="S3_ENDPOINT_URL is missing; set all of S3_ENDPOINT_URL, S3_BUCKET"):
        load_settings(tmp_path / "none.env", s3_bucket="pictures", s3_secret_access_key="a-secret-of-a-test")


def test_the_dashboards_address_follows_its_port(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.env", dashboard_port=9000).public_url == "http://localhost:9000"
    given = load_settings(tmp_path / "none.env", dashboard_port=9000, public_url="https://app.example.com/")
    assert given.public_url == "https://app.example.com"


def test_the_sandbox_takes_mails_where_no_mail_server_is_given(env_file: Path) -> None:
    nothing = load_settings(env_file)
    assert (nothing.smtp_url, nothing.mails_shown_at) == (None, None)
    env_file.write_text("POSTAGENT_SANDBOX_URL=http://127.0.0.1:8600\n")
    sandbox = load_settings(env_file)
    assert sandbox.smtp_url is not None
    assert sandbox.smtp_url.get_secret_value() == "smtp://127.0.0.1:8601"
    assert sandbox.email_from == "PostAgentPro <hello@postagent.example>"
    assert sandbox.mails_shown_at == "http://127.0.0.1:8600/mails"
    given = load_settings(env_file, smtp_url="smtps://me:sesame@mail.example", email_from="us@mail.example")
    assert given.smtp_url is not None
    assert given.smtp_url.get_secret_value() == "smtps://me:sesame@mail.example"
    assert (given.email_from, given.mails_shown_at) == ("us@mail.example", None)
    assert "sesame" not in repr(given)
