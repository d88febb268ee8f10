"""/api/v1/session: a credential becomes a cookie, and is forgotten by the browser.

The body names a token, a user with a password, or the key of a link that `mesos-docker ui` has
printed. It is JSON, which no page of another site can send without being asked whether it may.
"""
from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from scheduler.api.access import Caller
from scheduler.api.errors import RefusedError
from scheduler.api.gate import LASTING, LINK_LASTING, Session
from scheduler.api.server import Asked, cookie_name, json_answer
from scheduler.tasks.timestamps import timestamp

LONGEST: Final = 4096  # characters of a token, a name or a password


class Login:
    """Handlers."""

    def __init__(self, leader: Callable[[], str]) -> None:
        """`leader`: how others reach this service, a URL."""
        self._leader = leader

    async def shown(self, asked: Asked) -> web.Response:
        """GET /api/v1/session: who asks, for everybody: `role` is null for nobody that we know."""
        request = asked.request
        if asked.gate.access.insecure:
            return json_answer(_session("", "write", None, needed=False))
        found = asked.gate.caller(request.method, request.headers, asked.cookie)
        if found is None:
            return json_answer(_session("", None, None, needed=True))
        return json_answer(_session(found.name, found.role.value,
                                    asked.gate.session(request.headers, asked.cookie), needed=True))

    async def opened(self, asked: Asked) -> web.Response:
        """POST /api/v1/session."""
        if asked.request.content_type != "application/json":
            raise RefusedError(403, "A session is asked for with Content-Type: application/json")
        caller = _caller(asked, await asked.json())
        if caller is None:
            raise RefusedError(401, "Nobody is known by this; links are good once, for "
                                    f"{LINK_LASTING:g} s")
        value, session = asked.gate.open(caller)
        answer = json_answer(_session(caller.name, caller.role.value, session, needed=True))
        answer.set_cookie(cookie_name(asked.request), value, max_age=int(LASTING), httponly=True,
                          samesite="Strict", path="/", secure=_is_secure(asked, self._leader()))
        return answer

    async def closed(self, asked: Asked) -> web.Response:
        """DELETE /api/v1/session."""
        asked.gate.close(asked.request.method, asked.request.headers, asked.cookie)
        answer = web.Response(status=204)
        answer.del_cookie(cookie_name(asked.request), path="/")
        return answer

    async def link(self, asked: Asked) -> web.Response:
        """POST /api/v1/session/links: for a browser of who asks. What stands behind # is sent to no server."""
        key, until = asked.gate.link(asked.caller)
        return json_answer({"path": f"/#login={key}", "until": timestamp(until)}, 201)


def _session(name: str, role: str | None, session: Session | None, *,
             needed: bool) -> dict[str, Any]:
    return {"name": name, "role": role, "needed": needed,
            "csrf": None if session is None else session.csrf,
            "until": None if session is None else timestamp(session.until)}


def _caller(asked: Asked, body: Any) -> Caller | None:
    given = {key: value for key, value in body.items() if isinstance(value, str)
             and len(value) <= LONGEST
             } if isinstance(body, dict) else {}
    if "key" in given:
        return asked.gate.redeem(given["key"])
    access = asked.gate.access
    if "token" in given:
        return access.caller(f"Bearer {given['token']}")
    if "user" in given and "password" in given:
        pair = f"{given['user']}:{given['password']}".encode(errors="replace")
        return access.caller("Basic " + base64.b64encode(pair).decode())
    raise RefusedError(400, "A session is asked for by a token, by user and password, or by a key")


def _is_secure(asked: Asked, leader: str) -> bool:
    """Whether the browser has come by TLS, to us or to a proxy whose name is the advertised one."""
    advertised = urlsplit(leader)
    return asked.request.secure or (advertised.scheme == "https"
                                    and advertised.netloc == asked.request.headers.get("Host"))
