"""All tables of the civic tools together: whoever asks for the whole takes `METADATA` from here.

A module of tables adds to it when it is imported, so each must be named here.
"""

from voipwatch.store.civic import account_tables, pledge_tables, wall_tables
from voipwatch.store.civic.tables import METADATA

__all__ = ["METADATA", "MODULES"]

MODULES = (account_tables, pledge_tables, wall_tables)
"""Beside `tables` itself."""
