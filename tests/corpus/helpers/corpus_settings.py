"""The settings of every foreign suite: one integration that keeps what it is told."""

import json
import os

from qlty.classes.integrations.base_integration import Integration


class Spy(Integration):
    """Writes the results of the run to the file that ``SPY`` names."""

    required = True

    def __init__(self):
        self.ended = []

    def on_test_end(self, test_case, result):
        self.ended.append(test_case.nodeid)

    def on_run_end(self, test_results, test_run_id, elapsed_time, log_path=None, context=None):
        found = [result for tests in test_results.values() for result in tests.values()]
        with open(os.environ["SPY"], "w", encoding="utf-8") as file:
            json.dump({"ended": self.ended, "results": found}, file, default=str)


CUSTOM_INTEGRATIONS = ["corpus_settings.Spy"]
