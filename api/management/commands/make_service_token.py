"""`manage.py make_service_token`: lets a program use the API, with the scopes that it needs."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.access import SCOPES
from api.tokens import NotAService, UnknownScope, make_service_token


class Command(BaseCommand):
    help = "Makes a token for a service and prints it, this once. The service's account is made if it is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name of the service's account")
        parser.add_argument("--scope", action="append", choices=SCOPES, required=True, help="may be repeated")
        parser.add_argument("--days", type=int, default=365, help="after which it expires")

    def handle(self, *args: Any, **options: Any) -> None:
        lifetime = timedelta(days=options["days"])
        try:
            token, _ = make_service_token(name=options["name"], scopes=options["scope"], lifetime=lifetime)
        except (NotAService, UnknownScope) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(token)
