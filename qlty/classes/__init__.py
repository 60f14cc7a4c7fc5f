"""The documented homes of integrations and of what they share."""
