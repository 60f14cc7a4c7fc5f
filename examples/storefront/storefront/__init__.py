"""A small shop with an HTTP API: the service that this example tests.

Release 1.4.0 has bugs, and the suite finds them. ``python -m storefront --fixed`` is the release
that repairs them.
"""

__all__ = ["BROKEN", "FIXED"]

BROKEN = "1.4.0"
FIXED = "1.4.1"
