"""Settings of the tests of `obsv.trace`."""

from hypothesis import settings

# Examples that write files take as long as the machine is busy.
settings.register_profile("files", deadline=None)
settings.load_profile("files")
