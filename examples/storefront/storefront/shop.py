"""Carts, vouchers and orders."""

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any

from storefront import FIXED
from storefront.catalogue import Catalogue
from storefront.prices import SHIPPING, gross, shown


class Refused(Exception):
    """The shop says no: an HTTP status, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Voucher:
    """Takes an amount (in cents) off a cart, until its last day."""

    amount: int
    last_day: date


VOUCHERS = {
    "WELCOME5": Voucher(500, date(2099, 12, 31)),
    "SPRING20": Voucher(2000, date(2020, 5, 31)),
}


@dataclass
class Cart:
    """Quantities by SKU, and the vouchers that were redeemed."""

    id: int
    lines: dict[str, int] = field(default_factory=dict)
    vouchers: list[str] = field(default_factory=list)


class Shop:
    """One shop; the server calls it from one thread at a time."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.fixed = release == FIXED
        self.catalogue = Catalogue(fixed=self.fixed)
        self.carts: dict[int, Cart] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self._order_of_key: dict[str, int] = {}
        self._ids = itertools.count(1001)

    def new_cart(self) -> dict[str, Any]:
        """Open an empty cart."""
        cart = Cart(next(self._ids))
        self.carts[cart.id] = cart
        return self.show(cart)

    def cart(self, cart_id: int) -> Cart:
        """Return a cart; raises ``Refused`` (404)."""
        if cart_id not in self.carts:
            raise Refused(404, f"there is no cart {cart_id}")
        return self.carts[cart_id]

    def show(self, cart: Cart) -> dict[str, Any]:
        """Return a cart with its total in Germany, tax included."""
        total = self._total(cart, "DE")
        return {
            "id": cart.id,
            "lines": cart.lines,
            "vouchers": cart.vouchers,
            "total": total,
            "total_shown": shown(total),
        }

    def add(self, cart: Cart, sku: str, quantity: int) -> dict[str, Any]:
        """Put a product into the cart; raises ``Refused`` (404, 409)."""
        product = self.catalogue.products.get(sku)
        if product is None:
            raise Refused(404, f"there is no product {sku!r}")
        wanted = cart.lines.get(sku, 0) + quantity
        if wanted > product.stock:
            raise Refused(409, f"{product.name} is sold out")
        cart.lines[sku] = wanted
        return self.show(cart)

    def remove(self, cart: Cart, sku: str) -> dict[str, Any]:
        """Take a product out of the cart, whether or not it was there."""
        cart.lines.pop(sku, None)
        return self.show(cart)

    def redeem(self, cart: Cart, code: str) -> dict[str, Any]:
        """Redeem a voucher; raises ``Refused`` (404, 409, 410).

        Bug of release 1.4.0: the same voucher can be redeemed again and again.
        """
        voucher = VOUCHERS.get(code)
        if voucher is None:
            raise Refused(404, f"there is no voucher {code!r}")
        if voucher.last_day < datetime.now(timezone.utc).date():
            raise Refused(410, f"voucher {code} ended on {voucher.last_day.isoformat()}")
        if self.fixed and code in cart.vouchers:
            raise Refused(409, f"voucher {code} was redeemed already")
        cart.vouchers.append(code)
        return self.show(cart)

    def order(self, wanted: dict[str, Any], key: str | None) -> dict[str, Any]:
        """Place an order; raises ``Refused`` (400, 402, 404, 422, 502).

        Bug of release 1.4.0: the idempotency key is ignored, so a double click buys twice.
        """
        if self.fixed and key in self._order_of_key:
            return self.orders[self._order_of_key[key]]
        cart = self.cart(wanted.get("cart", 0))
        country, postcode = wanted.get("country", "DE"), str(wanted.get("postcode", ""))
        if not cart.lines:
            raise Refused(400, "the cart is empty")
        if country not in SHIPPING or not postcode.isdigit():
            raise Refused(422, f"{country} {postcode} is no address that we deliver to")
        self._pay(wanted.get("payment", {}))
        placed = self._place(cart, country, wanted.get("email"))
        if key is not None:
            self._order_of_key[key] = placed["id"]
        return placed

    def credit_check(self, email: str) -> dict[str, Any]:
        """Say whether a customer may pay by invoice; raises ``Refused`` (502).

        Bug of release 1.4.0: the address of the credit bureau is missing in its configuration.
        """
        if not self.fixed:
            raise Refused(502, "the credit bureau does not answer")
        return {"email": email, "approved": True}

    def _pay(self, payment: dict[str, Any]) -> None:
        if payment.get("method") == "card" and str(payment.get("number", "")).endswith("0002"):
            raise Refused(402, "the card was declined: insufficient funds")

    def _place(self, cart: Cart, country: str, email: str | None) -> dict[str, Any]:
        order = {
            "id": next(self._ids),
            "cart": cart.id,
            "country": country,
            "email": email,
            "shipping": SHIPPING[country],
            "total": self._total(cart, country) + SHIPPING[country],
        }
        for sku, quantity in cart.lines.items():
            self.catalogue.products[sku].stock -= quantity
        self.orders[order["id"]] = order
        return order

    def _total(self, cart: Cart, country: str) -> int:
        products = self.catalogue.products
        net = sum(products[sku].price * quantity for sku, quantity in cart.lines.items())
        off = sum(VOUCHERS[code].amount for code in cart.vouchers)
        return max(gross(net, country, exact=self.fixed) - off, 0)
