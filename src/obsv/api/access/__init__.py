"""Who may ask, and what a browser may do with answers."""
