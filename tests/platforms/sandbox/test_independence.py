"""The sandbox is an independent check of the clients: it shares no code with them."""

from __future__ import annotations

import ast
from pathlib import Path

import platforms.sandbox

FOLDER = Path(platforms.sandbox.__file__).parent
OURS = ("models", "tasks", "flows", "dashboards", "ops", "platforms")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_it_imports_nothing_of_the_product_but_itself() -> None:
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 20
    foreign = {
        f"{path.name}: {name}"
        for path in files
        for name in imported(path)
        if name.split(".")[0] in OURS and not name.startswith("platforms.sandbox")
    }
    assert foreign == set()
