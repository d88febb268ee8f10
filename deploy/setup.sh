#!/bin/sh
# Makes what `make run` and `make test` need, says what it does, and does only what is missing.
#
#   deploy/setup.sh                     .venv/ and a Docker engine that answers
#   deploy/setup.sh tests               also what the tests need
#   deploy/setup.sh stop                ends the dockerd that it started
#   deploy/setup.sh [tests] exec CMD…   the same, then CMD, then ends the dockerd if this very call started it
#
# As root it installs Debian packages and starts dockerd; as anybody else it says what to ask for. A dockerd that it
# starts is detached, as a service's would be: pid in build/dockerd.pid, log in build/dockerd.log.
set -eu
cd "$(dirname "$0")/.."

SOCKET=/var/run/docker.sock
DOCKER_PACKAGES="docker.io iptables"
TEST_PACKAGES="docker.io docker-registry apache2-utils gcc libc6-dev containernetworking-plugins iproute2 iptables \
    openssl curl prometheus chromium chromium-driver systemd"
started_here=no

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

install_packages() {
    missing=""
    for package in "$@"; do installed "$package" || missing="$missing $package"; done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || fail "this is not a Debian system; install what Debian calls:$missing"
    [ "$(id -u)" = 0 ] || fail "Debian packages are missing; ask an administrator for: apt-get install$missing"
    say "installing$missing"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
        >build/apt.log 2>&1 ||
        { tail -n 20 build/apt.log >&2; fail "could not install$missing (the whole output is in build/apt.log)"; }
}

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        command -v "$candidate"
        return 0
    done
    return 1
}

make_venv() { # $1: "." to run, ".[dev]" to test
    stamp=".venv/.set-up $1"
    if [ -e "$stamp" ] && [ -z "$(find pyproject.toml setup.py deploy/constraints.txt deploy/http-parser deploy/bin -newer "$stamp" \
            -type f -not -path '*/build/*' -not -path '*.egg-info*')" ]; then
        return 0
    fi
    python=$(find_python) || { install_packages python3 python3-venv; python=$(find_python); } ||
        fail "Python 3.11 or later is needed, with its venv module"
    say "installing $1 and what it needs into .venv"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -c deploy/constraints.txt \
        ./deploy/http-parser -e "$1" >build/pip.log 2>&1 ||
        { tail -n 20 build/pip.log >&2; fail "could not install the Python packages (all output is in build/pip.log)"; }
    touch "$stamp"
}

docker_answers() { # 0: yes, 13: no rights on the socket, else no
    [ -S "$SOCKET" ] || return 1
    .venv/bin/python - "$SOCKET" <<'PY'
import http.client, socket, sys

class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(sys.argv[1])

try:
    engine = Engine("localhost")
    engine.request("GET", "/_ping")
    sys.exit(engine.getresponse().status != 200)
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
    [ "$status" != 13 ] ||
        fail "no rights on $SOCKET: run this as root, or ask an administrator for: usermod -aG docker $(id -un)"
    [ "$(id -u)" = 0 ] || fail "no Docker engine answers at $SOCKET: ask an administrator for: apt-get install docker.io," \
        "then: systemctl start docker"
    command -v dockerd >/dev/null || install_packages $DOCKER_PACKAGES
    docker_answers || start_docker # the package may have started one
}

start_docker() {
    say "starting dockerd"
    setsid nohup dockerd >build/dockerd.log 2>&1 </dev/null &
    echo $! >build/dockerd.pid
    started_here=yes
    tries=0
    until docker_answers; do
        tries=$((tries + 1))
        if [ "$tries" -gt 120 ] || ! kill -0 "$(cat build/dockerd.pid)" 2>/dev/null; then
            tail -n 5 build/dockerd.log >&2
            fail "dockerd does not answer at $SOCKET; its log is build/dockerd.log"
        fi
        sleep 0.5
    done
}

stop_docker() {
    [ -e build/dockerd.pid ] || return 0
    pid=$(cat build/dockerd.pid)
    rm -f build/dockerd.pid
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
}

run_command() {
    trap 'if [ "$started_here" = yes ]; then stop_docker; fi' EXIT
    trap : INT TERM # the command gets them too, and ends by itself; then we tidy up
    status=0
    "$@" || status=$?
    exit "$status"
}

mkdir -p build
extras=.
if [ "${1:-}" = tests ]; then
    shift
    extras='.[dev]'
fi
case "${1:-}" in
    stop) stop_docker; exit 0 ;;
    "" | exec) ;;
    *) fail "usage: deploy/setup.sh [stop | [tests] [exec COMMAND…]]" ;;
esac
[ -x /bin/busybox ] || install_packages busybox-static # the image of the examples is made of it
[ "$extras" = . ] || install_packages $TEST_PACKAGES
make_venv "$extras"
find_docker
if [ "${1:-}" = exec ]; then
    shift
    run_command "$@"
fi
