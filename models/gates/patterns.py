"""Regular expressions that are data: a TOML file of lists, each list one pattern.

`{name}` stands for what the file's [words] table holds under that name. A list in a table is "table.name".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any


def filled(alternatives: str | list[str], words: Mapping[str, str]) -> str:
    """One pattern of all alternatives, with the words for their names. Counts such as {2,} are left alone."""
    joined = alternatives if isinstance(alternatives, str) else "|".join(alternatives)
    for name, meaning in words.items():
        joined = joined.replace(f"{{{name}}}", meaning)
    return joined


class Patterns:
    """The patterns of one file, compiled when first asked for."""

    def __init__(self, package: str, name: str, flags: int = 0) -> None:
        self._package, self._name, self._flags = package, name, flags

    def first(self, name: str, text: str) -> str | None:
        """What the pattern finds first, or None."""
        match = self._compiled[name].search(text)
        return match[0] if match else None

    def all(self, name: str, text: str) -> Iterator[str]:
        """Everything that the pattern finds."""
        return (match[0] for match in self._compiled[name].finditer(text))

    def whole(self, name: str, text: str) -> bool:
        """Whether all of the text is what the pattern describes."""
        return self._compiled[name].fullmatch(text) is not None

    @cached_property
    def _compiled(self) -> dict[str, re.Pattern[str]]:
        file = tomllib.loads(files(self._package).joinpath(self._name).read_text(encoding="utf-8"))
        words = file.get("words", {})
        return {name: re.compile(filled(entry, words), self._flags) for name, entry in _flat(file)}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | list[str]]]:
    for name, entry in table.items():
        if isinstance(entry, dict):
            yield from _flat(entry, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", entry
