"""Recording of whole modules while they are imported."""
