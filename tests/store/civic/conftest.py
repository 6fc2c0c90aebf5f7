"""Fixtures: an empty database, and one with its tables; both kinds."""

from tests.support.civic_database import database_url, engine, postgresql_server

__all__ = ["database_url", "engine", "postgresql_server"]
