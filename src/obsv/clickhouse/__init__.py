"""A store in ClickHouse: the tables that the OpenTelemetry Collector's exporter writes.

They are read through obsv's own seam, and received spans can be inserted into them.
"""

from obsv.clickhouse.address import Address
from obsv.clickhouse.inserting import Inserter
from obsv.clickhouse.store import ClickHouseStore, open_store

__all__ = ["Address", "ClickHouseStore", "Inserter", "open_store"]
