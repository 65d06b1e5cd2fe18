"""`manage.py seed_demo`: somebody to log in as and something to order."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from inventory.models import Stock
from inventory.services import set_stock
from orders.models import Product

PRICE_LIST = [
    Product(sku="MUG-BLUE", name="Blue mug", unit_price=1999, currency="EUR"),
    Product(sku="TEA-GREEN", name="Green tea, 100 g", unit_price=850, currency="EUR"),
    Product(sku="POT-IRON", name="Cast-iron teapot", unit_price=6400, currency="EUR"),
    Product(sku="LAST-ONE", name="The last one of its kind", unit_price=12000, currency="EUR"),
    Product(sku="SOLD-OUT", name="What everybody wanted", unit_price=2500, currency="EUR"),
]
LEVELS = {"MUG-BLUE": 50_000, "TEA-GREEN": 50_000, "POT-IRON": 5_000, "LAST-ONE": 1, "SOLD-OUT": 0}


class Command(BaseCommand):
    help = "Creates the demo users, products and stock that are missing. Changes nothing that exists. Needs DEBUG."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo data has known passwords: seed_demo works only with DEBUG=on.")
        with transaction.atomic():
            _seed_users()
            Product.objects.bulk_create(PRICE_LIST, ignore_conflicts=True)
            known = set(Stock.objects.filter(sku__in=LEVELS).values_list("sku", flat=True))
            set_stock(levels={sku: level for sku, level in LEVELS.items() if sku not in known})
        if options["verbosity"]:
            self.stdout.write("The demo data is there: admin/admin, demo/demo, and five products.")


def _seed_users() -> None:
    if not User.objects.filter(username="admin").exists():
        User.objects.create_superuser("admin", "admin@example.com", "admin")
    if not User.objects.filter(username="demo").exists():
        User.objects.create_user("demo", "demo@example.com", "demo")
