"""What the manual's generated parts are made of: functions that read the code and give Markdown."""
