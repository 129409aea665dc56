import sys

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

# removes the folder when the actor has ended, however it ended: the pipe to it then closes
BQCRED_CLEANER = """
import os, shutil, sys
if os.fork() == 0:
    sys.stdin.buffer.read()
    shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


@ray.remote(num_cpus=0, runtime_env={"env_vars": {"BQCRED_KEEPER": "yes"}})
class BqcredKeeper:
    """Keeps the file on one node, in memory, as long as the job lasts."""

    def __init__(self, path):
        self.path, self.folder = path, os.path.dirname(path)
        with open("/proc/mounts") as mounts:
            if not any(line.split()[1:3] == ["/dev/shm", "tmpfs"] for line in mounts):
                raise RuntimeError("/dev/shm is not in memory on this node")
        reads, self.alive = os.pipe()
        cleaner = [sys.executable, "-c", BQCRED_CLEANER, self.folder]
        subprocess.run(cleaner, stdin=reads, start_new_session=True, check=True)
        os.close(reads)

    def keep(self, content):
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=self.folder)  # of mode 0600
        with open(descriptor, "w") as file:
            file.write(content)
        os.replace(new, self.path)


def bqcred_wait():
    """Before a worker's first task: on a node that has just come, the file may not be there yet."""
    ends = time.monotonic() + 60
    while "BQCRED_KEEPER" not in os.environ and time.monotonic() < ends:
        if os.path.exists(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]):
            break
        time.sleep(0.1)


def bqcred_nodes(tokens, path):
    keepers, held = {}, {}

    def deliver(content):
        calls = {}
        for node in (node["NodeID"] for node in ray.nodes() if node["Alive"]):
            if node not in keepers:
                on_node = NodeAffinitySchedulingStrategy(node, soft=False)
                keepers[node] = BqcredKeeper.options(scheduling_strategy=on_node).remote(path)
            if held.get(node) != content:
                calls[node] = keepers[node].keep.remote(content)
        for node, call in calls.items():
            try:
                ray.get(call, timeout=60)
                held[node] = content
            except Exception as error:  # the node is going; if it isn't, it gets another keeper
                print(f"bqcred: node {node} did not get a token: {type(error).__name__}")
                keepers.pop(node)
                held.pop(node, None)

    job = ray.get_runtime_context().get_job_id()
    deliver(tokens.current())
    tokens.keep(job, deliver, lambda: not ray.is_initialized() or ray.get_runtime_context().get_job_id() != job, 2)
    print(f"bqcred: tasks and actors run as {tokens.account}")


def bqcred_init(address=None, **options):
    environment = dict(options.pop("runtime_env", None) or {})
    environment["env_vars"] = {**environment.get("env_vars", {}), **BQCRED_VARIABLES}
    if "://" not in (address or os.environ.get("RAY_ADDRESS", "")):  # by ray:// no function can be sent that early
        environment.setdefault("worker_process_setup_hook", bqcred_wait)
    ray.init(address, runtime_env=environment, **options)


if ray.is_initialized():
    raise RuntimeError("Ray runs already, without these variables: ray.shutdown(), then this again")
bqcred_tokens = BqcredTokens(BQCRED_COMMAND)
bqcred_tokens.first()
BQCRED_VARIABLES["GOOGLE_APPLICATION_CREDENTIALS"] = f"/dev/shm/bqcred-{os.urandom(8).hex()}/adc.json"
bqcred_init()  # with what you give ray.init otherwise: address=..., runtime_env=...
bqcred_nodes(bqcred_tokens, BQCRED_VARIABLES["GOOGLE_APPLICATION_CREDENTIALS"])
