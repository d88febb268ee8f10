#!/bin/sh
# Makes everything that `make run` and `make test` need, and says what it does. Run again, it does only what is missing.
#
#   deploy/setup.sh          the virtual environment .venv/ and a Docker engine that answers
#   deploy/setup.sh tests    also the Debian packages that the tests use
#
# As root it installs Debian packages; as anybody else it says which ones are missing. A dockerd that it starts is
# detached and stays, as the one of a service would; its pid is in build/dockerd.pid, its log in build/dockerd.log, and
# deploy/setup.sh stop ends it.
set -eu
cd "$(dirname "$0")/.."

SOCKET=/var/run/docker.sock
RUN_PACKAGES="docker.io iproute2 iptables busybox-static"
TEST_PACKAGES="docker-registry apache2-utils"

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing_packages() {
    for package in "$@"; do installed "$package" || printf '%s ' "$package"; done
}

install_packages() {
    command -v dpkg-query >/dev/null || { say "note: not a Debian system; needed here: $*"; return 0; }
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || fail "missing packages: $missing- ask an administrator for: apt-get install $missing"
    say "installing $missing"
    # A new dockerd would be started by the package; policy-rc.d is left alone, we look for a running one afterwards.
    log=build/apt.log
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
        >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "could not install $missing(the whole output is in $log)"; }
}

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        command -v "$candidate"
        return 0
    done
    return 1
}

make_venv() { # what to install: "." to run, ".[dev]" to test
    stamp=".venv/.set-up $1"
    if [ -e "$stamp" ] && [ -z "$(find pyproject.toml deploy/constraints.txt deploy/http-parser -newer "$stamp" -type f \
            -not -path '*/build/*' -not -path '*.egg-info*')" ]; then
        return 0
    fi
    python=$(find_python) || fail "Python 3.11 or later is needed, with its venv module (apt-get install python3 python3-venv)"
    say "installing $1 and what it needs into .venv"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -c deploy/constraints.txt \
        ./deploy/http-parser -e "$1" >build/pip.log 2>&1 ||
        { tail -n 20 build/pip.log >&2; fail "could not install the Python packages (the whole output is in build/pip.log)"; }
    touch "$stamp"
}

docker_answers() {
    [ -S "$SOCKET" ] && .venv/bin/python - "$SOCKET" <<'PY'
import http.client, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.settimeout(3); self.sock.connect(sys.argv[1])
try:
    c = Unix("localhost"); c.request("GET", "/_ping"); sys.exit(c.getresponse().status != 200)
except PermissionError:
    sys.exit(13)
except OSError:
    sys.exit(1)
PY
}

find_docker() {
    status=0
    docker_answers || status=$?
    [ "$status" != 0 ] || return 0
    [ "$status" != 13 ] || fail "no rights on $SOCKET: run as root, or ask an administrator for: usermod -aG docker $(id -un)"
    if [ "$(id -u)" != 0 ]; then
        fail "no Docker engine answers at $SOCKET. Install one (apt-get install docker.io) and start it (systemctl start docker), or run make as root"
    fi
    command -v dockerd >/dev/null || install_packages $RUN_PACKAGES
    docker_answers && return 0
    command -v dockerd >/dev/null || fail "no Docker engine answers at $SOCKET and there is no dockerd to start; install Docker"
    say "starting dockerd"
    setsid nohup dockerd >build/dockerd.log 2>&1 </dev/null &
    echo $! >build/dockerd.pid
    tries=0
    until docker_answers; do
        tries=$((tries + 1))
        [ "$tries" -lt 120 ] || { tail -n 5 build/dockerd.log >&2; fail "dockerd does not answer after a minute; its log is build/dockerd.log"; }
        kill -0 "$(cat build/dockerd.pid)" 2>/dev/null || { tail -n 5 build/dockerd.log >&2; fail "dockerd ended; its log is build/dockerd.log"; }
        sleep 0.5
    done
}

stop_docker() {
    [ -e build/dockerd.pid ] || return 0
    pid=$(cat build/dockerd.pid)
    rm -f build/dockerd.pid
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then kill "$pid"; fi
}

mkdir -p build
case "${1:-}" in
    stop) stop_docker ;;
    "") install_packages $RUN_PACKAGES; make_venv .; find_docker ;;
    tests) install_packages $RUN_PACKAGES $TEST_PACKAGES; make_venv '.[dev]'; find_docker ;;
    *) fail "usage: deploy/setup.sh [tests|stop]" ;;
esac
