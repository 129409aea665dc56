# Reads of half a second each, as connectors do them: a client in each task.
import dask
from distributed import Client, LocalCluster

dask.config.set({"distributed.worker.multiprocessing-method": "fork"})  # the others would run this file again

READS = 48


def read(_):
    from google.cloud import bigquery
    return list(bigquery.Client().query("SELECT SESSION_USER() AS who").result())[0].who


results = {}
for workers in (1, 4):
    cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    client = Client(cluster)
    exec(snippet("dask"), globals())
    client.gather(client.map(read, range(workers * 2), pure=False))  # imports
    began = time.monotonic()
    answers = client.gather(client.map(read, range(READS), pure=False))
    results[str(workers)] = time.monotonic() - began
    results.setdefault("who", []).extend(sorted(set(answers)))
    client.close()
    cluster.close()
finish(results)
