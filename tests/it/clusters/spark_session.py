# A master and workers that were started apart from the notebook, which this is.
MASTER, MASTER_PAGE, PAGE, *WORKER_PAGES = sys.argv[1:]
import threading
import pyspark

HERE = os.getcwd()
HOME = os.path.dirname(pyspark.__file__)
os.environ.update(SPARK_HOME=HOME, SPARK_LOCAL_IP="127.0.0.1", SPARK_CONF_DIR=f"{HERE}/conf", PYSPARK_PYTHON=sys.executable,
                  SPARK_LOCAL_DIRS=f"{HERE}/tmp", SPARK_DAEMON_MEMORY="256m")
for folder in ("conf", "events"):
    os.mkdir(folder)
Path("conf/spark-defaults.conf").write_text(f"""
spark.master spark://127.0.0.1:{MASTER}
spark.driver.memory 512m
spark.executor.memory 512m
spark.executor.cores 1
spark.eventLog.enabled true
spark.eventLog.dir file:{HERE}/events
spark.ui.port {PAGE}
spark.deploy.maxExecutorRetries -1
""")


def spark_class(name, *command, elsewhere=False):
    os.environ["NODE"] = name
    return start(name, f"{HOME}/bin/spark-class", *command, elsewhere=elsewhere)


def worker(name, elsewhere=False):
    spark_class(name, "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "600m", "--work-dir", f"{HERE}/work-{name}",
                "--webui-port", WORKER_PAGES.pop(), f"spark://127.0.0.1:{MASTER}", elsewhere=elsewhere)
    until(lambda: b"Successfully registered with master" in Path("logs", name).read_bytes(), f"worker {name}", 90)


def where_and_who(_):
    time.sleep(0.5)
    return os.environ["NODE"], who()


def ask(*names):
    """All answers of these workers, once each of them has answered."""
    answers = {}

    def all_answered():
        for name, answer in spark.sparkContext.parallelize(range(8), 8).map(where_and_who).collect():
            answers.setdefault(name, set()).add(answer)
        return set(answers) >= set(names)

    until(all_answered, f"executors {names}", 120)
    return {name: sorted(found) for name, found in answers.items()}


spark_class("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", MASTER, "--webui-port", MASTER_PAGE)
until(lambda: b"I have been elected leader" in Path("logs/master").read_bytes(), "the master", 90)
worker("here")
worker("elsewhere", elsewhere=True)
results = {}
code = snippet("spark")
file = Path(code.split('"GOOGLE_APPLICATION_CREDENTIALS": "')[1].split('"')[0])
file.parent.mkdir(mode=0o700, parents=True)
renewing = start("renewing", "bqcred", "export", "--token-only", file, "--keep-fresh")
until(file.exists, "the token-only file")
del os.environ["NODE"]
exec(code, globals())
results["start"] = ask("here", "elsewhere")
worker("late")
results["late"] = ask("here", "late")

# an executor that is started again
executor = next(int(process.name) for process in Path("/proc").glob("[0-9]*")
                if b"CoarseGrainedExecutorBackend" in read(process / "cmdline") and b"NODE=here" in read(process / "environ")
                and HERE.encode() in read(process / "environ"))
os.kill(executor, 9)
until(lambda: not Path("/proc", str(executor)).exists(), "the executor's end")
results["restart"] = ask("here")
tokens_end()
written = file.stat().st_ino
until(lambda: file.stat().st_ino != written, "a new token")
results["renewed"] = ask("here", "late")
application = spark.sparkContext.applicationId
for page in ("/environment/", "/executors/", "/jobs/", "/stages/", "/storage/", "/api/v1/applications",
             f"/api/v1/applications/{application}/environment", f"/api/v1/applications/{application}/allexecutors",
             f"/api/v1/applications/{application}/stages", "/metrics/json"):
    results.setdefault("shown", {})[page] = show("spark" + page, f"http://127.0.0.1:{PAGE}{page}")
for page in ("/", "/json/"):
    show("master" + page, f"http://127.0.0.1:{MASTER_PAGE}{page}")
show_processes()
looked_at = [pid for _, pid in processes(HERE, ("java",))
             if b"SparkSubmit" in read(Path("/proc", pid, "cmdline")) or b"master.Master" in read(Path("/proc", pid, "cmdline"))]
results["memory"] = any(holds_refresh_token(pid) for pid in looked_at) if len(looked_at) == 2 else looked_at
renewing.kill()
renewing.wait()
tokens_end()
results["stopped"] = ask("here", "late")
spark.stop()

# what runs with other variables can't get these: a context alone, and another thread's session
from pyspark import SparkContext
from pyspark.sql import SparkSession
running = SparkContext("local[1]")
for other in (lambda: None, SparkSession.builder.getOrCreate):
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    try:
        exec(code.replace(str(file), f"{file}.other"), globals())
        results.setdefault("without", []).append(None)
    except RuntimeError as error:
        results.setdefault("without", []).append(str(error))
running.stop()

# workers that the notebook's own Spark starts
written = file.stat().st_ino
renewing = start("renewing", "bqcred", "export", "--token-only", file, "--keep-fresh")
until(lambda: file.stat().st_ino != written, "a new token")
exec(code.replace("SparkSession.builder", 'SparkSession.builder.master("local-cluster[2,1,1024]")'), globals())
answers = set()


def both_answered():
    asked = spark.sparkContext.parallelize(range(8), 8).map(lambda _: (time.sleep(0.5), os.getppid(), who())[1:])
    answers.update(asked.collect())
    return len({executor for executor, _ in answers}) == 2


until(both_answered, "two executors", 120)
results["local_cluster"] = [spark.sparkContext.master, sorted({answer for _, answer in answers})]
spark.stop()
renewing.kill()
renewing.wait()
file.unlink()
finish(results)
