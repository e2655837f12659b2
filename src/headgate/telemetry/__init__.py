"""What can be seen from outside: every metric in one table, one log line a call."""
