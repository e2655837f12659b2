"""The files of deploy/, each asked of the program it was written for."""
