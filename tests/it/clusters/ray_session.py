# A head node and others that were started apart from the notebook, which this is.
GCS, DASHBOARD, CLIENT = sys.argv[1:]
RAY = os.path.join(os.path.dirname(sys.executable), "ray")
FOLDER = os.path.abspath("r")
os.environ.update(RAY_ADDRESS=f"127.0.0.1:{GCS}", RAY_USAGE_STATS_ENABLED="0",
                  RAY_USAGE_STATS_REPORT_URL="http://127.0.0.1:1/")  # it reports that it is disabled
SMALL = ["--num-cpus", "1", "--object-store-memory", "80000000", "--disable-usage-stats", "--block"]


def node(name, elsewhere=False):
    return start(name, RAY, "start", "--address", f"127.0.0.1:{GCS}", "--node-ip-address", "127.0.0.2", *SMALL,
                 "--resources", json.dumps({name: 100}), elsewhere=elsewhere)


def alive():
    return {name for node in ray.nodes() if node["Alive"] for name in node["Resources"]} & {"here", "elsewhere", "again"}


def ask():
    answers = {name: ray.remote(who).options(resources={name: 1}, max_retries=0).remote() for name in alive()}
    return {name: ray.get(answer, timeout=90) for name, answer in answers.items()}


start("here", RAY, "start", "--head", "--port", GCS, "--node-ip-address", "127.0.0.1", "--temp-dir", FOLDER, *SMALL,
      "--dashboard-host", "127.0.0.1", "--dashboard-port", DASHBOARD, "--ray-client-server-port", CLIENT, "--resources", '{"here": 100}')
until(lambda: b"Ray runtime started" in Path("logs/here").read_bytes(), "the head node", 90)
results = {}
try:
    exec(snippet("ray").replace("BqcredTokens(BQCRED_COMMAND)", 'BqcredTokens(["sh", "-c", "echo no >&2; exit 4"])'), globals())
except RuntimeError as error:
    results["no_token"] = [str(error), ray.is_initialized()]
exec(snippet("ray"), globals())
results["start"] = ask()
other = node("elsewhere", elsewhere=True)
until(lambda: "elsewhere" in alive(), "the second node", 90)
results["late"] = ask()
file = Path(BQCRED_VARIABLES["GOOGLE_APPLICATION_CREDENTIALS"])
results["mode"] = [oct(path.stat().st_mode & 0o777) for path in (file.parent, file)]
results["renewed"] = seen_for(25, ask)
for page in ("/", "/api/jobs/", "/api/v0/runtime_envs", "/api/v0/tasks?detail=1", "/api/v0/actors?detail=1",
             "/api/v0/workers?detail=1", "/api/v0/nodes?detail=1", "/api/v0/objects?detail=1", "/logical/actors",
             "/nodes?view=details", "/api/v0/tasks/summarize", "/api/cluster_status", "/metrics", "/events",
             "/api/v0/cluster_metadata"):
    results.setdefault("shown", {})[page] = show("ray" + page.replace("?", "_"), f"http://127.0.0.1:{DASHBOARD}{page}")
show_processes()
# a node that is started again
other.terminate()
other.wait()
until(lambda: "elsewhere" not in alive(), "the end of the second node", 90)
node("again", elsewhere=True)
until(lambda: "again" in alive(), "the second node", 90)
results["restart"] = ask()
results["memory"] = sorted(name for name, pid in processes(FOLDER, ("gcs_server", "raylet")) if holds_refresh_token(pid))
results["stopped"] = after_the_end(ask, results["start"]["here"])
ray.shutdown()
until(lambda: not file.parent.exists(), "the removal of the file")
# by Ray's client
os.environ["RAY_ADDRESS"] = f"ray://127.0.0.1:{CLIENT}"
exec(snippet("ray").replace("bqcred_init()", 'bqcred_init(runtime_env={"env_vars": {"OWN": "kept"}})'), globals())
on_head = ray.remote(lambda: [os.environ["OWN"], who()]).options(resources={"here": 1}, max_retries=0).remote()
results["client"] = ray.get(on_head, timeout=90)
file = Path(BQCRED_VARIABLES["GOOGLE_APPLICATION_CREDENTIALS"])
ray.shutdown()
until(lambda: not file.parent.exists(), "the removal of the file")
finish(results)
