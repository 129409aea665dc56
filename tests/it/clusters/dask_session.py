# A scheduler and workers that were started apart from the notebook, which this is.
from distributed import Client

PORT = sys.argv[1]


def worker(name, elsewhere=False):
    start(name, sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", "scheduler.json", "--name", name,
          "--nthreads", "1", "--no-dashboard", "--local-directory", os.path.abspath(f"scratch-{name}"), elsewhere=elsewhere)


def who_reads():
    """As dask-bigquery's read tasks: with the clients that it makes in each of them."""
    from dask_bigquery.core import bigquery_clients
    with bigquery_clients("p1") as (bigquery, _):
        return list(bigquery.query("SELECT SESSION_USER() AS who").result(timeout=30))[0].who


def ask(client, who=who):
    names = {worker["name"]: address for address, worker in client.scheduler_info(n_workers=-1)["workers"].items()}
    futures = {name: client.submit(who, workers=[address], pure=False) for name, address in names.items()}
    return {name: future.result(timeout=60) for name, future in futures.items()}


scheduler = start("scheduler", sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                  "--scheduler-file", "scheduler.json", "--dashboard-address", f"127.0.0.1:{PORT}")
until(lambda: os.path.exists("scheduler.json"), "the scheduler")
worker("here")
worker("elsewhere", elsewhere=True)
client = Client(scheduler_file="scheduler.json")
client.wait_for_workers(2, timeout=60)
results = {}
exec(snippet("dask"), globals())
results["start"] = ask(client)
results["dask_bigquery"] = ask(client, who_reads)
worker("late")
client.wait_for_workers(3, timeout=60)
results["late"] = ask(client)
client.restart()
client.wait_for_workers(3, timeout=60)
results["restart"] = ask(client)
# other notebooks, or profiles: they change nothing


def refused(code):
    try:
        exec(code, {**globals(), "client": Client(scheduler_file="scheduler.json")})
    except RuntimeError as error:
        return str(error)


results["narrower"] = refused(snippet("dask", "--scopes", "bigquery"))
results["no_token"] = refused(snippet("dask").replace("BqcredTokens(BQCRED_COMMAND)", 'BqcredTokens(["sh", "-c", "echo no >&2; exit 4"])'))
# a second client here, which is renewed as well, and takes nothing from the first
first, command = client, BQCRED_COMMAND
client = Client(scheduler_file="scheduler.json")
exec(snippet("dask"), globals())
client.close()
client, BQCRED_COMMAND = first, command
# the tokens of this test can be used for some seconds
results["renewed"] = seen_for(25, lambda: ask(client))
for page in ("/status", "/info/main/workers.html", "/info/main/tasks.html", "/info/logs.html", "/json/identity.json",
             "/json/index.html", "/metrics", "/health", "/sitemap.json", "/individual-workers-memory",
             "/info/call-stacks/main.html", "/api/v1/get_workers"):
    show("dask" + page, f"http://127.0.0.1:{PORT}{page}")
for address in client.scheduler_info(n_workers=-1)["workers"]:
    for page in ("info/worker", "info/logs"):
        show(f"dask_{page}_{address[6:]}", f"http://127.0.0.1:{PORT}/{page}/{address.replace('/', '%2F')}.html")
with open("shown/dask-logs", "w") as logs:
    print(client.get_scheduler_logs(), client.get_worker_logs(), file=logs)
show_processes()
results["memory"] = holds_refresh_token(scheduler.pid)
results["stopped"] = after_the_end(lambda: ask(client), results["start"]["here"])
client.shutdown()
until(lambda: not list(Path(".").glob("scratch-*/**/bqcred.json")), "the end of the workers")
# workers in the notebook's own process leave its environment as it is, and have its account
import contextlib, io
results["notebook"] = {}
for named in ["/the/notebook's", None]:
    os.environ.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
    if named:
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = named
    before = dict(os.environ)
    client = Client(processes=False, dashboard_address=None)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(snippet("dask"), globals())
    client.close()
    results["notebook"][str(named)] = [dict(os.environ) == before, said.getvalue().strip()]
# over TLS, with workers that the notebook starts after it was told that it has no credential
import dask
from distributed import LocalCluster, Security
dask.config.set({"distributed.worker.multiprocessing-method": "fork"})  # the others would run this file again
os.environ.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
with LocalCluster(n_workers=1, threads_per_worker=1, security=Security.temporary(), dashboard_address=None) as cluster:
    with Client(cluster) as client, contextlib.redirect_stdout(io.StringIO()) as said:
        exec(snippet("dask"), globals())
        results["tls"] = [client.scheduler.address[:6], client.submit(who).result(timeout=60), said.getvalue().strip()]
finish(results)
