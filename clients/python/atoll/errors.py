"""What can go wrong, as exceptions.

Always true: whatever an answer of the server or the way to it causes is an `AtollError`. Its class says of which kind it
is (`NotFound`, `Conflict`, …), its `id` is the stable name that the server gave it (`object.not_found`). Each id has a class of
its own, too, below that of its kind: `except atoll.errors.ObjectNotFound` is the same as asking for that id.
"""
from __future__ import annotations

from typing import Any

from ._error_table import IDS


class AtollError(Exception):
    """Something that the server refused, or that kept the client from asking it.

    `id`: stable name. `status`: of HTTP, 0 where there was no answer. `hint`: what to do next, may be empty.
    `request_id`: under which the server's log tells more, may be empty.
    """

    def __init__(self, message: str, *, id: str = "client.failed", status: int = 0, hint: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.id = id
        self.status = status
        self.hint = hint
        self.request_id = request_id

    def __str__(self) -> str:
        words = self.message if not self.hint else f"{self.message} ({self.hint})"
        return f"{words} [{self.id}]"

    def __reduce__(self) -> Any:
        return _again, (self.message, self.id, self.status, self.hint, self.request_id)


class BadRequest(AtollError, ValueError):
    """400, 405, 415, 416: malformed, or asks for something impossible."""


class SignInFirst(AtollError):
    """401: no token, or none that counts."""


class Denied(AtollError, PermissionError):
    """403: the caller may not."""


class NotFound(AtollError, LookupError):
    """404: there is no such thing, or the caller may not know of it."""


class Conflict(AtollError):
    """409, 423: it contradicts what is there."""


class Gone(AtollError):
    """410: no longer kept."""


class PreconditionFailed(AtollError):
    """412: a condition of the request does not hold, and nothing was done."""


class OverLimit(AtollError):
    """413, 507: too large, a quota is used up, or the disk is full."""


class TooManyRequests(AtollError):
    """429, after all tries."""


class Damaged(AtollError):
    """460: what arrived differs from its checksum; or stored data is damaged."""


class ServerFailed(AtollError):
    """500, 501: something failed inside; `request_id` leads to the log."""


class NotReady(AtollError):
    """408, 502, 503, 504, after all tries: busy, locked, or ending."""


class Unreachable(AtollError, ConnectionError):
    """There was no whole answer: nobody listens there, or the line broke.

    What was asked for may have been done.
    """


class TimedOut(Unreachable, TimeoutError):
    """Nothing came for `timeout` seconds."""


class PartlyDone(AtollError):
    """Of many things some could not be done; each is in `failed` as (name, exception). The others were."""

    def __init__(self, message: str, failed: list[tuple[str, Exception]], summary: Any = None) -> None:
        super().__init__(message, id="client.partly_done")
        self.failed = failed
        self.summary = summary

    def __reduce__(self) -> Any:
        return PartlyDone, (self.message, self.failed, self.summary)


class JobFailed(AtollError):
    """A job that was waited for ended otherwise than `done`; `job` is all that is known of it."""

    def __init__(self, message: str, job: Any, id: str = "job.failed") -> None:
        super().__init__(message, id=id)
        self.job = job

    def __reduce__(self) -> Any:
        return JobFailed, (self.message, self.job, self.id)


OF_STATUS: dict[int, type[AtollError]] = {
    400: BadRequest, 401: SignInFirst, 403: Denied, 404: NotFound, 405: BadRequest, 408: NotReady, 409: Conflict, 410: Gone,
    412: PreconditionFailed, 413: OverLimit, 415: BadRequest, 416: BadRequest, 423: Conflict, 429: TooManyRequests,
    460: Damaged, 500: ServerFailed, 501: ServerFailed, 502: NotReady, 503: NotReady, 504: NotReady, 507: OverLimit,
}
_named: dict[str, type[AtollError]] = {}
_raised: dict[tuple[str, type[AtollError]], type[AtollError]] = {}


def _class_name(id: str) -> str:
    return "".join(word.title() for word in id.replace(".", "_").split("_"))


_IDS_BY_CLASS = {_class_name(id): id for id in IDS}


def by_id(id: str) -> type[AtollError]:
    """The class of an error's id: `except by_id("label.taken")`. The same as `atoll.errors.LabelTaken`."""
    return _named.setdefault(id, type(_class_name(id), (AtollError,), {"__module__": __name__, "__doc__": f"`{id}`"}))


def refusal(kind: type[AtollError], id: str, message: str, hint: str = "") -> AtollError:
    """An error that this side finds by itself, of that kind and id both."""
    return _raised_class(id, kind)(message, id=id, hint=hint)


def _raised_class(id: str, kind: type[AtollError]) -> type[AtollError]:
    # What is raised is of its kind and of its id both.
    known = _raised.get((id, kind))
    if known is None:
        known = _raised[id, kind] = type(_class_name(id), (by_id(id), kind), {"__module__": __name__, "__doc__": f"`{id}`"})
    return known


def of_answer(status: int, problem: dict[str, Any], reason: str = "") -> AtollError:
    """The exception for an answer with an error status; `problem` as RFC 9457 has it, may be empty."""
    kind = OF_STATUS.get(status, ServerFailed if status >= 500 else BadRequest)
    id = str(problem.get("id") or f"http.{status}")
    message = str(problem.get("detail") or problem.get("title") or reason or f"the server answered {status}")
    return _raised_class(id, kind)(message, id=id, status=status, hint=str(problem.get("hint") or ""), request_id=str(problem.get("request_id") or ""))


def _again(message: str, id: str, status: int, hint: str, request_id: str) -> AtollError:
    kind = OF_STATUS.get(status, AtollError)
    return _raised_class(id, kind)(message, id=id, status=status, hint=hint, request_id=request_id)


def __getattr__(name: str) -> type[AtollError]:
    # ObjectNotFound and its like: one for each id that the server knows.
    id = _IDS_BY_CLASS.get(name)
    if id is None:
        raise AttributeError(f"there is no error {name}")
    return by_id(id)
