"""Jaeger's query APIs: v1 as its own page asks, v3 as Grafana asks."""
