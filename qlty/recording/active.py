"""Whether a run is active around this process."""

#: set in the environment while a run is active, so that a pytest started by one of its tests
#: stays quiet
ACTIVE_RUN = "QLTY_ACTIVE_RUN"
