# What the sessions share: programs of a cluster, as somebody starts them on a VM with a service account; what they show.
import json, os, subprocess, sys, time, urllib.request
from pathlib import Path

ELSEWHERE = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c",
             'mount -t tmpfs none "$HOME" && mount -t tmpfs none /dev/shm && exec "$@"', "sh"]
REFRESH_TOKEN = b"0can" + b"ary-"  # in two parts: a search must not find itself
Path("logs").mkdir()
Path("shown").mkdir()

# Ends what was started here when this process has ended, in whatever way: all that names this sandbox.
REAPER = """
import os, signal, sys, time
from pathlib import Path
spared = [os.getpid(), os.getppid()]
sys.stdin.read()
alive = True
while alive:
    alive = False
    for process in Path("/proc").glob("[0-9]*"):
        try:
            names = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if sys.argv[1].encode() + b"/" in names and int(process.name) not in spared:
                alive = True
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
    time.sleep(0.1)
"""
reaper = subprocess.Popen([sys.executable, "-c", REAPER, os.getcwd()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True)


def start(name, *command, elsewhere=False):
    """`elsewhere`: with an empty home folder and memory of its own, as on another machine."""
    command = (ELSEWHERE if elsewhere else []) + [str(word) for word in command]
    with open(f"logs/{name}", "ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def until(condition, what, seconds=60):
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise SystemExit(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def who():
    from google.cloud import bigquery
    try:
        return list(bigquery.Client().query("SELECT SESSION_USER() AS who").result(timeout=30))[0].who
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def show(name, url):
    """Keeps what this address shows. No proxy: the double's would be asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    Path("shown", name.strip("/").replace("/", "_") or "top").write_bytes(text)
    return len(text)


def show_processes():
    """Arguments and environments of this sandbox' processes but this one."""
    home = os.environ["HOME"].encode()
    for process in Path("/proc").glob("[0-9]*"):
        text = read(process / "cmdline") + b"\n" + read(process / "environ")
        if home in text and int(process.name) != os.getpid():
            Path("shown", f"process-{process.name}").write_bytes(text)


def read(path):
    """What a file of /proc says, if the process is still there."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def processes(folder, names):
    """Name and id of the processes of these names that were started with something in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        name = read(process / "comm").decode().strip()
        if name in names and folder.encode() in read(process / "cmdline") + read(process / "environ"):
            yield name, process.name


def holds_refresh_token(pid):
    """Whether the memory of a process has a refresh token in it; only root can read that of every process."""
    if os.geteuid() != 0:
        return False
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last = (int(end, 16) for end in line.split()[0].split("-"))
            if " rw" not in line or last - first > 1 << 30:
                continue
            try:
                memory.seek(first)
                if REFRESH_TOKEN in memory.read(last - first):
                    return True
            except OSError:
                continue
    return False


def snippet(kind, *options):
    """What `bqcred snippet` prints, with shorter pauses."""
    printed = subprocess.run(["bqcred", "snippet", kind, *options], capture_output=True, text=True)
    if printed.returncode:
        raise SystemExit(printed.stderr)
    # dask's loop looks every 5 s
    return printed.stdout.replace("pause = 60", "pause = 2").replace('"closed", 5)', '"closed", 1)')


def seen_for(seconds, ask):
    """All different answers of each worker, for this time."""
    seen, ends = {}, time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, answer in ask().items():
            seen.setdefault(name, set()).add(answer)
        time.sleep(1)
    return {name: sorted(answers) for name, answers in seen.items()}


def after_the_end(ask, before):
    """The answers when no worker gets the one that it got before: bqcred says that the network is down, and the token ends."""
    BQCRED_COMMAND[:] = ["sh", "-c", "exit 5"]
    answers = {}

    def ended():
        time.sleep(1)
        answers.update(ask())
        return before not in answers.values()

    until(ended, "the token's end", 90)
    return answers


def tokens_end():
    """Google's clock goes an hour ahead."""
    Path("advance").touch()
    until(lambda: Path("advanced").exists(), "an hour")
    Path("advanced").unlink()


def finish(results):
    print(json.dumps(results))
    sys.stdout.flush()
    reaper.stdin.close()
    reaper.wait()
