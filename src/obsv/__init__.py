"""See what a Python program did: every call, its values, its time, and why it failed."""
