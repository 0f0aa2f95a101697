"""The commands as the command line knows them; each loads what it needs when it runs."""
