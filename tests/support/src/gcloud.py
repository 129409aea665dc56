"""A stand-in for gcloud, where that is not installed: `gcloud auth application-default login --no-launch-browser`.

Its conversation is that of gcloud 528: the address on stderr, the question on stdout, the code from stdin, the
credential in $CLOUDSDK_CONFIG, and its log files, which hold the code and the refresh token unless they are switched
off. CLIENT_ID and CLIENT_SECRET are put in by the test.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CLIENT_ID, CLIENT_SECRET = "@CLIENT_ID@", "@CLIENT_SECRET@"
PAGE = "https://sdk.cloud.google.com/applicationdefaultauthcode.html"
PREFIX = "https://www.googleapis.com/auth/"
SCOPES = ["openid", PREFIX + "userinfo.email", PREFIX + "cloud-platform", PREFIX + "sqlservice.login"]
HELD = os.path.join(os.environ.get("TMPDIR", "/tmp"), "hold-the-exchange")


def say(text):
    print(text, file=sys.stderr, flush=True)


def log(text):
    if os.environ.get("CLOUDSDK_CORE_DISABLE_FILE_LOGGING") not in ("1", "true"):
        folder = os.path.join(os.environ["CLOUDSDK_CONFIG"], "logs")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "gcloud.log"), "a") as file:
            file.write(text + "\n")


def fail(text):
    say("ERROR: (gcloud.auth.application-default.login) " + text)
    sys.exit(1)


words = sys.argv[1:]
assert words[:3] == ["auth", "application-default", "login"], words
assert "--no-launch-browser" in words and "--quiet" in words, words
if "--disable-quota-project" not in words:
    fail("There was a problem with the quota project of the VM's service account.")
for name in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"):
    assert name not in os.environ, name
scopes = next((word[9:].split(",") for word in words if word.startswith("--scopes=")), SCOPES)
if PREFIX + "cloud-platform" not in scopes:
    fail("Invalid value for [--scopes]: cloud-platform scope is required but not requested.")
verifier = secrets.token_urlsafe(90)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
query = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": PAGE,
    "scope": " ".join(scopes),
    "state": secrets.token_urlsafe(22),
    "prompt": "consent",
    "token_usage": "remote",
    "access_type": "offline",
    "code_challenge": challenge,
    "code_challenge_method": "S256",
}
address = "https://accounts.google.com/o/oauth2/auth?" + urllib.parse.urlencode(query)
say(f"Go to the following link in your browser, and complete the sign-in prompts:\n\n    {address}\n\n")
sys.stdout.write("Once finished, enter the verification code provided in your browser: ")
sys.stdout.flush()
line = sys.stdin.readline()
if not line:
    say("ERROR: gcloud crashed (EOFError): EOF when reading a line")
    sys.exit(1)
code = line.strip()
log(code)
while os.path.exists(HELD):
    time.sleep(0.02)
form = {
    "grant_type": "authorization_code",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "code": code,
    "redirect_uri": PAGE,
    "code_verifier": verifier,
}
try:
    body = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen("https://oauth2.googleapis.com/token", body) as answer:
        token = json.load(answer)
except urllib.error.HTTPError as error:
    problem = json.load(error)
    say("ERROR: (gcloud.auth.application-default.login) There was a problem with web authentication. "
        "Try running again with --no-browser.")
    say(f"({problem['error']}) {problem.get('error_description', '')}")
    sys.exit(1)
log(token["refresh_token"])
credential = {
    "account": "",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": token["refresh_token"],
    "type": "authorized_user",
    "universe_domain": "googleapis.com",
}
path = os.path.join(os.environ["CLOUDSDK_CONFIG"], "application_default_credentials.json")
with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
    json.dump(credential, file, sort_keys=True, indent=2, separators=(",", ": "))
say(f"\nCredentials saved to file: [{path}]\n\nThese credentials will be used by any library that requests "
    "Application Default Credentials (ADC).")
