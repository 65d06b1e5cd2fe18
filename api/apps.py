from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "REST API"

    def ready(self) -> None:
        from api import schema  # noqa: F401  registers how drf-spectacular describes our structs and tokens
        from api.finding import orders_answered_with  # models can be imported only now
        from outbox.references import orders_are_found_by

        orders_are_found_by(orders_answered_with)
