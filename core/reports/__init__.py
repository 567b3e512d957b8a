"""Reports as values, and the files they become: the same report for the command, the API and the pages."""
