"""The environment variables, from which everything comes that differs between machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment(environ.Env):  # type: ignore[misc]  # it publishes no types
    """Of a variable that cannot be read the name is said, and never the value, which may be a secret."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        with _named(var):
            return super().get_value(var, *args, **kwargs)

    def email_url(self, var: str, *args: Any, **kwargs: Any) -> Any:
        with _named(var):
            return super().email_url(var, *args, **kwargs)


@contextmanager
def _named(var: str) -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise ImproperlyConfigured(f"{var} cannot be read: docs/settings.md says what it may be.") from None


env = Environment()
