"""The database's own refusal to change or delete what is recorded."""

from typing import Any

TABLES = ("ledger_entry", "ledger_checkpoint")
REFUSED = "the record is append-only: {act} on {table} refused; write a correction instead"
GOES_BACK = "the record is append-only: its head never moves back"


def install(connection: Any) -> None:
    """Create the triggers, in the dialect of the database behind ``connection``."""
    with connection.cursor() as cursor:
        for statement in _sqlite() if connection.vendor == "sqlite" else _postgresql():
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drop the triggers, as only an owner of the database can; ``verify`` is for that day."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        for table, name in _names():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}" + ("" if sqlite else f" ON {table}"))


def _names() -> tuple[tuple[str, str], ...]:
    tables = (*TABLES, "ledger_head")
    acts = ("update", "delete", "truncate")
    return tuple((table, f"{table}_no_{act}") for table in tables for act in acts)


def _sqlite() -> tuple[str, ...]:
    forbidden = [(table, act) for table in TABLES for act in ("UPDATE", "DELETE")]
    return (
        *(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSED.format(act=act, table=table)}'); END"
            for table, act in (*forbidden, ("ledger_head", "DELETE"))
        ),
        "CREATE TRIGGER ledger_head_no_update BEFORE UPDATE ON ledger_head "
        f"WHEN NEW.position < OLD.position BEGIN SELECT RAISE(ABORT, '{GOES_BACK}'); END",
    )


def _postgresql() -> tuple[str, ...]:
    forbidden = [(table, act) for table in TABLES for act in ("UPDATE", "DELETE", "TRUNCATE")]
    head = [("ledger_head", act) for act in ("DELETE", "TRUNCATE")]
    refused = REFUSED.format(act="%", table="%")
    return (
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{refused}', TG_OP, TG_TABLE_NAME; END $$",
        "CREATE OR REPLACE FUNCTION ledger_refuse_return() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{GOES_BACK}'; END $$",
        *(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
            for table, act in (*forbidden, *head)
        ),
        "CREATE TRIGGER ledger_head_no_update BEFORE UPDATE ON ledger_head FOR EACH ROW "
        "WHEN (NEW.position < OLD.position) EXECUTE FUNCTION ledger_refuse_return()",
    )
