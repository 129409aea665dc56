"""Makes a running kernel use a profile. Google's libraries are not imported: one that isn't loaded has kept nothing.

The code that `bqcred login --finish` prints for a cell begins with this file, so nothing of this package is used here.
"""

import os
import sys
import warnings

PROFILE, FILE, PROJECT = "BQCRED_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"
GCLOUD = ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "CLOUDSDK_CORE_ACCOUNT", "CLOUDSDK_CORE_PROJECT")
# what another profile may have set, and this one need not set
OPTIONAL = (PROJECT, "GOOGLE_CLOUD_QUOTA_PROJECT")
# libraries that keep a credential and a project from their first use, and in which attributes
CONTEXTS = ("bigquery_magics", "google.cloud.bigquery.magics.magics", "pandas_gbq")
KEPT = ("_credentials", "_project")


class BqcredError(Exception):
    """What the program says. IPython shows that alone, and whoever runs the notebook gets an error as any other."""

    def _render_traceback_(self):
        return [str(self)]


class Kernel:
    """This process, and how it was before the first change."""

    def __init__(self):
        self._environment = {}  # name to value or None
        self._kept = []  # contexts of libraries, and what they kept
        self.changed = False

    def run_as(self, variables):
        """Sets the variables of a profile, and what the libraries keep. Returns what the user has to know."""
        self.changed = True
        new = {**dict.fromkeys(_leftovers(variables)), **variables}
        for name in new:
            self._environment.setdefault(name, os.environ.get(name))
        known = [context for context, _ in self._kept]
        for context in _contexts():
            if not any(context is one for one in known):
                self._kept.append((context, [getattr(context, name, None) for name in KEPT]))
        _set(new)
        for context in _contexts():
            _keep(context, [_default_credential(), os.environ.get(PROJECT) or None])
        return _made_before()

    def restore(self):
        """Everything as it was before the first change. Returns what the user has to know."""
        _set(self._environment)
        for context in _contexts():
            # what a library has kept since then is not of before
            before = [kept for one, kept in self._kept if one is context]
            _keep(context, before[0] if before else [None, None])
        self.__init__()
        return _made_before()


def _leftovers(variables):
    """The variables that another profile has set here."""
    if os.environ.get(PROFILE, variables[PROFILE]) == variables[PROFILE]:
        return ()
    has_gcloud = os.environ.get(GCLOUD[0]) and os.environ.get(GCLOUD[0]) == os.environ.get(FILE)
    return OPTIONAL + GCLOUD if has_gcloud else OPTIONAL


def _set(variables):
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _contexts():
    found = []
    for name in CONTEXTS:
        context = getattr(sys.modules.get(name), "context", None)
        # one library's may be another's
        if context is not None and not any(context is one for one in found):
            found.append(context)
    return found


def _keep(context, values):
    for name, value in zip(KEPT, values):
        setattr(context, name, value)


def _default_credential():
    # the user's own, and not None: a library that looks for one itself may find another account's in a cache
    auth = sys.modules.get("google.auth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return auth.default()[0] if auth else None
        except Exception:  # the library's own error, when it is used
            return None


def _made_before():
    """What still has the credential of before: BigFrames' session, which is ended, and clients, which are named."""
    told = []
    if getattr(sys.modules.get("bigframes.core.global_session"), "_global_session", None) is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sys.modules["bigframes.core.global_session"].close_session()
        except Exception:  # its temporary tables end by themselves
            sys.modules["bigframes.core.global_session"]._global_session = None
        told.append("the session of BigFrames was closed: create its DataFrames again")
    client = getattr(sys.modules.get("google.cloud.bigquery"), "Client", ())
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    names = [name for name, value in list(getattr(shell, "user_ns", {}).items()) if isinstance(value, client)]
    names = [name for name in names if not name.startswith("_")]
    if names:
        told.append(f"BigQuery clients that exist already keep their account; create them again: {', '.join(names)}")
    return told
