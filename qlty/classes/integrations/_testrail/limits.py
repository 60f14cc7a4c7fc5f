"""What TestRail takes, each with the vendor's page or the thread that says so."""

from __future__ import annotations

#: entries of one page of a listing
#: https://support.testrail.com/hc/en-us/articles/7077819312404-Results
PAGE = 250

#: results in one call; no page names a maximum, and bytes bound most calls before it does. After an
#: answer that did not come in time the next attempt sends a quarter as many, down to the fewest:
#: how long a site takes for one result is not known
RESULTS_PER_CALL = 1_000
FEWEST_RESULTS_PER_CALL = 50

#: bytes of one call; no page names a maximum, PHP takes 8 MB unless its owner says otherwise
#: https://www.php.net/manual/en/ini.core.php#ini.post-max-size
BYTES_PER_CALL = 1_000_000

#: characters of a result's comment: what reporters agree on, so that a page stays readable
#: https://github.com/allankp/pytest-testrail
COMMENT = 4_000

#: characters of a run's references
#: https://support.testrail.com/hc/en-us/articles/7077874763156-Runs
REFS = 250

#: bytes of one attachment
#: https://support.testrail.com/hc/en-us/articles/7077196481428-Attachments
ATTACHMENT_BYTES = 256 * 1024 * 1024

#: files of one test; a folder of evidence can hold a frame for every step
FILES_PER_TEST = 20

#: "untested" is what a test is before its first result, and no result can say it
#: https://support.testrail.com/hc/en-us/articles/7077819312404-Results
UNTESTED = "untested"
UNTESTED_ID = 3

#: seconds to wait for one answer
ANSWER_SECONDS = 30.0

#: seconds that one attempt waits by itself where TestRail asks to; a lane waits longer ones
#: https://support.testrail.com/hc/en-us/articles/7077083596436-Introduction-to-the-TestRail-API
OWN_WAIT_SECONDS = 10.0
