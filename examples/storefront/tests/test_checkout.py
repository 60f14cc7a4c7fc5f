"""Buying. Where a customer cannot buy, somebody is called."""

import pytest

pytestmark = pytest.mark.usefixtures("pagerduty_fixture")


@pytest.fixture
def approved_customer(shop):
    """A customer who may pay by invoice."""
    checked = shop.post("/credit-checks", {"email": "yuki@example.com"})
    assert checked.ok, checked.json()["error"]
    return checked.json()["email"]


@pytest.mark.testrail("C18")
@pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ", urgency="high")
def test_checkout_with_a_credit_card(shop, order):
    assert shop.post("/orders", order).status_code == 201


@pytest.mark.testrail("C19")
def test_a_declined_card_shows_the_reason(shop, order):
    order["payment"]["number"] = "4000000000000002"
    refused = shop.post("/orders", order)
    assert refused.status_code == 402
    assert "insufficient funds" in refused.json()["error"]


@pytest.mark.testrail("C20")
def test_checkout_with_an_invoice(shop, order, approved_customer):
    order["payment"] = {"method": "invoice"}
    order["email"] = approved_customer
    assert shop.post("/orders", order).status_code == 201


@pytest.mark.testrail("C24")
def test_checkout_refuses_an_unknown_postcode(shop, order):
    order["postcode"] = "no such place"
    assert shop.post("/orders", order).status_code == 422


@pytest.mark.testrail("C25")
@pytest.mark.parametrize(("country", "shipping"), [("DE", 490), ("AT", 890), ("CH", 1490)])
def test_shipping_depends_on_the_country(shop, order, country, shipping):
    order["country"] = country
    assert shop.post("/orders", order).json()["shipping"] == shipping


@pytest.mark.testrail("C27")
@pytest.mark.pagerduty_trigger_incident(
    service_id="XIXOOXZ",
    urgency="high",
    priority_id="PRIOR01",
    assignee_id="SE169QA",
    incident_key="storefront-double-orders",
    details="Customers are charged twice. Runbook: switch the buy button to single use.",
)
def test_a_double_click_places_one_order(shop, order):
    """Validates that an order is placed once.

    - the same idempotency key is sent twice, as by a double click
    - both answers name the same order
    """
    first = shop.post("/orders", order, **{"Idempotency-Key": "click-1"}).json()
    second = shop.post("/orders", order, **{"Idempotency-Key": "click-1"}).json()
    assert second["id"] == first["id"], "one double click, two orders"


@pytest.mark.testrail("C29")
def test_the_order_history_lists_newest_first(shop, order):
    order["email"] = "amina@example.com"
    placed = [shop.post("/orders", order).json()["id"] for _ in range(2)]
    listed = [found["id"] for found in shop.get("/orders", email="amina@example.com").json()]
    assert listed == placed[::-1]
