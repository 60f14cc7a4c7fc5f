"""Integrations: the base class, the registry, and one module for each remote system."""
