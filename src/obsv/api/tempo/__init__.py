"""Tempo's query API, as Grafana asks: traces, TraceQL, tags and series."""
