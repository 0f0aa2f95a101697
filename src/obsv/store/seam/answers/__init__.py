"""The answers of `SQLiteStore`, a file a kind."""
