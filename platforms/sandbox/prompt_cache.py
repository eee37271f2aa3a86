"""OpenAI's prompt cache after its documented rules (apis/openai.md section 7).

A prefix that an earlier prompt of the same model and the same `prompt_cache_key` had too is read from the cache: from
1,024 tokens on, in steps of 128, while it was used within the last five minutes (they say five to ten). From gpt-5.6 on
what is written into the cache is counted, and costs more than plain input.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from platforms.sandbox.openai_common import CHARACTERS_A_TOKEN

FROM = 1024  # tokens
STEP = 128  # tokens
LIFE = 300.0  # seconds
_MOST_KEPT = 200_000  # prefixes


class PromptCache:
    """Remembers prefixes by their digest."""

    def __init__(self) -> None:
        self._seen: dict[bytes, float] = {}  # digest of a prefix -> when it was last used

    def look(self, model: str, key: str, prompt: str, now: float) -> tuple[int, int]:
        """(tokens read from the cache, tokens written into it) for a prompt; it is remembered."""
        width = STEP * CHARACTERS_A_TOKEN
        digest = blake2b(f"{model} {key} ".encode(), digest_size=16)
        cached = written = 0
        for end in range(width, len(prompt) + 1, width):
            digest.update(prompt[end - width : end].encode())
            tokens = end // CHARACTERS_A_TOKEN
            if tokens < FROM:
                continue
            prefix = digest.digest()
            used = self._seen.get(prefix)
            if used is not None and now - used < LIFE and written == 0:
                cached = tokens
            else:
                written = tokens - cached
            self._seen[prefix] = now
        if len(self._seen) > _MOST_KEPT:
            self._seen = {prefix: used for prefix, used in self._seen.items() if now - used < LIFE}
        return cached, written if _writes_cost(model) else 0


def _writes_cost(model: str) -> bool:
    version = re.match(r"gpt-(\d+)(?:\.(\d+))?", model)
    return version is not None and (int(version[1]), int(version[2] or 0)) >= (5, 6)
