"""HTTP interfaces of alerts, and of who changed what."""
