"""HTTP interfaces of decisions, artifacts, metrics and reports."""
