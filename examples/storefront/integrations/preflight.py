"""No test makes sense while the shop is down."""

import requests
import settings

from qlty.classes.integrations.base_integration import Integration


class StorefrontAnswers(Integration):
    """Aborts the run before its first test where the service does not answer."""

    required = True

    def on_run_start(self):
        """Ask for the service's health."""
        response = requests.get(f"{settings.STOREFRONT['BASE_URL']}/health", timeout=5)
        response.raise_for_status()
