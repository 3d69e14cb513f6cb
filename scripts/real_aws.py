#!/usr/bin/env python3
"""The real terraform, the real AWS provider and a fake AWS, for tests and for scripts/make-fixtures.

    scripts/real_aws.py check    look for all three, install what can be installed, say what is missing (exit code 2)
    scripts/real_aws.py serve    start the fake AWS, print one line of JSON about it, end when standard input closes

The JSON: {"url": …, "terraform": …, "cli_config": …, "provider": …}; `cli_config` is a file for TF_CLI_CONFIG_FILE.

Where things are found:
  terraform           on PATH, or ABIDE_TERRAFORM
  the AWS provider    a mirror (a directory that holds registry.terraform.io/): ABIDE_TF_PLUGIN_DIR, else what TF_CLI_CONFIG_FILE
                      or ~/.terraformrc names, TF_PLUGIN_CACHE_DIR, Terraform's own folders, else all file systems are searched
  moto_server         on PATH, or ABIDE_MOTO_SERVER; else moto[server] is installed from PyPI into target/moto
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = "5.100.0"
PROVIDER = f"registry.terraform.io/hashicorp/aws/{VERSION}"
PACKED = "registry.terraform.io/hashicorp/aws"
MOTO = "moto[server]>=5.1,<6"


class Broken(Exception):
    """Something is missing or went wrong; the message says what to do."""


def terraform():
    named = os.environ.get("ABIDE_TERRAFORM")
    found = shutil.which(named or "terraform")
    if not found:
        raise Broken(f"{named or 'terraform'} is not on PATH: install Terraform 1.11 or newer, or name it in ABIDE_TERRAFORM")
    return found


def holds(mirror):
    packed = Path(mirror) / PACKED
    return (Path(mirror) / PROVIDER).is_dir() or any(packed.glob(f"terraform-provider-aws_{VERSION}_*.zip"))


def configured_mirrors():
    """Directories that Terraform's own configuration names."""
    files = [os.environ.get("TF_CLI_CONFIG_FILE"), "~/.terraformrc", "~/.tofurc"]
    for name in files:
        path = Path(name).expanduser() if name else None
        if path and path.is_file():
            text = path.read_text(errors="replace")
            yield from re.findall(r'\b(?:path|plugin_cache_dir)\s*=\s*"([^"]+)"', text)
    yield from filter(None, [os.environ.get("TF_PLUGIN_CACHE_DIR")])
    home = ("~/.terraform.d/plugins", "~/.terraform.d/plugin-cache", "~/.local/share/terraform/plugins")
    yield from (*home, "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")


def plugin_dir():
    """The provider mirror."""
    named = os.environ.get("ABIDE_TF_PLUGIN_DIR")
    if named:
        if holds(named):
            return Path(named)
        raise Broken(f"ABIDE_TF_PLUGIN_DIR={named} holds no {PROVIDER}")
    for name in configured_mirrors():
        if holds(Path(name).expanduser()):
            return Path(name).expanduser()
    skip = {"proc", "sys", "dev"}
    for top in sorted(p for p in Path("/").iterdir() if p.is_dir() and p.name not in skip and not p.is_symlink()):
        for here, dirs, files in os.walk(top):
            dirs[:] = [name for name in dirs if name != ".terraform"]
            if any(f.startswith("terraform-provider-aws") for f in files):
                found = [mirror for mirror in Path(here).parents if holds(mirror)]
                if found:
                    return found[0]
    raise Broken(
        f"terraform-provider-aws {VERSION} is in no provider mirror of this machine: run\n"
        f"    terraform providers mirror <dir>   (in a module that requires hashicorp/aws {VERSION})\n"
        "and set ABIDE_TF_PLUGIN_DIR=<dir>"
    )


def cli_config(folder):
    """Terraform's settings: providers come from the mirror, and from nowhere else."""
    mirror = plugin_dir()
    lines = ["disable_checkpoint = true"]
    if not (mirror / PROVIDER).is_dir():
        # Unpacked once, not for every directory.
        cache = ROOT / "target" / "terraform-plugins"
        cache.mkdir(parents=True, exist_ok=True)
        lines.append(f'plugin_cache_dir = "{cache}"')
        lines.append("plugin_cache_may_break_dependency_lock_file = true")
    lines.append(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}')
    path = Path(folder) / "cli.tfrc"
    path.write_text("\n".join(lines) + "\n")
    return path


def moto_server():
    """The fake AWS; installed if it is not there."""
    named = os.environ.get("ABIDE_MOTO_SERVER")
    if named:
        found = shutil.which(named)
        if not found:
            raise Broken(f"ABIDE_MOTO_SERVER={named} cannot be run")
        return found
    own = ROOT / "target" / "moto"
    server = own / "bin" / "moto_server"
    for found in (shutil.which("moto_server"), str(server)):
        if found and works(found):
            return found
    print(f"moto_server is missing; installing {MOTO} into target/moto", file=sys.stderr, flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(own)], check=True, stdout=sys.stderr)
        pip = [str(own / "bin" / "python"), "-m", "pip", "install", "--quiet", MOTO]
        subprocess.run(pip, check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Broken(f"cannot install {MOTO}: {error}; install it yourself and name moto_server in ABIDE_MOTO_SERVER") from error
    return str(server)


def works(server):
    """A shim of another Python may be on the PATH without the program behind it."""
    try:
        done = subprocess.run([server, "--help"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Moto:
    """A fake AWS on a free port of the loopback interface."""

    def __init__(self, log):
        server = moto_server()
        for _ in range(5):
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self.process = subprocess.Popen(
                [server, "-H", "127.0.0.1", "-p", str(self.port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            if self.answers():
                return
            # Somebody else took the port meanwhile, or it died.
            self.stop()
        raise Broken(f"{server} did not start")

    def answers(self):
        for _ in range(300):
            if self.process.poll() is not None:
                return False
            try:
                urllib.request.urlopen(self.url + "/moto-api/", timeout=2)
                return True
            except OSError:
                time.sleep(0.2)
        return False

    def reset(self):
        for path in ("/moto-api/reset", "/moto-api/seed?a=42"):
            urllib.request.urlopen(urllib.request.Request(self.url + path, method="POST", data=b""))

    def call(self, service, region="eu-west-1", form=None, method="POST", path="/", body="", headers=None):
        scope = f"Credential=mock/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        data = body.encode()
        sent = {"Authorization": f"AWS4-HMAC-SHA256 {scope}", "Content-Type": "text/plain", **(headers or {})}
        if form:
            data = urllib.parse.urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=sent)
        try:
            urllib.request.urlopen(request).read()
        except urllib.error.HTTPError as e:
            raise Broken(f"{service} {form or path}: {e.code} {e.read()[:400]}") from e

    def stop(self):
        self.process.terminate()
        self.process.wait()


def check():
    print(f"terraform: {terraform()}")
    print(f"AWS provider: {plugin_dir()}")
    print(f"moto_server: {moto_server()}")


def serve():
    program = terraform()
    with tempfile.TemporaryDirectory(prefix="abide-real-aws-") as folder:
        config = cli_config(folder)
        with open(Path(folder) / "moto.log", "w") as log:
            moto = Moto(log)
        # Whoever started us may end us; moto must not outlive that.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            about = {"url": moto.url, "terraform": program, "cli_config": str(config), "provider": VERSION}
            print(json.dumps(about), flush=True)
            sys.stdin.read()
        finally:
            moto.stop()


if __name__ == "__main__":
    commands = {"check": check, "serve": serve}
    command = commands.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if not command:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        command()
    except Broken as e:
        print(f"real_aws: {e}", file=sys.stderr)
        sys.exit(2)
