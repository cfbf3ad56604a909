"""Instant checks of the exercises: ``check("3.1", answer)`` prints one line and never raises."""

from utils.checks._engine import check

__all__ = ["check"]
