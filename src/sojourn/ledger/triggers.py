"""The database's own refusal to change or delete what is recorded."""

from typing import Any

TABLES = ("ledger_entry", "ledger_checkpoint")
ACTS = ("UPDATE", "DELETE")


def install(connection: Any) -> None:
    """Create the triggers, in the dialect of the database behind ``connection``."""
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drop the triggers, as only an owner of the database can; ``verify`` is for that day."""
    with connection.cursor() as cursor:
        for table in TABLES:
            for act in (*ACTS, "TRUNCATE"):
                if connection.vendor == "sqlite":
                    cursor.execute(f"DROP TRIGGER IF EXISTS {_name(table, act)}")
                else:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {_name(table, act)} ON {table}")


def _statements(vendor: str) -> tuple[str, ...]:
    if vendor == "sqlite":
        return tuple(
            f"CREATE TRIGGER {_name(table, act)} BEFORE {act} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{_refusal(table)}'); END"
            for table in TABLES
            for act in ACTS
        )
    function = (
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only: write a correction instead', TG_TABLE_NAME; "
        "END $$ LANGUAGE plpgsql"
    )
    rows = tuple(
        f"CREATE TRIGGER {_name(table, act)} BEFORE {act} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
        for table in TABLES
        for act in ACTS
    )
    whole = tuple(
        f"CREATE TRIGGER {_name(table, 'TRUNCATE')} BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        for table in TABLES
    )
    return (function, *rows, *whole)


def _refusal(table: str) -> str:
    return f"{table} is append-only: write a correction instead"


def _name(table: str, act: str) -> str:
    return f"{table}_no_{act.lower()}"
