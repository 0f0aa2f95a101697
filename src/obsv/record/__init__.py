"""The record format: what a recorded program writes and a keeper reads. docs/recorder.md specifies it."""
