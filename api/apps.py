from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "REST API"

    def ready(self) -> None:
        from api.finding import orders_answered_with  # models can be imported only now
        from outbox.references import orders_are_found_by

        orders_are_found_by(orders_answered_with)
