"""Settings: everything that differs between machines comes from the environment (see docs/settings.md)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.broker import broker_settings
from config.database import database_settings
from config.environment import env
from config.logging import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env.str("SECRET_KEY", default="for development only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY: with DEBUG=off there is no default.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_results",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "outbox",
    "api",
    "orders",
    "inventory",
    "payments",
    "shipping",
    "notifications",
    "webhooks",
    "config",
]

MIDDLEWARE = [
    "api.middleware.RequestCause",
    "api.middleware.BodyLimit",
    "django.middleware.security.SecurityMiddleware",
    "config.security.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.directions.VisibleDirections",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# `make run` writes the address of the embedded PostgreSQL to var/database-url; DATABASE_URL goes before it.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
_embedded = VAR_DIR / "database-url"
DATABASE_URL = env.str("DATABASE_URL", default=_embedded.read_text().strip() if _embedded.exists() else "")
if not DATABASE_URL:
    DATABASE_URL = "postgres://localhost/murmuration"
DATABASES = {
    "default": database_settings(DATABASE_URL, statement_timeout=env.int("STATEMENT_TIMEOUT_MS", default=20_000))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"

OUTBOX: dict[str, Any] = {"strict": DEBUG}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
# One queue for each app, and one for the effects of those that have any: a slow provider keeps no stock waiting.
QUEUES = ["orders", "inventory", "payments", "shipping", "notifications", "webhooks"]
QUEUES += ["payments.effects", "shipping.effects", "notifications.effects", "webhooks.effects"]
globals().update(broker_settings(CELERY_BROKER_URL, DATABASE_URL, QUEUES))

# In production someone has to choose: a provider that takes real money, or, by name, one that only pretends to.
SANDBOX = env.bool("SANDBOX", default=DEBUG)
CARRIER = env.str("CARRIER", default="shipping.sandbox.SandboxCarrier" if SANDBOX else "")
PAYMENT_PROVIDER = env.str("PAYMENT_PROVIDER", default="payments.sandbox.SandboxProvider" if SANDBOX else "")
SANDBOX_PROVIDER_URL = env.str("SANDBOX_PROVIDER_URL", default="")  # empty: the ledger lives beside our own tables

# Read where PAYMENT_PROVIDER is payments.stripe.StripeProvider; STRIPE_API_BASE names another far end for tests.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")

# From the reservation of the stock on; what has not even been begun by then is given a grace. Read when migrating.
PAYMENT_WINDOW = timedelta(seconds=env.int("PAYMENT_WINDOW", default=900))
# From the moment when it was noticed that the window is over; then the order is cancelled. Workers that come back from
# an outage have so long to begin.
PAYMENT_GRACE = timedelta(seconds=env.int("PAYMENT_GRACE", default=300))

# Sign what carrier and sandbox provider report. Without a secret nobody can sign, so nothing is accepted.
CARRIER_CALLBACK_SECRET = env.str("CARRIER_CALLBACK_SECRET", default="for development only" if DEBUG else "")
PAYMENT_CALLBACK_SECRET = env.str("PAYMENT_CALLBACK_SECRET", default="for development only" if DEBUG else "")
SANDBOX_WEBHOOK_URL = env.str(
    "SANDBOX_WEBHOOK_URL", default=f"http://127.0.0.1:{env.str('PORT', '') or 8000}/api/v1/payment-callbacks/sandbox"
)

# Webhooks go to public addresses only, and by HTTPS, unless this is on, as for trying them out on one machine.
WEBHOOKS_ALLOW_PRIVATE_TARGETS = env.bool("WEBHOOKS_ALLOW_PRIVATE_TARGETS", default=DEBUG)

# Mails become files unless EMAIL_URL names a server, such as smtp+tls://user:password@mail.example:587.
EMAIL_BACKEND = "config.mail.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
if "EMAIL_URL" in env.ENVIRON:
    globals().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Murmuration <shop@localhost>")

# Production: TLS everywhere. A proxy that ends TLS says so in X-Forwarded-Proto; trust it only where there is one.
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = logging_settings(as_json=env.bool("LOG_JSON", default=not DEBUG))

from config.celery_settings import *  # noqa: E402, F403  settings are names in this module
from config.rest_settings import *  # noqa: E402, F403  settings are names in this module
