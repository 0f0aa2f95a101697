"""A store in ClickHouse: the spans that the OpenTelemetry Collector's exporter writes, read through obsv's own seam."""

from obsv.clickhouse.address import Address
from obsv.clickhouse.store import ClickHouseStore, open_store

__all__ = ["Address", "ClickHouseStore", "open_store"]
