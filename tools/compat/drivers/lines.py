"""The loop of a Python driver: one request per line in, one answer per line out."""
import base64
import inspect
import json
import sys


class Missing(Exception):
    """The client has no such call."""


def decoded(text):
    return None if text is None else base64.b64decode(text)


def encoded(value):
    return None if value is None else base64.b64encode(bytes(value)).decode()


def reply_to(request, outcome):
    sys.stdout.write(json.dumps({"id": request["id"], **outcome}) + "\n")
    sys.stdout.flush()


def failure(error):
    if isinstance(error, Missing):
        return {"missing": str(error)}
    return {"error": f"{type(error).__name__}: {error}"}


def serve(commands):
    """Answers until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        run = commands.get(request["do"])
        try:
            if run is None:
                raise Missing(request["do"])
            outcome = {"ok": run(request)}
        except Exception as error:  # every failure is an answer
            outcome = failure(error)
        reply_to(request, outcome)


async def serve_async(commands, lines):
    """The same for coroutines; `lines` is an asynchronous iterator of requests as text."""
    async for line in lines:
        request = json.loads(line)
        run = commands.get(request["do"])
        try:
            if run is None:
                raise Missing(request["do"])
            outcome = run(request)
            outcome = {"ok": await outcome if inspect.isawaitable(outcome) else outcome}
        except Exception as error:  # every failure is an answer
            outcome = failure(error)
        reply_to(request, outcome)
