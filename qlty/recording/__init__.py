"""Recording a pytest run: from hooks and reports to the lifecycle.

Nothing is imported here: in every run pytest's door looks at ``active``, at no more of it.
"""
