"""Reading the results of any runner: JUnit XML, CTRF, pytest-reportlog, and our own records.

One module a format; :func:`read` finds out by the content which one a file is.
"""

from qlty.ingest._read import read
from qlty.ingest._report import Remark, Report
from qlty.ingest._source import STDIN

__all__ = ["STDIN", "Remark", "Report", "read"]
