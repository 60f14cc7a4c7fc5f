"""What tests do to the environment does not change how the run is delivered."""

CODE = """
import os
from pathlib import Path
from qlty.settings import IntegrationSettings, Secret, load

class ShopSettings(IntegrationSettings, frozen=True, kw_only=True):
    color: str

class Shop(Integration):
    def on_run_end(self, *args, **more):
        self.deliver({"color": load("SHOP", ShopSettings).color}, key="1")

    def send(self, job):
        found = [job.payload["color"], load("SHOP", ShopSettings).color, os.environ["SHOP_COLOR"]]
        (Path(__file__).parent / "sent").write_text(" ".join(found))
"""

TESTS = """
import os
import pytest

@pytest.fixture(scope="session", autouse=True)
def other():
    os.environ["SHOP_COLOR"] = "red"

def test_a(): pass
"""


def test_the_environment_of_the_start_counts(suite):
    project = suite(CODE, "['mine.Shop']")
    project.write("test_two.py", TESTS)
    ran = project.pytest("--qlty", env={"SHOP_COLOR": "green"})
    assert ran.returncode == 0, ran.stdout
    assert project.lines("sent") == ["green green green"], ran.stdout
