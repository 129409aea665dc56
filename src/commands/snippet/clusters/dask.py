import socket

import psutil
from distributed import WorkerPlugin
from distributed.protocol.pickle import loads


def bqcred_process():
    return socket.gethostname(), os.getpid(), psutil.Process().create_time()


class BqcredWorker(WorkerPlugin):
    """Keeps the file in the worker's own folder, and names it in the worker's environment."""

    name = "bqcred"

    def __init__(self, content, limits, variables, notebook):
        self.content, self.limits, self.variables, self.notebook = content, limits, variables, notebook

    def setup(self, worker):
        if bqcred_process() == self.notebook:
            return  # a worker in the notebook's own process has the notebook's environment, which stays as it is
        path = os.path.join(worker.local_directory, "bqcred.json")
        descriptor, new = tempfile.mkstemp(dir=worker.local_directory)  # of mode 0600
        with open(descriptor, "w") as file:
            file.write(self.content)
        os.replace(new, path)
        for name, value in {**self.variables, "GOOGLE_APPLICATION_CREDENTIALS": path}.items():
            if value:
                os.environ[name] = value
            else:
                os.environ.pop(name, None)


def bqcred_limits(dask_scheduler):
    plugin = dask_scheduler.worker_plugins.get(BqcredWorker.name)
    return plugin and loads(plugin).limits


def bqcred_workers(client, tokens, variables):
    if client.asynchronous:
        raise RuntimeError("this client is asynchronous, and the workers got nothing: use Client(...) without asynchronous=True")
    workers = {address: tuple(process) for address, process in client.run(bqcred_process).items()}
    processes = workers.values()
    if bqcred_process() in processes:
        file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "not set")
        print("bqcred: workers in the notebook's own process have the notebook's account, which this cell does not change "
              f"(GOOGLE_APPLICATION_CREDENTIALS: {file})")
        if set(processes) == {bqcred_process()}:
            return
    delivered = []

    def deliver(content):
        if content not in delivered:
            found = client.run_on_scheduler(bqcred_limits)
            if found not in (None, tokens.limits):
                raise BqcredTaken(
                    f"the workers run as {found} already, for everybody's tasks; this cell is for {tokens.limits}, and changes "
                    "nothing there: use a cluster of your own, or, if nobody needs them as they are, "
                    'client.unregister_worker_plugin("bqcred"), then this again')
            # of the same name: it takes the place of the last one; workers that come later, or restart, get it too
            client.register_plugin(BqcredWorker(content, tokens.limits, variables, bqcred_process()))
            delivered[:] = [content]

    deliver(tokens.first())
    tokens.keep(client.id, deliver, lambda: client.status == "closed", 5)
    unseen = ("tls://", "wss://", "inproc://", "tcp://127.", "tcp://[::1]:", "gateway://")
    for address in [client.scheduler.address, *workers]:
        if not address.startswith(unseen):
            print(f"bqcred: {address} is not encrypted (tls://): who can read this network can read the access token")
            break
    print(f"bqcred: the workers {'in other processes ' if bqcred_process() in processes else ''}run as {tokens.account}")


bqcred_workers(client, BqcredTokens(BQCRED_COMMAND), BQCRED_VARIABLES)
