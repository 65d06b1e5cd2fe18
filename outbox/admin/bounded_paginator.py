"""Pages of tables that are too long to be counted for each look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator  # only the stubs make it generic


class BoundedPaginator(_Paginator):
    """Counts, and pages through, the first 10,000 rows at most; who looks for an older one filters or searches."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list[: self.most]  # type: ignore[assignment]  # the admin gives no other
        return rows.count()

    @property
    def is_capped(self) -> bool:
        """Whether there may be more rows than it counted."""
        return self.count >= self.most
