"""Eve, who has a row in every table that has tenants' rows."""

from tests.dashboards.test_isolation import eve

__all__ = ["eve"]
