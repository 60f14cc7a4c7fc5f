"""What a run costs: bare pytest against pytest that reports to three systems, in pairs."""
