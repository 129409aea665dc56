"""`python -m bqcred`: runs the bqcred program that this Python's package contains."""

import os
import sys
import sysconfig


def find_program():
    name = "bqcred" + (sysconfig.get_config_var("EXE") or "")
    # pip installs into the environment, or with --user beside the user's packages, or with --target below it
    user = sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))
    target = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin")
    for folder in (sysconfig.get_path("scripts"), user, target):
        program = os.path.join(folder, name)
        if os.path.isfile(program):
            return program
    sys.exit("bqcred: the package's program is missing: `pip install --force-reinstall bqcred`")


if __name__ == "__main__":
    program = find_program()
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.call([program] + sys.argv[1:]))
    os.execv(program, [program] + sys.argv[1:])
