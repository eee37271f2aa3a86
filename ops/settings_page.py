"""Writes docs/settings.md from the settings themselves: `python -m ops.settings_page > docs/settings.md`.

A test fails when the page is not what this makes.
"""

from __future__ import annotations

from pydantic.fields import FieldInfo

from models.settings import PREFIX, SERVICES, Settings
from ops.stack.environment import CREDENTIALS

_HEAD = """# Settings

Read from the environment, then from a file `.env` in the folder where a command is started. An unknown name that begins
with `POSTAGENT_` is an error, so that a typing mistake cannot go unnoticed. This page is made from the code
(`python -m ops.settings_page`).
"""
_CREDENTIALS = {
    "google_client_id": "OAuth client of the Google Cloud project with the Business Profile APIs.",
    "google_client_secret": "Its secret.",
    "meta_app_id": "Meta app for Facebook Pages.",
    "meta_app_secret": "Its secret; also signs calls (appsecret_proof).",
    "instagram_app_id": "Instagram app of the same Meta app (Instagram Login).",
    "instagram_app_secret": "Its secret.",
    "pexels_api_key": "Stock photos from Pexels.",
    "unsplash_access_key": "Stock photos from Unsplash where Pexels has none. Its guidelines ask for non-automated "
    "use: that a person picks the photo. Have posts approved, and ask Unsplash before you go into production.",
    "openai_api_key": "The writer of posts, or any server that speaks the same protocol (see OPENAI_BASE_URL).",
}
_OTHERS = {
    "graph_api_version": "Version of Meta's Graph API.",
    "facebook_publish_mode": "`prepared`: made unseen ahead of its time, then published by its id; `direct`: at once.",
}


def settings_page() -> str:
    """The whole page."""
    fields = Settings.model_fields
    general = [name for name in fields if name not in CREDENTIALS and name not in SERVICES]
    return "\n".join(
        [
            _HEAD,
            "## General\n",
            *_table(general, {name: fields[name].description or _OTHERS[name] for name in general}),
            "\n## Credentials of the outside services\n",
            "Without any of them `postagent up` uses the sandbox, and nothing leaves the machine.\n",
            *_table(list(CREDENTIALS), _CREDENTIALS),
            "\n## Addresses of the outside services\n",
            "Scheme and host; the real service by default. `POSTAGENT_SANDBOX_URL` fills those not given.\n",
            "| setting | default | below `POSTAGENT_SANDBOX_URL` |",
            "|---|---|---|",
            *(f"| `{PREFIX}{name.upper()}` | `{real}` | `{path}` |" for name, (path, real) in SERVICES.items()),
            "",
        ]
    )


def _table(names: list[str], meanings: dict[str, str]) -> list[str]:
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(Settings.model_fields[name])} | {meanings[name]} |" for name in names
    ]
    return ["| setting | default | meaning |", "|---|---|---|", *rows]


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else f"`{field.default}`"


if __name__ == "__main__":
    print(settings_page(), end="")
