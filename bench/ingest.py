"""What reading a large report costs: ``python bench/ingest.py [CASES]``.

Half a million tests in about 195 MB of JUnit XML, against a bare ``iterparse`` of the same file in
the same run, each in a process of its own. Prints the ratio of processor times, the
median of three rounds, and the peak of memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

CASES = 500_000
PER_SUITE = 500
ROUNDS = 3

TRACE = "".join(
    f"    at com.acme.shop.checkout.Basket$Line.total{n}(Basket.java:{n * 7})\n" for n in range(20)
)

BARE = """
import sys, time, resource
from xml.etree.ElementTree import iterparse
started = time.process_time()
for _, element in iterparse(sys.argv[1]):
    element.clear()
"""
OURS = """
import sys, time, resource
from pathlib import Path
from qlty.ingest import read
started = time.process_time()
report = read([sys.argv[1]], Path.cwd())
assert report.complete and len(report.rows) == int(sys.argv[2]), report.holes
"""
END = """
import json
print(json.dumps([time.process_time() - started,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def write(path: Path, cases: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        for suite in range(cases // PER_SUITE):
            _write_suite(file, suite)
        file.write("</testsuites>\n")


def _write_suite(file, suite):
    name = f"com.acme.shop.checkout.module{suite % 40}.BasketOfGoodsTest{suite}"
    file.write(
        f'  <testsuite name="{name}" tests="{PER_SUITE}" failures="{PER_SUITE // 50}" errors="0" '
        f'skipped="{PER_SUITE // 50}" time="1.0" timestamp="2026-01-02T03:04:05">\n'
    )
    for number in range(PER_SUITE):
        file.write(
            f'    <testcase classname="{name}" name="adds_goods_to_the_basket_and_computes_the_'
            f'total_of_all_lines[{number} pieces of article {number * 7}]" time="0.{number:03}"'
        )
        file.write(_inside(number))
    file.write("  </testsuite>\n")


def _inside(number):
    if number % 50 == 0:
        return (
            f'>\n<failure message="expected 3, got {number}" type="AssertionError">'
            f"AssertionError: expected 3, got {number}\n{TRACE}</failure></testcase>\n"
        )
    if number % 50 == 1:
        return '>\n<skipped message="not on this platform"/></testcase>\n'
    if number % 5 == 2:
        return f"><system-out>{'adding one piece to the basket; ' * 26}</system-out></testcase>\n"
    return "/>\n"


def measure(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code + END, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junit.xml"
        write(path, cases)
        rounds = [
            (measure(BARE, str(path)), measure(OURS, str(path), str(cases))) for _ in range(ROUNDS)
        ]
        size = path.stat().st_size / 1e6
    # of the processor's time, since the machine's load moves all else
    bare, ours = (median(one[which][0] for one in rounds) for which in (0, 1))
    ratio = median(ours[0] / bare[0] for bare, ours in rounds)
    memory = max(ours[1] for _, ours in rounds)
    print(f"{cases:,} tests in {size:.0f} MB: bare iterparse {bare:.2f} s, ours {ours:.2f} s")
    print(f"ratio {ratio:.2f} (target 1.50), memory {memory:.0f} MB (target 370)")


if __name__ == "__main__":
    main()
