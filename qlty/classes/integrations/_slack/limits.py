"""What Slack takes, counted in code points.

Sources:
    https://docs.slack.dev/reference/block-kit/blocks (50 blocks in a message)
    https://docs.slack.dev/reference/block-kit/blocks/header-block
    https://docs.slack.dev/reference/block-kit/blocks/section-block
    https://docs.slack.dev/reference/block-kit/blocks/context-block
    https://docs.slack.dev/reference/methods/chat.update (text of at most 4,000 characters)
    https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

BLOCKS = 50
HEADER = 150
SECTION = 3000
CONTEXT = 3000

#: Our own: a longer address would leave too little of a section for what it is about.
URL = 1000

#: All blocks of a message together. Slack documents no number; ``msg_blocks_too_long`` was
#: reported from about 13,200 characters on (https://github.com/slackapi/bolt-js/issues/2509).
#: We count the blocks as JSON, which is never less than any other way to count them.
MESSAGE = 12_000

#: ``chat.postMessage`` takes 40,000 characters, ``chat.update`` 4,000; a fallback is read aloud.
FALLBACK = 1000

#: About one message a second in a channel, short bursts are allowed.
PAUSE = 1.0
BURST = 3

#: ``chat.update`` is of tier 3: at least 50 calls a minute. Seconds between two updates.
LIVE_EVERY = 3.0

#: Our own: Slack takes files of 1 GB, but nobody waits for that at the end of a run.
FILES = 10
FILE_BYTES = 20_000_000
ALL_FILES_BYTES = 50_000_000

#: ``conversations.history``: https://docs.slack.dev/reference/methods/conversations.history
PAGE = 200
PAGES = 10
