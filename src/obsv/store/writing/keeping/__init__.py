"""Age and size limits: what is deleted, and when."""
