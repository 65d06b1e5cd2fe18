"""`manage.py api_documents`: writes docs/schema.yaml and docs/asyncapi.json, or says that they are stale."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.documents import OPENAPI, breaking, written


class Command(BaseCommand):
    help = "Writes the API's documents from the code. Refuses what would break a client, unless --breaking is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if they are stale")
        parser.add_argument("--breaking", action="store_true", help="write them although clients would break")

    def handle(self, *args: Any, **options: Any) -> None:
        documents = written()
        if OPENAPI.exists() and not options["breaking"]:
            broken = breaking(OPENAPI.read_text(), documents[OPENAPI])
            if broken:
                raise CommandError("This would break clients (--breaking accepts it):\n" + "\n".join(broken))
        stale = [path for path, text in documents.items() if not path.exists() or path.read_text() != text]
        if options["check"] and stale:
            names = " and ".join(path.name for path in stale)
            raise CommandError(f"{names}: stale; run `python manage.py api_documents`.")
        for path in stale:
            path.write_text(documents[path])
