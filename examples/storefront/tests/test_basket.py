"""What happens before the checkout."""

import pytest


@pytest.mark.testrail(9)
def test_a_product_can_be_put_into_the_basket(shop, cart):
    added = shop.post(f"{cart}/lines", {"sku": "mug-01"})
    assert added.json()["lines"] == {"mug-01": 1}


@pytest.mark.testrail(10)
def test_the_same_product_twice_raises_the_quantity(shop, cart):
    shop.post(f"{cart}/lines", {"sku": "mug-01"})
    added = shop.post(f"{cart}/lines", {"sku": "mug-01", "quantity": 2})
    assert added.json()["lines"] == {"mug-01": 3}


@pytest.mark.testrail(11)
def test_a_product_can_be_taken_out(shop, cart):
    shop.post(f"{cart}/lines", {"sku": "mug-01"})
    assert shop.delete(f"{cart}/lines/mug-01").json()["lines"] == {}


@pytest.mark.testrail(14)
def test_the_basket_shows_the_total_with_tax(shop, cart):
    added = shop.post(f"{cart}/lines", {"sku": "lamp-02"})
    assert added.json()["total_shown"] == "105.91 EUR"


@pytest.mark.testrail(15)
def test_a_sold_out_product_cannot_be_added(shop, cart):
    refused = shop.post(f"{cart}/lines", {"sku": "chair-01"})
    assert refused.status_code == 409
    assert refused.json()["error"] == "Oak chair is sold out"


class TestVouchers:
    @pytest.mark.testrail(16)
    @pytest.mark.usefixtures("pagerduty_fixture")
    @pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ", urgency="low")
    def test_a_voucher_lowers_the_total_once(self, shop, cart):
        """A voucher is worth its amount one time, however often it is entered."""
        shop.post(f"{cart}/lines", {"sku": "mug-01", "quantity": 2})
        once = shop.post(f"{cart}/vouchers", {"code": "WELCOME5"}).json()["total"]
        shop.post(f"{cart}/vouchers", {"code": "WELCOME5"})
        twice = shop.get(cart).json()["total"]
        assert twice == once, f"the voucher took off {once - twice} cents more"

    @pytest.mark.testrail(17)
    def test_an_expired_voucher_is_refused_with_its_date(self, shop, cart):
        refused = shop.post(f"{cart}/vouchers", {"code": "SPRING20"})
        assert refused.status_code == 410
        assert "2020-05-31" in refused.json()["error"]
