import json, os, subprocess, tempfile, threading, time
from datetime import datetime, timezone


class BqcredTaken(RuntimeError):
    """The workers have what another notebook or another profile gave them."""


class BqcredTokens:
    """What workers get: a file with an access token, renewed ten minutes before that expires."""

    pause = 60  # seconds from one question to the next, at least

    def __init__(self, command):
        self.command, self.account, self.content, self.reason, self.next = command, None, None, None, 0.0
        self.limits = None  # whose tokens they are, and what for

    def first(self):
        """As `current`, but there has to be a token: without one nothing is given to the workers."""
        content = self.current()
        if self.reason:
            raise RuntimeError(self.reason)
        return content

    def current(self):
        """The content of the file. Without a token it is the reason, which the libraries then show."""
        if time.time() >= self.next:
            self.next = time.time() + self.pause
            self.ask()
        return self.content

    def ask(self):
        try:
            asked = subprocess.run(self.command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            code, text, reason = asked.returncode, asked.stdout, asked.stderr.strip()
        except OSError as error:
            code, text, reason = 1, "", f"bqcred: {error}"
        if code == 0:
            file = json.loads(text)
            if self.account in (None, file.get("account")):
                expires = datetime.strptime(file["expiry"][:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
                self.next = max(self.next, expires.timestamp() - 600)
                self.account, self.content, self.reason = file.get("account"), text, None
                self.limits = self.limits or self.describe(file)
                return
            code, reason = 4, f"bqcred: the profile is of {file.get('account')} now, and this began as {self.account}"
        if reason != self.reason:
            print(reason)
        self.reason = reason
        if self.content is None or code != 5:  # 5 is the network: the last token may outlast the trouble
            self.content = json.dumps({"type": reason})

    def describe(self, file):
        account = self.account or f"an account that user {os.getuid()} of {os.uname().nodename} knows"
        return ", ".join([account, "profile " + file["bqcred"]["profile"], *sorted(file["bqcred"].get("scopes", []))])

    def keep(self, place, deliver, is_over, pause):
        """Goes on delivering in the background, in place of what an earlier run of this cell started for the same place."""
        stops, stop = globals().setdefault("_bqcred_stops", {}), threading.Event()
        stops.pop(place, stop).set()
        stops[place] = stop = threading.Event()

        def run():
            while not stop.wait(pause) and not is_over():
                try:
                    deliver(self.current())
                except BqcredTaken as taken:
                    print(f"bqcred: {taken}")
                    return
                except Exception as error:
                    print(f"bqcred: the workers did not get a token: {type(error).__name__}")

        threading.Thread(target=run, name="bqcred", daemon=True).start()
