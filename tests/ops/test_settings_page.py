"""docs/settings.md is made from the settings."""

from __future__ import annotations

from models.settings import PREFIX, Settings
from ops.deployments import ROOT
from ops.settings_page import settings_page


def test_the_page_in_docs_is_what_the_code_makes() -> None:
    """When this fails: python -m ops.settings_page > docs/settings.md"""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == settings_page()


def test_every_setting_is_on_it_with_a_meaning() -> None:
    page = settings_page()
    for name in Settings.model_fields:
        line = next(
            line
            for line in page.splitlines()
            if f"`{PREFIX}{name.upper()}`" in line.split("|")[1:2][0:1]
            or line.startswith(f"| `{PREFIX}{name.upper()}` |")
        )
        assert line.rstrip(" |").rsplit("|", 1)[1].strip(), line
