"""The loop of a Python driver: one request per line in, one answer per line out."""
import asyncio
import base64
import json
import re
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


def command(functions, request):
    """The driver's function of a request: createTopic is done by create_topic."""
    name = re.sub("[A-Z]", lambda found: "_" + found[0].lower(), request["do"])
    if name not in functions:
        raise Missing(request["do"])
    return functions[name]


def serve(functions):
    """Answers until standard input ends; `functions` are those of the driver by name, its globals()."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            outcome = {"ok": command(functions, request)(request)}
        except Exception as error:  # every failure is an answer
            outcome = failure(error)
        reply_to(request, outcome)


async def serve_async(functions):
    """The same for coroutines."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        try:
            outcome = {"ok": await command(functions, request)(request)}
        except Exception as error:  # every failure is an answer
            outcome = failure(error)
        reply_to(request, outcome)
