"""The magic `%bqcred`. It only asks and shows: the program does the work."""

import getpass
import html
import json
import os
import shlex
import subprocess
import sys

from IPython.core.error import StdinNotImplementedError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from bqcred import _program
from bqcred._kernel import BqcredError, Kernel

USAGE = """%bqcred login [ACCOUNT] [--profile NAME] [--project P] [--scopes LIST] [--client-id-file F]
%bqcred use NAME    %bqcred status    %bqcred doctor    %bqcred off"""

ATTEMPTS = 3
USAGE_EXIT = 2  # the program's exit code for something pasted that can't be used
# where the browser ends at the sign-in under an OAuth client of the user's; elsewhere a page shows a code
LOOPBACK = "redirect_uri=http%3A%2F%2F127.0.0.1"


# one for this process: `%reload_ext` makes the magic anew, and how the kernel was at first must be known on
KERNEL = Kernel()


@magics_class
class BqcredMagics(Magics):

    @line_magic
    def bqcred(self, line):
        """Sign in with bqcred, and run this kernel as you."""
        try:
            words = shlex.split(line)
        except ValueError:
            raise BqcredError("a quotation mark has no counterpart") from None
        commands = {
            "login": self._login,
            "use": self._use,
            "status": self._show,
            "doctor": self._show,
            "off": self._off,
        }
        command = commands.get(words[0] if words else "")
        if command is None:
            raise BqcredError("choose one of:\n" + USAGE)
        command(words)

    def _login(self, words):
        if any(word.split("=")[0] in ("--finish", "--start") for word in words):
            raise BqcredError("`%bqcred login` does both steps by itself")
        if {"-h", "--help"} & set(words):
            print(_run(words).stdout.rstrip())
            return
        _refuse_unattended(self.shell)
        started = _run(words[:1] + ["--start"] + words[1:])
        if _said(started):  # as that a sign-in changes nothing here
            print(_said(started))
        link = _Link(started.stdout.strip())
        try:
            finished = _finish(link, _profile_option(words))
        finally:
            link.close()
        self._become(_profile_option(words), said=_said(finished))

    def _use(self, words):
        if len(words) != 2 or words[1].startswith("-"):
            raise BqcredError("name one profile: `%bqcred use NAME`; `!bqcred list` shows them")
        self._become(["--profile", words[1]])

    def _show(self, words):
        # both have results to show even if they end with an exit code of their own
        shown = _run(words, check=False)
        print("\n".join(text for text in (shown.stdout.rstrip(), _said(shown)) if text))

    def _off(self, words):
        if len(words) > 1:
            raise BqcredError("`%bqcred off` takes nothing more")
        if not KERNEL.changed:
            print("%bqcred has changed nothing in this notebook")
            return
        told = KERNEL.restore()
        print("\n".join([*told, "this notebook is as it was before %bqcred"]))

    def _become(self, profile, said=""):
        """Makes this kernel run as the user of a profile."""
        # in a kernel that gets access tokens only, the variables are those that it has, or the profile is refused
        printed = _run(["env", "--format", "json", *profile], check=False)
        if printed.returncode != 0:
            raise BqcredError("\n".join(text for text in (said, _said(printed)) if text))
        new = json.loads(printed.stdout)
        told = KERNEL.run_as(new)
        lines = [said, _said(printed), *told, _said(_run(["env", "--announce"], check=False))]
        print("\n".join(line for line in lines if line))


class _Link:
    """The address to open, shown until the sign-in is done."""

    def __init__(self, url):
        self.is_code = LOOPBACK not in url
        address = html.escape(url, quote=True)
        link = f'<a href="{address}" target="_blank" rel="noopener noreferrer">Sign in with Google</a>'
        text = (
            "Then copy the code that Google shows, and paste it below."
            if self.is_code
            else "The browser then can't show a page at 127.0.0.1: copy its whole address, and paste it below."
        )
        content = {"text/plain": f"Open this address and sign in:\n{url}\n\n{text}", "text/html": f"{link}. {text}"}
        self._handle = display(content, raw=True, display_id=True)
        sys.stdout.flush()

    def ask(self):
        # not shown, not in the history, not in the notebook
        return getpass.getpass("Paste the code: " if self.is_code else "Paste the address: ")

    def close(self):
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)


def _finish(link, profile):
    """Asks for the answer until the program can use it."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = link.ask()
        except (StdinNotImplementedError, EOFError):
            raise BqcredError(_UNATTENDED) from None
        except KeyboardInterrupt:
            raise BqcredError("interrupted; nothing was changed") from None
        finished = _run(["login", "--finish", "-", *profile], input=answer, check=False)
        if finished.returncode == 0:
            return finished
        if finished.returncode != USAGE_EXIT or attempt == ATTEMPTS:
            raise BqcredError(_said(finished))
        print(_said(finished))


_UNATTENDED = (
    "nobody can be asked here: sign in with `bqcred login` in a terminal or in a notebook, then `%bqcred use NAME`"
)


def _refuse_unattended(shell):
    """Before a sign-in is started that nobody can complete: papermill and nbclient say that they answer nothing."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None and not getattr(kernel, "_allow_stdin", True):
        raise BqcredError(_UNATTENDED)


def _run(words, input=None, check=True):
    try:
        program = _program.find()
    except _program.Missing as missing:
        raise BqcredError(str(missing)) from None
    environment = dict(os.environ)
    for name in ("CLICOLOR_FORCE", "FORCE_COLOR"):
        environment.pop(name, None)
    environment["NO_COLOR"] = "1"
    try:
        done = subprocess.run(
            [program, *words],
            input="" if input is None else input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
            errors="replace",
        )
    except KeyboardInterrupt:
        raise BqcredError("interrupted; `%bqcred status` shows what was done") from None
    if check and done.returncode != 0:
        raise BqcredError(_said(done))
    return done


def _said(done):
    return done.stderr.strip()


def _profile_option(words):
    for at, word in enumerate(words):
        if word == "--profile":
            return words[at : at + 2]
        if word.startswith("--profile="):
            return [word]
    return []
