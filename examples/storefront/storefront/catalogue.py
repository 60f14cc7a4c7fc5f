"""What the shop sells, and the search over it."""

import threading
import time
from dataclasses import asdict, dataclass


@dataclass
class Product:
    """One product; the price is net, in cents."""

    sku: str
    name: str
    category: str
    price: int
    stock: int


PRODUCTS = (
    Product("lamp-01", "Desk lamp", "light", 3950, 12),
    Product("lamp-02", "Floor lamp", "light", 8900, 3),
    Product("mug-01", "Blue mug", "kitchen", 1250, 40),
    Product("mug-02", "Mug, 100% recycled", "kitchen", 1490, 25),
    Product("chair-01", "Oak chair", "furniture", 18900, 0),
)


class IndexWarmingUp(Exception):
    """The search index is being built; try again in a moment."""


class Catalogue:
    """All products, by SKU and by words."""

    WARM_UP = 0.2

    def __init__(self, *, fixed: bool) -> None:
        self.products = {product.sku: Product(**asdict(product)) for product in PRODUCTS}
        self._fixed = fixed
        self._index: dict[str, set[str]] = {}
        self._building: threading.Thread | None = None
        if fixed:
            self._build()

    def of_category(self, category: str | None, sort: str | None) -> list[Product]:
        """Return the products of a category, or all, by name or by price."""
        found = [p for p in self.products.values() if category in (None, p.category)]
        return sorted(found, key=lambda p: p.price if sort == "price" else p.name)

    def search(self, query: str) -> list[Product]:
        """Return the products that have all words of the query.

        Bug of release 1.4.0: the index is built by the first search, which fails meanwhile.

        Raises:
            IndexWarmingUp: the index is not there yet.
        """
        if not self._index:
            self._start_building()
            raise IndexWarmingUp
        words = self._words(query)
        found = [self._matches(word) for word in words]
        return [self.products[sku] for sku in sorted(set.intersection(*found))] if found else []

    def _start_building(self) -> None:
        if self._building is None:
            self._building = threading.Thread(target=self._build_slowly, daemon=True)
            self._building.start()

    def _build_slowly(self) -> None:
        time.sleep(self.WARM_UP)
        self._build()

    def _build(self) -> None:
        index: dict[str, set[str]] = {}
        for product in self.products.values():
            for word in self._words(product.name):
                index.setdefault(word, set()).add(product.sku)
        self._index = index

    def _words(self, text: str) -> list[str]:
        # Bug of release 1.4.0: a percent sign was meant to be a wildcard once, and is cut out.
        text = text.lower().replace(",", " ")
        return (text if self._fixed else text.replace("100%", "")).split()

    def _matches(self, word: str) -> set[str]:
        return {sku for known, skus in self._index.items() if word in known for sku in skus}
