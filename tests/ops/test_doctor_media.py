"""What the doctor says about pictures: where they lie, whether it works, whether platforms can fetch them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.settings import load_settings
from ops.commands.doctor_media import media
from tests.s3_server import BUCKET, KEY_ID, SECRET, running_s3


def _said(tmp_path: Path, **given: Any) -> list[tuple[bool, str]]:
    config = load_settings(tmp_path / "none.env", home=tmp_path, **given)
    return [(finding.wrong, finding.what) for finding in media(config)]


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("http://localhost:8501", False),
        ("http://127.0.0.1:8501", False),
        ("http://192.168.1.5:8501", False),
        ("http://[::1]:8501", False),
        ("http://office.local", False),
        ("http://postagent", False),
        ("https://app.example.com", True),
        ("https://93.184.216.34", True),
    ],
)
def test_real_platforms_must_be_able_to_fetch_a_local_folders_pictures(
    tmp_path: Path, address: str, reached: bool
) -> None:
    said = _said(tmp_path, public_url=address, meta_app_id="1")
    assert said[0] == (False, f"pictures are stored in {tmp_path / 'media'}")
    if reached:
        assert said[1:] == []
    else:
        told = "Google, Facebook and Instagram fetch pictures themselves and cannot reach"
        assert said[1:] == [(True, f"{told} {address}")]


def test_with_the_sandbox_this_machine_is_near_enough(tmp_path: Path) -> None:
    assert [wrong for wrong, _ in _said(tmp_path, public_url="http://localhost:8501")] == [False]


def test_a_bucket_is_asked(tmp_path: Path) -> None:
    with running_s3() as server:
        bucket = {
            "s3_endpoint_url": server.url,
            "s3_bucket": BUCKET,
            "s3_access_key_id": KEY_ID,
            "s3_secret_access_key": SECRET,
            "s3_public_url": "https://media.example.com",
        }
        assert _said(tmp_path, **bucket, meta_app_id="1") == [
            (False, f"pictures are stored in {server.url}, bucket {BUCKET}")
        ]
        near = _said(tmp_path, **bucket | {"s3_public_url": server.url}, meta_app_id="1")
        assert [wrong for wrong, _ in near] == [False, True]
    bucket["s3_endpoint_url"] = "http://127.0.0.1:9"
    ((is_wrong, told),) = _said(tmp_path, **bucket)
    assert is_wrong
    assert told.startswith("pictures cannot be stored (http://127.0.0.1:9")
    assert SECRET not in told
