"""``python -m storefront [--port 8080] [--fixed]``."""

import argparse

from storefront import BROKEN, FIXED
from storefront.server import serve

parser = argparse.ArgumentParser(prog="python -m storefront", description="A small shop.")
parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: 8080)")
parser.add_argument("--fixed", action="store_true", help="run the release without the bugs")
options = parser.parse_args()

server = serve(options.port, FIXED if options.fixed else BROKEN)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    server.server_close()
