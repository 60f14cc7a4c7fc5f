"""Prices in cents, and the tax on them."""

from decimal import ROUND_HALF_UP, Decimal

VAT = {"DE": "0.19", "AT": "0.20", "CH": "0.081"}
SHIPPING = {"DE": 490, "AT": 890, "CH": 1490}


def gross(net: int, country: str, *, exact: bool = False) -> int:
    """Return a price with tax, in cents; raises ``KeyError`` for a country without shipping.

    Bug of release 1.4.0: binary fractions, so that half a cent is sometimes rounded down.
    """
    if exact:
        price = Decimal(net) * (1 + Decimal(VAT[country]))
        return int(price.quantize(Decimal(1), ROUND_HALF_UP))
    return round(net * (1 + float(VAT[country])))


def shown(cents: int) -> str:
    """Return an amount as the shop shows it: ``1234.50 EUR``."""
    return f"{cents // 100}.{cents % 100:02d} EUR"
