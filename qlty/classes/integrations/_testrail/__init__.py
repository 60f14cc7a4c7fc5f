"""Parts of the TestRail integration: pure builders, a client, the steps of a delivery."""
