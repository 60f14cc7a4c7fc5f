"""What Slack's integration is made of.

``settings`` and ``wording``; ``failures`` and ``report`` (facts), ``text``, ``limits`` and
``message`` (their form); ``client`` and ``words`` (Slack's SDK and its errors); ``steps``,
``posting``, ``webhook``, ``linking`` and ``files`` (sending); ``preflight``,
``trial``, ``live`` and ``rehearsal``.
"""
