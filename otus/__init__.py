"""The command line, and nothing else. Everything is imported inside the subcommands."""
