"""Statements of the writer: rows of many calls in one statement each, for errors, requests and rollups."""
