"""Fixtures: an empty database of PostgreSQL."""

from tests.support.registers import register_server, register_url

__all__ = ["register_server", "register_url"]
