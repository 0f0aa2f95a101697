"""The questions of `Store`, a file a kind."""
