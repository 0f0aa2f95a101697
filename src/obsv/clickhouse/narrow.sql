CREATE TABLE IF NOT EXISTS {table}_obsv (
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName LowCardinality(String) CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1))
) ENGINE MergeTree() PARTITION BY toDate(Timestamp) ORDER BY Timestamp
TTL toDateTime(Timestamp) + INTERVAL {days} DAY
SETTINGS ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS {table}_obsv_mv TO {table}_obsv AS SELECT {columns} FROM {table};

INSERT INTO {table}_obsv SELECT {columns} FROM {table} WHERE Timestamp >= now() - INTERVAL {days} DAY;
