"""Helpers that integrations share."""
