"""Secrets: names, shapes and texts that are masked before anything is stored."""
