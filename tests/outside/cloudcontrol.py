"""boto3 and the AWS CLI replay the cases of Cloud Control (tests/cases/cloudcontrol) and of the services'
handlers (tests/cases/resources, and the folders below tests/cases/cloudcontrol) on `evstack local`.

Each case has a server of its own. Every step goes through boto3, and again, with a fresh server, through
the AWS CLI's own code within this process (starting it for each step would take minutes); the `aws`
program itself is started a few times at the end. What a client can't say is sent as signed bytes. What
only a clock that is moved by hand can tell (`"clock": "still"`, or hours that pass) is left to the tests
in Rust. Beside the cases: the service model's waiter, its paginators, and its list of errors.

Usage: python tests/outside/cloudcontrol.py   (needs boto3 and awscli; builds evstack if need be)
"""

import contextlib
import datetime
import io
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import awscli.clidriver
import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.httpsession
from botocore import xform_name
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests/cases/cloudcontrol").glob("*.json"))
HANDLERS = sorted((ROOT / "tests/cases/cloudcontrol").glob("*/*.json")) + sorted(
    (ROOT / "tests/cases/resources").rglob("*.json")
)
REGION = "us-east-1"
# Members that hold JSON in a string, and members that hold the server's own time.
TEXTS = {"DesiredState", "PatchDocument", "ResourceModel", "Properties", "Policy"}
TIMES = {"EventTime", "RetryAfter"}
# Steps that are further away than this are for clocks that are moved by hand.
LONGEST_WAIT = 3.0


class Refused(Exception):
    def __init__(self, code, message, status):
        super().__init__(f"{code} ({status}): {message}")
        self.code, self.message, self.status = code, message, status


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def served(profile=None):
    """A cloud of its own, with its knobs; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        command = [ROOT / "target/debug/evstack", "local", "--port", str(port), "--data", data]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{url}/_evstack/health", timeout=1).read()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit(f"evstack local isn't ready: {process.poll()}")
                    time.sleep(0.02)
            knobs = json.dumps(profile or {}).encode()
            page = urllib.request.Request(f"{url}/_evstack/profile", knobs, method="PUT")
            urllib.request.urlopen(page, timeout=5).read()
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)


def boto(url, account="test", region=REGION):
    return boto3.client(
        "cloudcontrol",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        # The service itself is to refuse what is wrong.
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def by_boto3(url, **whom):
    client = boto(url, **whom)

    def call(operation, given):
        method = getattr(client, xform_name(operation))
        try:
            answer = method(**given)
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"], status)
        assert answer.pop("ResponseMetadata")["RequestId"], "an answer has a request id"
        return answer

    return call


def by_cli(url):
    driver = awscli.clidriver.create_clidriver()

    def call(operation, given):
        arguments = ["cloudcontrol", xform_name(operation, "-"), "--endpoint-url", url, "--no-paginate"]
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = driver.main([*arguments, "--cli-input-json", json.dumps(given)])
        out.flush(), err.flush()
        printed, told = out.buffer.getvalue().decode(), err.buffer.getvalue().decode()
        if code == 0:
            return json.loads(printed)
        words = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation.*?: (.*)", told, re.S)
        assert words, f"the CLI ended with {code}: {told}"
        raise Refused(words[1], words[2].rstrip("\n"), None)

    return call


def signed_bytes(url, operation, body):
    """A request that no client would make, signed as all are."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"CloudApiService.{operation}",
    }
    request = botocore.awsrequest.AWSRequest("POST", url, headers, body)
    credentials = botocore.credentials.Credentials("test", "test")
    botocore.auth.SigV4Auth(credentials, "cloudcontrolapi", REGION).add_auth(request)
    response = botocore.httpsession.URLLib3Session().send(request.prepare())
    answer = json.loads(response.content)
    if response.status_code == 200:
        return answer
    raise Refused(answer["__type"], answer.get("Message", ""), response.status_code)


def filled(value, kept, wire):
    """Kept values put in; for the wire, JSON in strings where it belongs there."""
    if isinstance(value, str):
        return kept.get(value[1:], value) if value.startswith("$") else value
    if isinstance(value, list):
        return [filled(item, kept, wire) for item in value]
    if isinstance(value, dict):
        members = {name: filled(item, kept, wire) for name, item in value.items()}
        for name in TEXTS & members.keys() if wire else ():
            if not isinstance(members[name], str) and members[name] is not None:
                members[name] = json.dumps(members[name])
        return members
    return value


def agrees(expected, actual, name=None):
    """Whether `actual` has all of `expected`; "*" is anything, null is absence, times are any."""
    if expected is None:
        return actual is None
    if expected == "*":
        return actual is not None
    if name in TIMES:
        return isinstance(actual, (datetime.datetime, float, int, str))
    if isinstance(expected, dict) and isinstance(actual, str):
        parsed = json.loads(actual)
        return parsed.keys() == expected.keys() and agrees(expected, parsed)
    if isinstance(expected, dict):
        there = {} if actual is None else actual
        return isinstance(there, dict) and all(
            agrees(value, there.get(name), name) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(agrees, expected, actual))
    if isinstance(expected, str) and isinstance(actual, str):
        # A moment of the clock that stands still is any moment.
        moment = re.escape("2026-11-18T11:06:40")
        pattern = re.escape(expected).replace(re.escape(".000"), r"\.[0-9]{3}").replace(moment, r"[-0-9T:]+")
        return re.fullmatch(pattern, actual) is not None
    return expected == actual


def sayable(given):
    """Whether a client's serializer takes it: structures are structures, and no member is unknown."""
    filters = given.get("ResourceRequestStatusFilter", {})
    lists = isinstance(filters, dict) and all(isinstance(names, list) for names in filters.values())
    return lists and "Unknown" not in given


def replay(path, client):
    """Replays a case; the number of steps, and the errors that the client understood."""
    case = json.loads(path.read_text())
    by_hand = case.get("clock") == "still"
    # Handlers have their cases in short: those are about what a resource is, not about the protocol.
    in_short = any("call" not in step and "advance" not in step for step in case["steps"])
    if by_hand or in_short:
        return 0, set()
    with served(case.get("profile")) as url:
        steps = json.loads(json.dumps(case["steps"]).replace("http://127.0.0.1:4566", url))
        call, kept, errors = client(url), {}, set()
        for number, step in enumerate(steps, 1):
            at = f"{path.name} step {number}"
            if "advance" in step:
                if step["advance"] / 1000 > LONGEST_WAIT:
                    return number - 1, errors
                time.sleep(step["advance"] / 1000)
                continue
            given = filled(step.get("with", {}), kept, wire=True)
            known = hasattr(boto(url), xform_name(step["call"]))
            plain = known and "raw" not in step and sayable(given)
            try:
                if plain:
                    answer = call(step["call"], given)
                else:
                    answer = signed_bytes(url, step["call"], step.get("raw", json.dumps(given)))
            except Refused as refused:
                assert refused.code == step.get("error"), f"{at}: {refused}"
                if refused.status is not None:
                    assert refused.status == step.get("status", 400), f"{at}: {refused}"
                words = step.get("message", "")
                for name, value in kept.items():
                    words = words.replace(f"${name}", value)
                fits = refused.message == words[1:] if words.startswith("=") else words in refused.message
                assert fits, f"{at}: {refused.message}"
                errors.add(refused.code)
                continue
            assert "error" not in step, f"{at}: {answer}"
            expected = filled(step["answer"], kept, wire=False)
            assert agrees(expected, answer), f"{at}: expected {expected}\ngot {answer}"
            for name, pointer in step.get("keep", {}).items():
                value = answer
                for key in pointer.split("/")[1:]:
                    value = value[key]
                kept[name] = value
        return len(steps), errors


def in_words(value, kept):
    """Kept values put in, also within texts."""
    if isinstance(value, str) and value.startswith("$") and value[1:] in kept:
        return kept[value[1:]]
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace(f"${{{name}}}", text if isinstance(text, str) else "")
        return value
    if isinstance(value, list):
        return [in_words(item, kept) for item in value]
    if isinstance(value, dict):
        return {name: in_words(item, kept) for name, item in value.items()}
    return value


def at_pointer(value, pointer):
    for key in pointer.split("/")[1:]:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def replay_handlers(path, client):
    """Replays a case about what a resource is: each step is carried to its end."""
    case = json.loads(path.read_text())
    in_short = any("call" not in step and "advance" not in step for step in case["steps"])
    if case.get("clock") == "still" or not in_short:
        return 0
    short = {"latency": "latency", "roleDelay": "role_delay", "queueRest": "queue_rest"}
    knobs = {knob: case[name] for name, knob in short.items() if name in case}
    whole = "resources" not in path.parts
    with served(knobs | case.get("profile", {})) as url:
        steps = json.loads(json.dumps(case["steps"]).replace("http://127.0.0.1:4566", url))
        call, kept = client(url), {}
        for number, step in enumerate(steps, 1):
            at = f"{path.relative_to(ROOT)} step {number}"
            whom = {name: step[name] for name in ("account", "region") if name in step}
            # What needs a clock that is moved, or the bytes themselves, is not for these clients.
            if "advance" in step or "call" in step or (whom and client is not by_boto3):
                return number - 1
            ask = client(url, **whom) if whom else call
            verb = next(verb for verb in ("create", "update", "delete", "read") if verb in step)
            put_in = (lambda value: filled(value, kept, wire=True)) if whole else (lambda v: in_words(v, kept))
            given, identifier = {"TypeName": step[verb]}, put_in(step.get("of"))
            wanted = json.dumps(put_in(step.get("with", step.get("state", step.get("patch")))))
            if verb == "create":
                given["DesiredState"] = wanted
            else:
                given["Identifier"] = identifier
            if verb == "update":
                given["PatchDocument"] = wanted
            if verb != "read":
                event = ask(f"{verb.title()}Resource", given)["ProgressEvent"]
                event = ask("GetResourceRequestStatus", {"RequestToken": event["RequestToken"]})["ProgressEvent"]
                if "fails" in step:
                    said = event.get("StatusMessage", "")
                    says = in_words(step.get("says", step.get("message", "")), kept)
                    assert (event.get("ErrorCode"), says in said) == (step["fails"], True), f"{at}: {event}"
                    continue
                assert event["OperationStatus"] == "SUCCESS", f"{at}: {event}"
                identifier = event.get("Identifier", identifier)
            keeps = step.get("keep", {})
            for name in [keeps] if isinstance(keeps, str) else [step["id"]] if "id" in step else []:
                kept[name] = identifier
            shows = step.get("shows", step.get("is"))
            shows = filled(shows, kept, wire=False) if whole else in_words(shows, kept)
            try:
                answer = ask("GetResource", {"TypeName": step[verb], "Identifier": identifier})
            except Refused as refused:
                assert refused.code == "ResourceNotFoundException", f"{at}: {refused}"
                assert verb == "delete" or shows == "gone" or (whole and shows is None), f"{at}: {refused}"
                continue
            assert shows != "gone" and (verb != "delete" or whole), f"{at}: {answer}"
            if verb == "delete":
                continue
            text = answer["ResourceDescription"]["Properties"]
            fits = shows is None or agrees(shows, text if whole else json.loads(text))
            assert fits, f"{at}: expected {shows}\ngot {text}"
            for name, pointer in keeps.items() if isinstance(keeps, dict) else ():
                kept[name] = at_pointer(json.loads(text), pointer)
        return len(steps)


def waiter_and_paginators():
    with served() as url:
        client = boto(url)
        for number in range(45):
            state = json.dumps({"LogGroupName": f"g{number:02}"})
            event = client.create_resource(TypeName="AWS::Logs::LogGroup", DesiredState=state)
        client.get_waiter("resource_request_success").wait(
            RequestToken=event["ProgressEvent"]["RequestToken"],
            WaiterConfig={"Delay": 1, "MaxAttempts": 5},
        )
        pages = client.get_paginator("list_resources").paginate(TypeName="AWS::Logs::LogGroup")
        found = [r["Identifier"] for page in pages for r in page["ResourceDescriptions"]]
        assert found == [f"g{number:02}" for number in range(45)], found
        pages = list(client.get_paginator("list_resource_requests").paginate(PaginationConfig={"PageSize": 10}))
        requests = [r["Identifier"] for page in pages for r in page["ResourceRequestStatusSummaries"]]
        assert len(pages) == 5 and sorted(requests) == found, (len(pages), requests)
        again = client.create_resource(TypeName="AWS::Logs::LogGroup", DesiredState=state)
        try:
            client.get_waiter("resource_request_success").wait(
                RequestToken=again["ProgressEvent"]["RequestToken"],
                WaiterConfig={"Delay": 1, "MaxAttempts": 5},
            )
            raise SystemExit("the waiter took a failure for a success")
        except botocore.exceptions.WaiterError as error:
            assert error.last_response["ProgressEvent"]["ErrorCode"] == "AlreadyExists"


def the_program():
    """The `aws` program itself, as a person types it."""
    aws = [str(pathlib.Path(sys.executable).parent / "aws"), "cloudcontrol"]
    with served() as url:

        def run(*arguments):
            done = subprocess.run(
                [*aws, *arguments, "--endpoint-url", url], capture_output=True, text=True, check=False
            )
            return done.returncode, done.stdout, done.stderr

        queue = ["--type-name", "AWS::SQS::Queue"]
        code, out, err = run("create-resource", *queue, "--desired-state", '{"QueueName": "orders"}')
        assert code == 0, err
        token = json.loads(out)["ProgressEvent"]["RequestToken"]
        code, out, err = run("wait", "resource-request-success", "--request-token", token)
        assert code == 0, err
        code, out, err = run("get-resource", *queue, "--identifier", f"{url}/000000000000/orders")
        assert json.loads(json.loads(out)["ResourceDescription"]["Properties"])["QueueName"] == "orders", err
        code, out, err = run("create-resource", *queue, "--desired-state", '{"Nme": "a"}')
        words = "(ValidationException) when calling the CreateResource operation: Model validation failed (#: extraneous key [Nme] is not permitted)"
        assert code != 0 and words in err, err


def produced_by_the_model(errors):
    """Every error shape of botocore's model that a replay saw is one that the client knows by name."""
    model = boto("http://127.0.0.1:1").meta.service_model
    shapes = {shape.name for shape in model.error_shapes}
    common = {"ValidationException", "SerializationException", "UnknownOperationException"}
    assert errors - common <= shapes, errors - common - shapes
    return len(errors & shapes), len(shapes)


def main():
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION=REGION,
        AWS_MAX_ATTEMPTS="1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_PAGER="",
    )
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as config:
        # The CLI would fetch a queue's identifier, as it is a URL.
        config.write("[default]\nparameter_validation = false\ncli_follow_urlparam = false\noutput = json\n")
        config.flush()
        os.environ["AWS_CONFIG_FILE"] = config.name
        subprocess.run(["cargo", "build", "--quiet", "--locked"], cwd=ROOT, check=True)
        for name, client in (("boto3", by_boto3), ("the AWS CLI", by_cli)):
            begun, steps, errors = time.monotonic(), 0, set()
            for path in CASES:
                count, seen = replay(path, client)
                steps, errors = steps + count, errors | seen
            known, shapes = produced_by_the_model(errors)
            took = time.monotonic() - begun
            assert steps > 120, f"only {steps} steps: are the cases there?"
            print(f"{name}: {steps} steps as the cases say, {known} of {shapes} error shapes, {took:.1f} s")
            begun = time.monotonic()
            steps = sum(replay_handlers(path, client) for path in HANDLERS)
            assert steps > 300, f"only {steps} steps: are the cases there?"
            print(f"{name}: {steps} steps of the services' handlers, {time.monotonic() - begun:.1f} s")
        waiter_and_paginators()
        the_program()
    print("the waiter, the paginators and the aws program understand evstack local")


if __name__ == "__main__":
    main()
