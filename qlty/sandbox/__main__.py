"""`python -m qlty.sandbox`."""

from __future__ import annotations

import sys

from qlty.sandbox._cli import main

if __name__ == "__main__":
    sys.exit(main())
