# A controller and nodes that were started without bqcred's variables; jobs are submitted by the user, who this is.
import shlex, shutil

PORTS = sys.argv[1:]
HERE = os.getcwd()
NODES = ("here", "elsewhere", "late")
for folder in ("munge", "state", *(f"spool-{name}" for name in NODES)):
    os.makedirs(folder, mode=0o700)
Path("munge/key").write_bytes(os.urandom(1024))
os.chmod("munge/key", 0o400)
host = os.uname().nodename
Path("cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
Path("slurm.conf").write_text(f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={PORTS[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={HERE}/munge/socket
CredType=cred/munge
StateSaveLocation={HERE}/state
SlurmdSpoolDir={HERE}/spool-%n
SlurmctldPidFile={HERE}/slurmctld.pid
SlurmdPidFile={HERE}/slurmd-%n.pid
SlurmctldLogFile={HERE}/logs/slurmctld.log
SlurmdLogFile={HERE}/logs/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=30
SelectType=select/linear
JobRequeue=1
""" + "".join(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1\n"
              for name, port in zip(NODES, PORTS[1:])) + "PartitionName=p Nodes=ALL Default=YES State=UP\n")
os.environ["SLURM_CONF"] = f"{HERE}/slurm.conf"
Path("who.py").write_text(Path(sys.argv[0]).read_text().split("def who()")[1].split("\ndef ")[0].join(
    ["import sys, time\n\n\ndef who()", "\nprint(who())\n"]))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def node(name, elsewhere=False):
    start(f"slurmd-{name}", "slurmd", "-D", "-N", name, elsewhere=elsewhere)
    until(lambda: run("sinfo", "-h", "-n", name, "-o", "%t").rstrip("*") in ("idle", "mix", "alloc"), f"node {name}", 90)


def submit(name, script, *options):
    """A job's number. It says on its output who it is."""
    Path(f"{name}.sh").write_text(script)
    return run("sbatch", "--parsable", "-o", f"{name}.out", "-w", name.split("-")[0], *options, f"{name}.sh")


def ended(job, name):
    until(lambda: run("squeue", "-h", "-j", job, "-o", "%t", "-t", "all") in ("CD", "F", "CA"), f"job {name}", 120)
    return Path(f"{name}.out").read_text().strip()


def ask(name, head, code=f"{shlex.quote(sys.executable)} {HERE}/who.py\n"):
    return ended(submit(name, f"#!/bin/bash\n{head}\n{code}"), name)


start("munged", "munged", "--foreground", "--force", "--key-file", f"{HERE}/munge/key", "--socket", f"{HERE}/munge/socket",
      "--pid-file", f"{HERE}/munge/pid", "--log-file", f"{HERE}/logs/munged.log", "--seed-file", f"{HERE}/munge/seed")
until(lambda: Path("munge/socket").exists(), "munged")
start("slurmctld", "slurmctld", "-D")
until(lambda: subprocess.run(["sinfo", "-h"], capture_output=True).returncode == 0, "the controller")
node("here")
node("elsewhere", elsewhere=True)
results = {}

# with a home folder that the nodes have
head = snippet("slurm")
file = Path(head.split("GOOGLE_APPLICATION_CREDENTIALS=")[1].split(",")[0])
file.parent.mkdir(mode=0o700, parents=True)
renewing = start("renewing", "bqcred", "export", "--token-only", file, "--keep-fresh")
until(file.exists, "the token-only file")
results["start"] = ask("here", head)
results["no_home"] = ask("elsewhere", head)
node("late")
results["late"] = ask("late", head)
again = submit("here-again", f"#!/bin/bash\n{head}\n[ -n \"$SLURM_RESTART_COUNT\" ] || sleep 600\n"
               f"{shlex.quote(sys.executable)} {HERE}/who.py\n")
until(lambda: run("squeue", "-h", "-j", again, "-o", "%t") == "R", "a job")
run("scontrol", "requeue", again)
until(lambda: run("squeue", "-h", "-j", again, "-o", "%t") == "PD", "the job in the queue again")
run("scontrol", "update", f"JobId={again}", "StartTime=now")  # the controller would wait two minutes
results["restart"] = ended(again, "here-again")
tokens_end()
written = file.stat().st_ino
until(lambda: file.stat().st_ino != written, "a new token")
results["renewed"] = ask("here", head)

# without: the token comes through a step of the job's own
script = snippet("slurm", "--no-shared-home")
push = next(line for line in script.splitlines() if "--keep-fresh" in line).lstrip("# ")
job = submit("elsewhere-pushed", f"#!/bin/bash\n{script}\n{shlex.quote(sys.executable)} {HERE}/who.py\n"
             f"until [ -e {HERE}/ended ]; do sleep 0.5; done\n{shlex.quote(sys.executable)} {HERE}/who.py\n")
until(lambda: run("squeue", "-h", "-j", job, "-o", "%t") == "R", "the job")
pushing = start("pushing", "bash", "-c", push.replace("JOB", job, 1))
until(lambda: read(Path("elsewhere-pushed.out")).count(b"\n") == 1, "the first answer", 90)
shown = [path for path in Path("/proc").glob(f"[0-9]*/root/dev/shm/bqcred-{job}")]
results["pushed_mode"] = sorted({oct(path.stat().st_mode & 0o777) for folder in shown for path in [folder, *folder.iterdir()]})
show_processes()
Path("shown/jobs").write_text(run("scontrol", "-a", "-d", "show", "job"))
tokens_end()
time.sleep(8)
Path("ended").touch()
results["pushed"] = ended(job, "elsewhere-pushed").splitlines()
until(lambda: not any(Path("/proc").glob(f"[0-9]*/root/dev/shm/bqcred-{job}")), "the removal of the file")
pushing.kill()

# the renewing has stopped
renewing.kill()
renewing.wait()
tokens_end()
results["stopped"] = ask("here", head)
results["memory"] = sorted(name for name, pid in processes(HERE, ("slurmctld", "slurmd")) if holds_refresh_token(pid))
file.unlink()
finish(results)
