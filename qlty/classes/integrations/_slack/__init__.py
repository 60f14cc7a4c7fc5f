"""What Slack's integration is made of.

``settings``; ``failures`` and ``report`` (facts), ``text``, ``limits`` and ``message`` (their
form); ``client`` and ``words`` (Slack's SDK and its errors); ``steps``, ``posting``, ``webhook``
and ``files`` (what the relay does); ``preflight`` and ``live``.
"""
