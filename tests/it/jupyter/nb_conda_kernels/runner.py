"""Runs a kernel's command in another environment of conda's."""

import os
import shlex
import sys

conda, environment, *command = sys.argv[1:]
script = f". '{conda}/bin/activate' '{environment}' && exec {shlex.join(command)}"
os.execvp("bash", ["bash", "-c", script])
