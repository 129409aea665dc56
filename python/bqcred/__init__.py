"""bqcred is a program, not a library: `bqcred --help`, or `python -m bqcred --help`."""
