"""The command line of accounts: open one, unlock it, forget a lost second factor."""

from typing import Annotated

import typer

from sojourn.terminal import fail, start

account_app = typer.Typer(help="Accounts of staff.", no_args_is_help=True)


@account_app.command("add")
def account_add(
    username: str,
    role: Annotated[str, typer.Option(help="One role, such as therapist.")],
    email: Annotated[
        str, typer.Option(help="Address by which single sign-on knows the account.")
    ] = "",
    *,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Open an account: sojourn account add ana --role therapist"""
    start()
    from allauth.account.models import EmailAddress
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from sojourn.clinic.models import Member
    from sojourn.conduct.reach import ROLES

    if role not in dict(ROLES):
        fail(f"role '{role}' is not one of: {', '.join(dict(ROLES))}")
    if Member.objects.filter(username=username).exists():
        fail(f"an account '{username}' exists already")
    member = Member(username=username, role=role, email=email)
    try:
        validate_password(password, member)
    except ValidationError as error:
        fail("password: " + " ".join(error.messages))
    member.set_password(password)
    member.save()
    if email:
        EmailAddress.objects.create(user=member, email=email.lower(), verified=True, primary=True)
    typer.echo(f"{username} may sign in as {role}")


@account_app.command("unlock")
def account_unlock(username: str) -> None:
    """Let a locked name try again: sojourn account unlock ana"""
    start()
    from axes.utils import reset

    count = reset(username=username)
    typer.echo(f"{username}: {count} failed sign-ins forgotten")


@account_app.command("forget-second-factor")
def forget_second_factor(username: str) -> None:
    """After a lost device: at the next sign-in a new second factor is set up.

    sojourn account forget-second-factor ana
    """
    start()
    from allauth.mfa.models import Authenticator

    count, _ = Authenticator.objects.filter(user__username=username).delete()
    if not count:
        fail(f"there is no second factor of '{username}'; check the name")
    typer.echo(f"{username}: {count} second factors and recovery codes forgotten")


def authority() -> None:
    """Print who may do what, as Markdown: sojourn authority > docs/authority.md"""
    start()
    from sojourn.clinic.authority import printed

    for line in printed():
        typer.echo(line)
