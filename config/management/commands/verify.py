"""`manage.py verify`: whether everything in the database and the companies' ledgers fits together."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.invariants import INVARIANTS, Finding, Invariant, examine_all


class Command(BaseCommand):
    help = (
        "Examines the invariants over the whole database and the ledgers of the sandbox's companies; changes nothing, "
        "and may run while orders come in. Fails if one is violated, and names up to ten ids."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--settled",
            action="store_true",
            help="nothing is under way any more: an order that is not settled or a parked delivery is a violation",
        )

    def handle(self, *args: Any, settled: bool, **options: Any) -> None:
        violated = 0
        for invariant, finding in examine_all():
            is_violated = bool(finding and finding.count) and (settled or not invariant.at_rest)
            violated += is_violated
            verdict = self._verdict(invariant, finding, is_violated=is_violated)
            self.stdout.write(f"{invariant.code} {invariant.promise}: {verdict}")
        if violated:
            raise CommandError(f"{violated} of {len(INVARIANTS)} invariants are violated.")

    def _verdict(self, invariant: Invariant, finding: Finding | None, *, is_violated: bool) -> str:
        if finding is None:
            return f"not examined, for the {invariant.needs} is not the sandbox's"
        if not finding.count:
            return self.style.SUCCESS("ok")
        count = self.style.ERROR(f"{finding.count} violations") if is_violated else f"not yet, {finding.count} open"
        more = ", …" if finding.count > len(finding.ids) else ""
        return f"{count} ({invariant.things} {', '.join(finding.ids)}{more})"
