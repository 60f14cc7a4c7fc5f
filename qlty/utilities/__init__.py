"""The documented homes of the logger and of the command line's arguments."""
