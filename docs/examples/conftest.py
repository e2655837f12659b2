"""These folders are whole distributions. Their tests run where they are installed, not here."""
# ruff: noqa: INP001 - a folder of projects is no package

collect_ignore_glob = ["*"]
