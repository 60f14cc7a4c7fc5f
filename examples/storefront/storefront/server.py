"""The shop over HTTP: JSON in, JSON out."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from storefront.catalogue import IndexWarmingUp
from storefront.shop import Refused, Shop

Answer = tuple[int, Any]


class Server(ThreadingHTTPServer):
    """One shop behind one port."""

    daemon_threads = True

    def __init__(self, port: int, shop: Shop) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.shop = shop
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Finds the function for a request, and answers with what it returns."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer: headers and body apart would wait for each other

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def log_message(self, *args: Any) -> None:
        """Keep the terminal for the tests."""

    def _handle(self, method: str) -> None:
        try:
            body = self._body()
            with self.server.lock:
                status, answer = self._dispatch(method, body)
        except Refused as refused:
            status, answer = refused.status, {"error": str(refused)}
        except IndexWarmingUp:
            status, answer = 503, {"error": "the search index is warming up"}
        except (ValueError, KeyError) as error:
            status, answer = 400, {"error": f"the request makes no sense: {error}"}
        self._answer(status, answer)

    def _body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        return body

    def _dispatch(self, method: str, body: dict[str, Any]) -> Answer:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        for route_method, pattern, function in ROUTES:
            match = re.fullmatch(pattern, url.path)
            if match and route_method == method:
                request = Request(self.server.shop, match.groups(), query, body, self.headers)
                return function(request)
        raise Refused(404, f"there is no {method} {url.path}")

    def _answer(self, status: int, answer: Any) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Request:
    """What a route gets: the shop, and the parts of the request."""

    def __init__(
        self,
        shop: Shop,
        parts: tuple[str, ...],
        query: dict[str, str],
        body: dict[str, Any],
        headers: Any,
    ) -> None:
        self.shop, self.parts, self.query, self.body = shop, parts, query, body
        self.key = headers.get("Idempotency-Key")

    @property
    def cart(self) -> Any:
        """The cart that the path names."""
        return self.shop.cart(int(self.parts[0]))


def _health(request: Request) -> Answer:
    return 200, {"status": "ok", "release": request.shop.release}


def _products(request: Request) -> Answer:
    found = request.shop.catalogue.of_category(
        request.query.get("category"), request.query.get("sort")
    )
    return 200, [asdict(product) for product in found]


def _search(request: Request) -> Answer:
    found = request.shop.catalogue.search(request.query.get("q", ""))
    return 200, [asdict(product) for product in found]


def _add_line(request: Request) -> Answer:
    quantity = int(request.body.get("quantity", 1))
    return 200, request.shop.add(request.cart, request.body["sku"], quantity)


def _order(request: Request) -> Answer:
    return 201, request.shop.order(request.body, request.key)


def _orders(request: Request) -> Answer:
    email = request.query.get("email")
    found = [o for o in request.shop.orders.values() if email in (None, o["email"])]
    return 200, sorted(found, key=lambda order: -order["id"])


ROUTES: list[tuple[str, str, Callable[[Request], Answer]]] = [
    ("GET", "/health", _health),
    ("GET", "/products", _products),
    ("GET", "/search", _search),
    ("POST", "/carts", lambda r: (201, r.shop.new_cart())),
    ("GET", r"/carts/(\d+)", lambda r: (200, r.shop.show(r.cart))),
    ("POST", r"/carts/(\d+)/lines", _add_line),
    ("DELETE", r"/carts/(\d+)/lines/([\w-]+)", lambda r: (200, r.shop.remove(r.cart, r.parts[1]))),
    ("POST", r"/carts/(\d+)/vouchers", lambda r: (200, r.shop.redeem(r.cart, r.body["code"]))),
    ("POST", "/credit-checks", lambda r: (200, r.shop.credit_check(r.body["email"]))),
    ("POST", "/orders", _order),
    ("GET", "/orders", _orders),
]


def serve(port: int, release: str) -> Server:
    """Return a server that listens on loopback; port 0 takes a free one."""
    return Server(port, Shop(release))
