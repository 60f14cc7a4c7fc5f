"""Files of results, and reading them."""

from __future__ import annotations

import textwrap

import pytest

from qlty.ingest import read


class Files:
    """A folder of results."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            text if isinstance(text, bytes) else textwrap.dedent(text).strip().encode()
        )
        return str(path)

    def read(self, *texts):
        """Read each text as a file of its own."""
        return read([self.write(f"{n}.results", text) for n, text in enumerate(texts)], self.folder)

    def results(self, *texts):
        """Return the results by node id; each must be there once."""
        report = self.read(*texts)
        assert not report.holes, report.holes
        return results_of(report)


def results_of(report):
    results = [result for _, result in report.tests(0.0)]
    by_id = {result["nodeid"]: result for result in results}
    assert len(by_id) == len(results)
    return by_id


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)
