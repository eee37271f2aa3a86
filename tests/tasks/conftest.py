"""Fixtures of the tests of tasks."""

from tests.tasks.house import house, platforms

__all__ = ["house", "platforms"]
