"""At which address of ours a provider's hook was made, so that it follows when that changes."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Text, Timestamptz
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-29T17:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The address with which a hook was made"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    def add(name: str, column: type[Text] | type[Timestamptz], default: Any) -> None:
        manager.add_column(
            table_class_name="Connection",
            tablename="connection",
            column_name=name,
            db_column_name=name,
            column_class_name=column.__name__,
            column_class=column,
            params={
                "default": default,
                "null": default is None,
                "primary_key": False,
                "unique": False,
                "index": False,
                "index_method": IndexMethod.btree,
                "choices": None,
                "db_column_name": None,
                "secret": False,
            },
            schema=None,
        )

    add("hook_base", Text, "")
    add("old_hook_base", Text, "")
    add("hook_moved_at", Timestamptz, None)
    return manager
