"""The magic `%bqcred`. It only asks and shows: the program does the work.

Google's libraries are not imported here; those that the notebook has imported are told of the new credential.
"""

import getpass
import html
import json
import os
import shlex
import subprocess
import sys

from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from bqcred import _program

USAGE = """%bqcred login [ACCOUNT] [--profile NAME] [--project P] [--scopes LIST] [--client-id-file F]
%bqcred use NAME    %bqcred status    %bqcred doctor    %bqcred off"""

# libraries that keep a credential from their first use, and where
CONTEXTS = ("bigquery_magics", "google.cloud.bigquery.magics.magics", "pandas_gbq")
KEPT = ("_credentials", "_project")
# what bqcred may set in an environment; a variable that it doesn't set now must not stay from another profile
VARIABLES = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT")
ATTEMPTS = 3
USAGE_EXIT = 2  # the program's exit code for something pasted that can't be used


@magics_class
class BqcredMagics(Magics):
    def __init__(self, shell):
        super().__init__(shell)
        self._environment = None  # as it was before: name to value or None
        self._kept = {}  # the same for what libraries kept

    @line_magic
    def bqcred(self, line):
        """Sign in with bqcred, and run this kernel as you."""
        words = shlex.split(line)
        commands = {
            "login": self._login,
            "use": self._use,
            "status": self._show,
            "doctor": self._show,
            "off": self._off,
        }
        command = commands.get(words[0] if words else "")
        if command is None:
            raise UsageError("choose one of:\n" + USAGE)
        command(words)

    def _login(self, words):
        if "--finish" in words or "--start" in words:
            raise UsageError("`%bqcred login` does both steps by itself")
        start = _run(words[:1] + ["--start"] + words[1:], fails="starting")
        link = _show_link(start.stdout.strip())
        profile = _profile_option(words)
        for attempt in range(1, ATTEMPTS + 1):
            finish = _run(["login", "--finish", "-"] + profile, input=_ask(link), check=False)
            if finish.returncode == 0:
                break
            if finish.returncode != USAGE_EXIT or attempt == ATTEMPTS:
                link.close()
                raise UsageError(_words(finish))
            print(_words(finish))
        link.close()
        print(_words(finish))
        self._become(profile)

    def _use(self, words):
        if len(words) != 2 or words[1].startswith("-"):
            raise UsageError("name one profile: `%bqcred use NAME`; `!bqcred list` shows them")
        self._become(["--profile", words[1]])

    def _show(self, words):
        # both have results to show even if they end with an exit code of their own
        shown = _run(words, check=False)
        print("\n".join(text for text in (shown.stdout.rstrip(), _words(shown)) if text))

    def _off(self, words):
        if self._environment is None:
            print("this notebook's environment was not changed")
            return
        _set(self._environment)
        for name, before in self._kept.items():
            _keep(name, before)
        self._environment, self._kept = None, {}
        print("this notebook's environment is as it was before %bqcred")

    def _become(self, profile):
        """Makes this kernel run as the user of a profile."""
        printed = _run(["env", "--format", "json"] + profile)
        new = json.loads(printed.stdout)
        status = _run(["status", "--offline", "--json", "--profile", new["BQCRED_PROFILE"]], check=False)
        if self._environment is None:
            self._environment = {}
        for name in (*VARIABLES, *new):
            self._environment.setdefault(name, os.environ.get(name))
        _set({**{name: None for name in VARIABLES}, **new})
        for name in CONTEXTS:
            before = _keep(name, (None, new.get("GOOGLE_CLOUD_PROJECT")))
            if before is not None:
                self._kept.setdefault(name, before)
        said = _words(printed)
        if said:
            print(said)
        print("this notebook now runs as " + _who(status, new))


class _Link:
    """The address to open, shown until the sign-in is done."""

    def __init__(self, url):
        self.url = url
        address = html.escape(url, quote=True)
        link = f'<a href="{address}" target="_blank" rel="noopener noreferrer">Sign in with Google</a>'
        text = "Then copy the whole address of the page that 127.0.0.1 can't show, and paste it below."
        content = {"text/plain": f"Open this address and sign in:\n{url}\n{text}", "text/html": f"{link}. {text}"}
        self.handle = display(content, raw=True, display_id=True)

    def close(self):
        if self.handle is not None:
            self.handle.update({"text/plain": "", "text/html": ""}, raw=True)


def _show_link(url):
    return _Link(url)


def _ask(link):
    try:
        # not shown, not in the history, not in the notebook
        return getpass.getpass("Paste the address: ")
    except (StdinNotImplementedError, EOFError):
        link.close()
        raise UsageError(
            "this notebook runs where nobody can be asked: sign in with `bqcred login` in a terminal, then `%bqcred use NAME`"
        ) from None
    except KeyboardInterrupt:
        link.close()
        raise UsageError("interrupted; nothing was changed") from None


def _run(words, input=None, check=True, fails=None):
    try:
        program = _program.find()
    except _program.Missing as missing:
        raise UsageError(str(missing)) from None
    environment = dict(os.environ)
    for name in ("CLICOLOR_FORCE", "FORCE_COLOR"):
        environment.pop(name, None)
    environment["NO_COLOR"] = "1"
    done = subprocess.run(
        [program, *words],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    if check and done.returncode != 0:
        raise UsageError(_words(done))
    return done


def _words(done):
    return done.stderr.strip()


def _profile_option(words):
    for at, word in enumerate(words):
        if word == "--profile":
            return words[at : at + 2]
        if word.startswith("--profile="):
            return [word]
    return []


def _who(status, variables):
    try:
        account = json.loads(status.stdout).get("account")
    except ValueError:
        account = None
    account = account or f"the user of profile {variables['BQCRED_PROFILE']}"
    project = variables.get("GOOGLE_CLOUD_PROJECT")
    return f"{account} (project {project})" if project else f"{account} (no project)"


def _set(variables):
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _keep(name, values):
    """Puts these into what a library keeps, and returns what was there; None if the library isn't loaded."""
    context = getattr(sys.modules.get(name), "context", None)
    if context is None:
        return None
    before = tuple(getattr(context, attribute, None) for attribute in KEPT)
    for attribute, value in zip(KEPT, values):
        setattr(context, attribute, value)
    return before
