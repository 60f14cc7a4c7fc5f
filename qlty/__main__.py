"""``python -m qlty`` is ``qlty-framework``."""

import sys

from qlty.cli import main

sys.exit(main())
