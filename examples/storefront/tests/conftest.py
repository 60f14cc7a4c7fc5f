"""A client of the shop, and carts to start from."""

import pytest
import requests
import settings

pytest_plugins = ["pytest_pagerduty.plugin"]


class ShopClient:
    """The shop's API in the words of its users."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()

    def get(self, path: str, **query: str) -> requests.Response:
        return self._session.get(self._base_url + path, params=query, timeout=5)

    def post(self, path: str, body: dict | None = None, **headers: str) -> requests.Response:
        return self._session.post(self._base_url + path, json=body, headers=headers, timeout=5)

    def delete(self, path: str) -> requests.Response:
        return self._session.delete(self._base_url + path, timeout=5)

    def close(self) -> None:
        self._session.close()


@pytest.fixture(scope="session")
def shop():
    client = ShopClient(settings.STOREFRONT["BASE_URL"])
    yield client
    client.close()


@pytest.fixture
def cart(shop):
    """The path of an empty cart."""
    return f"/carts/{shop.post('/carts').json()['id']}"


@pytest.fixture
def order(shop, cart):
    """What a customer sends to buy one blue mug."""
    shop.post(f"{cart}/lines", {"sku": "mug-01"})
    return {
        "cart": int(cart.rpartition("/")[2]),
        "country": "DE",
        "postcode": "10115",
        "payment": {"method": "card", "number": "4000000000000001"},
    }
