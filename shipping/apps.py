from django.apps import AppConfig
from django.core import checks


class ShippingConfig(AppConfig):
    name = "shipping"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shipping.gateway import check_carrier  # the engine can be imported only now

        checks.register(check_carrier, "shipping")
