"""An interpreter with the libraries loaded, which runs each environment in a child process: a line of JSON in, a
line of JSON out. Loading takes ten times as long as a run."""

import contextlib, errno, importlib, io, json, os, signal, subprocess, sys, warnings, webbrowser

import pandas_gbq.auth
import pydata_google_auth.cache
import requests

warnings.simplefilter("ignore")

# Some of these read variables when they are loaded, so each child loads them again.
THEIRS = ("google.auth", "google.oauth2", "pydata_google_auth", "pandas_gbq.auth", "google.cloud")


def unload():
    for name in [name for name in sys.modules if name.startswith(THEIRS)]:
        del sys.modules[name]


def load():
    for name in (
        "google.auth.compute_engine",
        "google.auth.transport.requests",
        "google.cloud.bigquery",
        "google.oauth2.credentials",
        "pandas_gbq.auth",
        "pydata_google_auth.cache",
    ):
        globals()[name.split(".")[0]] = importlib.import_module(name.split(".")[0])
        importlib.import_module(name)


BIGQUERY = ["https://www.googleapis.com/auth/bigquery"]
QUERIES = "https://bigquery.googleapis.com/bigquery/v2/projects/p1/queries"
QUERY = {"query": "SELECT SESSION_USER() AS who", "useLegacySql": False}


def who(response):
    response.raise_for_status()
    return response.json()["rows"][0]["f"][0]["v"]


def session(credentials):
    return google.auth.transport.requests.AuthorizedSession(credentials)


def kind(credentials):
    if isinstance(credentials, google.auth.compute_engine.Credentials):
        return "vm_service_account"
    if isinstance(credentials, google.oauth2.credentials.Credentials):
        return "user"
    if type(credentials).__module__ in FEDERATED:
        return "federated"
    return "service_account"


# these have no account of Google's
FEDERATED = ("google.auth.identity_pool", "google.auth.external_account_authorized_user")


def google_auth():
    credentials, project = google.auth.default(BIGQUERY)
    account = who(session(credentials).post(QUERIES, json=QUERY))
    return kind(credentials), account, project, credentials.quota_project_id


def bigquery():
    client = google.cloud.bigquery.Client(project="p1")
    # without the retries of a query, which last for minutes
    response = client._connection.api_request(method="POST", path="/projects/p1/queries", data=QUERY)
    return kind(client._credentials), response["rows"][0]["f"][0]["v"]


def ibis():
    # as ibis.backends.bigquery.Backend.do_connect() calls it
    cache = pydata_google_auth.cache.ReadWriteCredentialsCache(filename="ibis.json")
    return pydata_google_auth.default(BIGQUERY, credentials_cache=cache)


def magics():
    # as bigquery_magics.context.credentials calls it
    return pydata_google_auth.default(
        ["https://www.googleapis.com/auth/cloud-platform"], use_local_webserver=False
    )


def pydata(get):
    def run():
        credentials, _ = get()
        return kind(credentials), who(session(credentials).post(QUERIES, json=QUERY))

    return run


def by_token(token):
    response = requests.post(QUERIES, json=QUERY, headers={"Authorization": "Bearer " + token})
    account = who(response)
    return ("vm_service_account" if account.endswith(".gserviceaccount.com") else "user"), account


def gcloud():
    done = subprocess.run(["gcloud", "auth", "print-access-token", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[:300])
    return by_token(done.stdout.strip())


def bq():
    command = ["bq", "--format=json", "--project_id=p1", "query", "--nouse_legacy_sql", "SELECT SESSION_USER() AS who"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stdout[:300] + done.stderr[:300])
    account = json.loads(done.stdout.strip().splitlines()[-1])[0]["who"]
    return ("vm_service_account" if account.endswith(".gserviceaccount.com") else "user"), account


def observe(name, run):
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            found = run()
    except (EOFError, webbrowser.Error) as error:
        return {"name": name, "identity": "prompt", "error": repr(error)}
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            # before it prompts it looks for a free port and then takes it: another took it in between
            return observe(name, run)
        return {"name": name, "identity": "error", "error": type(error).__name__ + ": " + str(error)[:200]}
    except Exception as error:
        return {"name": name, "identity": "error", "error": type(error).__name__ + ": " + str(error)[:200]}
    account = None if found[0] == "federated" else found[1]
    result = {"name": name, "identity": found[0], "account": account}
    if len(found) > 2:
        result["project"], result["quota_project"] = found[2], found[3]
    return result


LIBRARIES = {
    "google-auth": google_auth,
    "google-cloud-bigquery": bigquery,
    "pydata-google-auth": pydata(magics),
    "pandas-gbq": pydata(lambda: pandas_gbq.auth.get_credentials()),
    "ibis": pydata(ibis),
    "gcloud": gcloud,
    "bq": bq,
}


class Child:
    """A process that runs a function; its JSON comes back through a pipe."""

    def __init__(self, run):
        self.result, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.write(writing, json.dumps(run()).encode())
            except BaseException as error:
                os.write(writing, json.dumps({"failed": repr(error)}).encode())
            os._exit(0)
        os.close(writing)

    def wait(self):
        with open(self.result) as pipe:
            text = pipe.read()
        os.waitpid(self.pid, 0)
        return json.loads(text or '{"failed": "killed"}')


def play(request):
    signal.alarm(240)  # whatever hangs
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    sys.stdin = open(os.devnull)
    os.dup2(sys.stdin.fileno(), 0)
    load()
    found = []
    # one after the other where they run gcloud and compare what it says, side by side where they may wait
    beside = [name for name in request["names"] if name in ("pydata-google-auth", "pandas-gbq", "ibis")]
    for name in request["names"]:
        if name not in beside:
            found.append(observe(name, LIBRARIES[name]))
    children = [Child(lambda name=name: observe(name, LIBRARIES[name])) for name in beside]
    return found + [child.wait() for child in children]


unload()
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    print(json.dumps(Child(lambda: play(json.loads(line))).wait()), file=answers, flush=True)
