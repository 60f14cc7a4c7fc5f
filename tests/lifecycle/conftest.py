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


#: an integration that delivers to a file; `fault` decides what its remote does
FILING = """
from pathlib import Path
from qlty.errors import AnswerLost, Refused, RetryLater

class Filing(Integration):
    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        names = [name for tests in test_results.values() for name in tests]
        self.deliver({"run": test_run_id, "tests": names}, key=test_run_id)

    def send(self, job):
        here = Path(__file__).parent
        fault = here / "fault"
        if fault.exists():
            raise {"refuse": Refused("no such drawer"), "later": RetryLater("drawer is jammed", 600),
                   "soon": RetryLater("drawer is jammed"), "crash": ValueError("odd")}[fault.read_text()]
        with open(here / "drawer.jsonl", "a") as drawer:
            drawer.write(f'{job.key} {",".join(job.payload["tests"])}\\n')
        from qlty.delivery import Sent
        return Sent("filed", links=("https://drawer.example.com/1",))
"""


@pytest.fixture
def filing(suite):
    return suite(FILING, "['mine.Filing', 'spy.Spy']")


@pytest.fixture
def filing_code():
    return FILING
