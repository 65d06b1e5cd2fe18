"""The database, as a URL says it and as Django wants it."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def database_settings(url: str, *, statement_timeout: int) -> dict[str, Any]:
    """Returns what DATABASES says of the server at DATABASE_URL; the timeout is in milliseconds.

    Raises: ImproperlyConfigured.
    """
    parameters = connection_parameters("DATABASE_URL", url)
    options = [
        # A stuck lock has to become a retry, not a hang; a client that died must not keep its locks.
        f"-c statement_timeout={statement_timeout}",
        "-c lock_timeout=5000",
        "-c idle_in_transaction_session_timeout=30000",
        "-c client_connection_check_interval=2000",
        # Compiling a plan costs more than our statements do: the fan-out takes ten times as long with it.
        "-c jit=off",
        *([theirs] if (theirs := parameters.pop("options", "")) else []),  # of two equal ones the last counts
    ]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parameters.pop("dbname", ""),
        "USER": parameters.pop("user", ""),
        "PASSWORD": parameters.pop("password", ""),
        "HOST": parameters.pop("host", ""),
        "PORT": parameters.pop("port", ""),
        "OPTIONS": {**parameters, "options": " ".join(options)},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,  # each use case opens its own transaction, and says so
    }


def connection_parameters(variable: str, url: str) -> dict[str, Any]:
    """Returns the parameters, by libpq's names, in the URL that this environment variable holds.

    Raises: ImproperlyConfigured, which never shows the URL: it may hold a password.
    """
    try:
        parameters = conninfo_to_dict(url)
    except ProgrammingError:
        parameters = {}
    if not parameters or not url.startswith(("postgres://", "postgresql://")) or _is_torn(parameters):
        form = "postgres://user:password@host/name, in which @ is written as %40, : as %3A and / as %2F"
        raise ImproperlyConfigured(f"{variable} has to be like {form}.")
    return parameters


def _is_torn(parameters: dict[str, Any]) -> bool:
    """Whether a password with special characters was cut in two, so that a part of it counts as host or port."""
    return "@" in parameters.get("host", "") or not parameters.get("port", "0").replace(",", "").isdecimal()
