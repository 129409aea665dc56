"""Lists kernels as nb_conda_kernels does, which can be had from conda's channels only.

Written from what that package does: the kernels of every environment that `conda info --json` names, under
names like `conda-env-science-py`, started through `nb_conda_kernels.runner`; a kernel that Jupyter finds in
the same folder gives way. The tests use the real package where BQCRED_TEST_NB_CONDA_KERNELS names the folder
that holds it.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

SHORT = {"python2": "py", "python3": "py", "ir": "r"}


def environments(info):
    base = info["conda_prefix"]
    found = {}
    for prefix in info["envs"]:
        folder, name = os.path.split(prefix)
        around = os.path.dirname(folder)
        if prefix == base:
            name = "base"
        elif os.path.basename(folder) == "envs" and (around != base or name in found):
            name = os.path.basename(around) + "-" + name
        first, count = name, 2
        while name in found:
            name, count = f"{first}-{count}", count + 1
        found[name] = prefix
    return found


class CondaKernelSpecManager(KernelSpecManager):
    def __init__(self, **options):
        super().__init__(**options)
        info = json.loads(subprocess.check_output([os.environ.get("CONDA_EXE", "conda"), "info", "--json"]))
        self.kept = {}
        for name, prefix in environments(info).items():
            for file in Path(prefix, "share/jupyter/kernels").glob("*/kernel.json"):
                self.keep(info, name, prefix, file)

    def keep(self, info, name, prefix, file):
        spec = json.loads(file.read_text("utf-8"))
        kind = "" if name == "base" else "env-"
        folder = file.parent.name
        kernel = re.sub(r"[^a-zA-Z0-9._\-]", "_", f"conda-{kind}{name}-{SHORT.get(folder, folder)}")
        language = "Python" if spec["display_name"].startswith("Python") else spec["display_name"]
        spec["display_name"] = f"{language} [conda env:{name}]" + (" *" if prefix == sys.prefix else "")
        if prefix != sys.prefix:
            runner = ["python", "-m", "nb_conda_kernels.runner", info["conda_prefix"], prefix]
            spec["argv"] = runner + spec["argv"]
        self.kept[kernel] = KernelSpec(resource_dir=str(file.parent), **spec)

    def find_kernel_specs(self):
        theirs = {spec.resource_dir for spec in self.kept.values()}
        found = super().find_kernel_specs()
        found = {name: folder for name, folder in found.items() if folder not in theirs}
        found.update({name: spec.resource_dir for name, spec in self.kept.items()})
        allowed = self.allowed_kernelspecs
        return {name: folder for name, folder in found.items() if not allowed or name in allowed}

    def get_kernel_spec(self, kernel_name):
        return self.kept.get(kernel_name) or super().get_kernel_spec(kernel_name)

    def get_all_specs(self):
        return {
            name: {"resource_dir": folder, "spec": self.get_kernel_spec(name).to_dict()}
            for name, folder in self.find_kernel_specs().items()
        }
