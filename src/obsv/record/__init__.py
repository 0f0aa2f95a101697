"""The record format, written by recorded programs and read by a keeper. docs/recorder.md specifies it."""
