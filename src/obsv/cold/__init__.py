"""Reading of a store and its archive as one.

The archive's files are read into a temporary store of the same schema, as far as a question needs them, and the
question is asked there too. Nothing of it is loaded before a question reaches into the archive.
"""

from obsv.cold.whole import WholeStore, open_whole

__all__ = ["WholeStore", "open_whole"]
