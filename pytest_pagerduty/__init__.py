"""PagerDuty incidents for failing pytest tests."""
