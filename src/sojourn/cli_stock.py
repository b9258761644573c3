"""Study drug from the command line."""

import typer

from sojourn.terminal import start


def reconcile() -> None:
    """Tell of study drug that is not back in time; for a timer: sojourn reconcile"""
    start()
    from sojourn.ledger import programmes, stock

    raised = sum(stock.reconcile(key) for key in tuple(programmes.keys()))
    typer.echo(f"{raised} new alerts of diversion")
