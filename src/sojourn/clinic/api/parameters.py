"""A view made for many addresses, with the parameters of the one it stands at."""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any


def with_parameters(view: Callable[..., Any], parameters: Sequence[Parameter]) -> None:
    """Let ``view`` say that it takes these, as the interface's documentation reads it."""
    view.__signature__ = Signature(list(parameters))  # type: ignore[attr-defined]
    view.__annotations__ = {each.name: each.annotation for each in parameters}
