"""The app `outbox`: finds every app's events and reactions, and registers their subscriptions when migrating."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class OutboxConfig(AppConfig):
    name = "outbox"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Outbox"

    def ready(self) -> None:
        autodiscover_modules("events", "reactions")
        from outbox import checks, subscriptions  # models can be imported only now

        checks.register()
        post_migrate.connect(subscriptions.register_after_migrating, dispatch_uid="outbox.subscriptions")
