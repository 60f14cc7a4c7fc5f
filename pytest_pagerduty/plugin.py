"""The pytest face of the PagerDuty integration."""
