"""Where the bqcred program of this Python's package is."""

import os
import sysconfig


class Missing(Exception):
    """The package's program is not there; the text says what helps."""


def find():
    """The path of the program."""
    name = "bqcred" + (sysconfig.get_config_var("EXE") or "")
    # pip installs into the environment, or with --user beside the user's packages, or with --target below it
    user = sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))
    target = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin")
    for folder in (sysconfig.get_path("scripts"), user, target):
        program = os.path.join(folder, name)
        if os.path.isfile(program):
            return program
    raise Missing("bqcred: the package's program is missing: `pip install --force-reinstall bqcred`")
