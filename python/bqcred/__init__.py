"""bqcred is a program, not a library: `bqcred --help`, or `python -m bqcred --help`.

In a notebook, `%load_ext bqcred` adds the magic `%bqcred`: sign in, and run this kernel as you.
"""


def load_ipython_extension(shell):
    from bqcred._magic import BqcredMagics

    shell.register_magics(BqcredMagics(shell))


def unload_ipython_extension(shell):
    shell.magics_manager.magics["line"].pop("bqcred", None)
