"""Access control, and the browser's use of responses."""
