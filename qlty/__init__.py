"""QLTY Framework: carries the results of a test run to the people and systems that act on them.

The runner imports it before pytest does, hence PYTEST_DONT_REWRITE.
"""
