"""`python -m bqcred`: runs the bqcred program that this Python's package contains."""

import os
import sys

from bqcred import _program

if __name__ == "__main__":
    try:
        program = _program.find()
    except _program.Missing as missing:
        sys.exit(str(missing))
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.call([program] + sys.argv[1:]))
    os.execv(program, [program] + sys.argv[1:])
