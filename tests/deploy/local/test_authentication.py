"""Who may use an embedded Mesos that authenticates: operators and frameworks by a credential,
executors by tokens.
"""
from __future__ import annotations

import hmac
import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.credentials import header
from deploy.local import LocalMesos
from deploy.local.endpoints.realms import agent_gate, master_gate
from deploy.local.wire.authentication import Principal, Unauthorized, basic, bearer, token
from specs.forms import Json
from specs.network.credential import Credential
from tests.deploy.local.client import HEADERS, Scheduler, command_task, executor_task, get, post, wait_for

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"
ME = Credential("me", "secret")
KEY = b"the agent's key"


def basic_header(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.fixture
def mesos(tmp_path: Path) -> Iterator[LocalMesos]:
    with LocalMesos(resources=RESOURCES, credential=ME, executor_shutdown_grace_period=0.5,
                    work_dir=tmp_path / "work") as found:
        yield found


# ---- reading the header


@pytest.mark.parametrize("given", [
    None, "", "Basic", "Basic ", "Basic !", basic_header("me:"), basic_header("me"),
    basic_header(":"),
    basic_header("me:secret2"), basic_header("you:secret"), basic_header("me:secret:"),
    "Basic bWU6c2VjcmV0 x",
    "Bearer bWU6c2VjcmV0", "basic bWU6c2VjcmV0", "Basic bWU6c2VjcmV0\u00e9", "Basic  bWU6c2VjcmV0"])
def test_who_does_not_know_the_credential_is_nobody(given: str | None) -> None:
    with pytest.raises(Unauthorized) as refused:
        basic("realm", ME)(given)
    assert refused.value.challenge == 'Basic realm="realm"'


def test_who_knows_the_credential_has_its_name() -> None:
    assert basic("realm", ME)("Basic bWU6c2VjcmV0") == Principal("me")
    assert str(Principal("me")) == "me"


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(ME).replace("secret=", "")


def signed(head: Any, claims: Any, key: bytes = KEY) -> str:
    def coded(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return urlsafe_b64encode(raw).rstrip(b"=").decode()

    text = f"{coded(head)}.{coded(claims)}"
    return f"Bearer {text}.{coded(hmac.digest(key, text.encode(), 'sha256'))}"


HEAD = {"alg": "HS256", "typ": "JWT"}


@pytest.mark.parametrize(("given", "why"), [
    ("Bearer", "Malformed 'Authorization' header"),
    ("Bearer a b", "Malformed 'Authorization' header"),
    ("Basic bWU6c2VjcmV0", "Scheme 'Basic' unsupported"), ('"\\\u00e9 x', "Scheme '' unsupported"),
    ("Bearer a.b", "Invalid JWT: Expected 3 components in token, got 2"),
    ("Bearer a.b.\u00e9",
     "Invalid JWT: Failed to decode token signature: Failed to base64url-decode"),
    (signed(HEAD, {"fid": "f"}, b"another key"), "Invalid JWT: Token signature does not match"),
    (signed(HEAD, {"fid": "f"})[:-4], "Invalid JWT: Token signature does not match"),
    (signed({"alg": "none"}, {"fid": "f"}),
     "Invalid JWT: Token header does not match, expected HS256"),
    (signed({**HEAD, "crit": []}, {"fid": "f"}),
     "Invalid JWT: Token header does not match, expected HS256"),
    (signed(b"{", {"fid": "f"}),
     "Invalid JWT: Failed to decode token header: Failed to parse into JSON"),
    (signed(HEAD, []), "Invalid JWT: Failed to decode token payload: Failed to parse into JSON"),
    (signed(HEAD, {"exp": 1}), "Invalid JWT: Token has expired"),
    (signed(HEAD, {"exp": "never"}), "Invalid JWT: Token has expired"),
    (signed(HEAD, {}), "JWT claims missing"),
])
def test_tokens_that_are_none(given: str, why: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        bearer("realm", KEY)(given)
    assert refused.value.challenge == f'Bearer realm="realm", error="invalid_token", error_description="{why}"'


def test_no_token_is_no_error() -> None:
    with pytest.raises(Unauthorized) as refused:
        bearer("realm", KEY)(None)
    assert refused.value.challenge == 'Bearer realm="realm"'


def test_a_token_carries_its_claims() -> None:
    claims = {"fid": "f", "eid": "e:\u00e9", "cid": "c"}
    found = bearer("realm", KEY)(f"Bearer {token(claims, KEY)}")
    assert (found.value, found.claims) == (None, claims)
    assert str(Principal(claims={"b": "2", "a": "1"})) == '{"claims":{"a":"1","b":"2"}}'
    assert bearer("realm", KEY)(signed(HEAD, {"n": 1, "exp": time.time() + 60})).claims["n"] == "1"


# ---- routes


def routes(mesos: LocalMesos) -> list[tuple[str, str]]:
    """Every route of a running master and agent that is not open, as (address, path).

    Not those of libprocess messages: whose they are is asked of the kernel (test_docker_restarts.py).
    """
    from deploy.local.endpoints.agent import AgentHttp
    from deploy.local.endpoints.master import MasterHttp
    master, [agent] = mesos._master, mesos._agents
    assert master is not None
    assert agent is not None
    found = [(mesos.address, path) for path in (*MasterHttp(master).routes(), "/local/agents")]
    found += [(mesos.agent_addresses[0], path)
              for path in AgentHttp(agent.state, agent.executor_api).routes()]
    return [(address, path) for address,
            path in found if path not in {"/health", "/version", "/redirect"}]


def test_every_route_asks_who_it_is(mesos: LocalMesos) -> None:
    asked = routes(mesos)
    assert len(asked) > 40
    for address, path in asked:
        for headers in ({}, header(Credential("me", "wrong")),
                        {"Authorization": f"Bearer {token({'fid': 'f'}, KEY)}"}):
            assert get(address, path, headers)[0] == 401, path
            assert post(address, path, "{}", {**HEADERS, **headers})[0] == 401, path


def test_what_tells_nothing_is_open(mesos: LocalMesos) -> None:
    for address in (mesos.address, mesos.agent_addresses[0]):
        assert get(address, "/health")[0] == 200
        assert get(address, "/version")[1]["version"] == "1.12.0"
        assert get(address, "/no/such/path")[0] == 404
    assert get(mesos.address, "/redirect")[0] == 307


def test_the_realms_are_mesoss() -> None:
    def challenge(authenticate: Any) -> str:
        with pytest.raises(Unauthorized) as refused:
            authenticate(None)
        return refused.value.challenge

    master, agent = master_gate(ME), agent_gate(ME, KEY)
    assert challenge(master("/api/v1/scheduler")) == 'Basic realm="mesos-master-scheduler"'
    assert challenge(master("/teardown")) == 'Basic realm="mesos-master-readwrite"'
    assert challenge(master("/state")) == 'Basic realm="mesos-master-readonly"'
    assert challenge(agent("/api/v1")) == 'Basic realm="mesos-agent-readwrite"'
    assert challenge(agent("/files/read")) == 'Basic realm="mesos-agent-readonly"'
    assert challenge(agent("/api/v1/executor")) == 'Bearer realm="mesos-agent-executor"'
    assert master_gate(None)("/teardown") is None
    assert agent_gate(None, None)("/api/v1/executor") is None


def test_an_operator_reads_and_acts(mesos: LocalMesos) -> None:
    mine = header(ME)
    assert get(mesos.address, "/state", mine)[1]["flags"]["authenticate_http_frameworks"] == "true"
    flags = get(mesos.agent_addresses[0], "/state", mine)[1]["flags"]
    assert flags["authenticate_http_executors"] == "true"
    assert flags["executor_secret_key"] == str(mesos.work_dir / "meta" / "executor_secret_key")
    assert post(mesos.address, "/api/v1", {"type": "GET_HEALTH"}, {**HEADERS, **mine})[0] == 200
    assert post(mesos.address, "/local/agents/0/stop", "{}", {**HEADERS, **mine})[0] == 200
    assert mesos.agent_ids == []
    assert post(mesos.address, "/local/agents/0/start", "{}", {**HEADERS, **mine})[0] == 200


# ---- frameworks


def test_a_framework_runs_tasks_and_its_tokens_stay_with_its_executors(mesos: LocalMesos) -> None:
    scheduler = Scheduler(mesos.address, ME)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "env; true"))
    assert scheduler.update("t", "TASK_FINISHED")["message"] == "Command exited with status 0"
    [stdout] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/t/runs/latest/stdout")
    assert "MESOS_FRAMEWORK_ID=" in stdout.read_text()
    assert "AUTHENTICATION_TOKEN" not in stdout.read_text()
    state = get(mesos.address, "/state", header(ME))[1]
    assert state["frameworks"][0]["principal"] == "me"  # it did not say so itself


@pytest.mark.parametrize("named", ["you", ""])
def test_a_framework_that_calls_itself_another_is_refused(mesos: LocalMesos, named: str) -> None:
    call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "n",
                                                                  "principal": named}}}
    status, text = post(mesos.address, "/api/v1/scheduler", call, {**HEADERS, **header(ME)})
    assert status == 400
    assert text == (
        "Failed to validate scheduler::Call: Authenticated principal 'me' does not match principal"
                    f" '{named}' set in `FrameworkInfo`")


def test_a_framework_of_an_open_mesos_may_call_itself_anything(tmp_path: Path) -> None:
    with LocalMesos(resources=RESOURCES, work_dir=tmp_path) as mesos:
        scheduler = Scheduler(mesos.address, principal="anybody")
        scheduler.subscribe()
        assert get(mesos.address, "/state")[1]["frameworks"][0]["principal"] == "anybody"
        assert not (tmp_path / "meta" / "executor_secret_key").exists()


# ---- executors


class Waiting:
    """An executor's place that nobody has taken yet, and the token that its process was given."""

    def __init__(self, mesos: LocalMesos) -> None:
        self.scheduler = Scheduler(mesos.address, ME)
        self.scheduler.subscribe()
        offer = self.scheduler.offer()
        self.scheduler.launch(offer, executor_task("t", offer,
                                                   "env > new; mv new environment; exec sleep 600"))
        place = "slaves/*/frameworks/*/executors/e/runs/*-*/environment"
        wait_for(lambda: list(mesos.work_dir.glob(place)))
        lines = next(mesos.work_dir.glob(place)).read_text().splitlines()
        self.token = dict(line.split("=", 1) for line in lines
                          if "=" in line)["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"]
        self.address = mesos.agent_addresses[0]
        self.call: Json = {"framework_id": {"value": self.scheduler.framework_id},
                           "executor_id": {"value": "e"}}

    def post(self, content: Json, given: str | None) -> tuple[int, str]:
        headers = HEADERS if given is None else {**HEADERS, "Authorization": f"Bearer {given}"}
        return post(self.address, "/api/v1/executor", {**self.call, **content}, headers)


MESSAGE = {"type": "MESSAGE", "message": {"data": "eA=="}}


def test_an_executor_is_known_by_its_token(mesos: LocalMesos) -> None:
    waiting = Waiting(mesos)
    assert waiting.post(MESSAGE, None)[0] == 401
    assert waiting.post(MESSAGE, waiting.token) == (403, "Executor is not subscribed")  # but it is the executor
    assert post(waiting.address, "/api/v1/executor", {**waiting.call, **MESSAGE},
                {**HEADERS, **header(ME)})[0] == 401


@pytest.mark.parametrize(("claim", "answer"), [
    ("fid",
     "does not contain an 'fid' claim with the framework ID {framework}, which is set in the call"),
    ("eid", "does not contain an 'eid' claim with the executor ID e, which is set in the call"),
    ("cid", "does not contain a 'cid' claim with the correct active ContainerID")])
def test_the_token_of_another_executor_is_of_no_use(mesos: LocalMesos, claim: str,
                                                    answer: str) -> None:
    waiting = Waiting(mesos)
    key = (mesos.work_dir / "meta" / "executor_secret_key").read_bytes()
    own = dict(bearer("", key)(f"Bearer {waiting.token}").claims)
    assert set(own) == {"fid", "eid", "cid"}
    status, text = waiting.post(MESSAGE, token({**own, claim: "another"}, key))
    assert status == 403
    assert text.startswith("Authenticated principal '{\"claims\":{")
    assert text.endswith(answer.format(framework=waiting.scheduler.framework_id))


def test_a_token_is_of_no_use_elsewhere(mesos: LocalMesos) -> None:
    waiting = Waiting(mesos)
    theirs = {"Authorization": f"Bearer {waiting.token}"}
    for address, path in routes(mesos):
        if path != "/api/v1/executor":
            assert get(address, path, theirs)[0] == 401, path
