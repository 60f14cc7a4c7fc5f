import pytest

HEAD = """
from qlty.classes.integrations.base_integration import Integration
from spy import Spy, tell
"""


@pytest.fixture
def suite(project):
    """A project with two tests and a function that gives it integrations."""
    project.write("test_two.py", "def test_one(): pass\ndef test_two(): pass\n")

    def integrations(code: str, entries: str, *more: str):
        project.write("mine.py", HEAD + code)
        project.write("settings.py", f"CUSTOM_INTEGRATIONS = {entries}\n" + "\n".join(more))
        return project

    return integrations
