"""What the tests of the races share."""

from tests.api.conftest import customer, price_list  # noqa: F401 (fixtures)
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)
