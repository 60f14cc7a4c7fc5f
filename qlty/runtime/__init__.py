"""What reporting needs of the process that it runs in, as it was before a test could change it.

Tests replace ``time.time`` and ``os.getpid``, freeze the clock, configure logging and fork. What
is here keeps its own references, taken when it is imported, before the first test.
"""

from qlty.runtime._contained import contained
from qlty.runtime._descriptors import AppendedFile, Descriptor
from qlty.runtime._lazy import lazy_exports
from qlty.runtime._log import logger
from qlty.runtime._owner import Owner
from qlty.runtime._warnings import no_warnings

__all__ = [
    "AppendedFile",
    "Descriptor",
    "Owner",
    "contained",
    "lazy_exports",
    "logger",
    "no_warnings",
]
