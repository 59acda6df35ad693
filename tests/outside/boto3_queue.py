"""boto3 creates, reads, lists, updates and deletes a queue through Cloud Control on `evstack local`.

Usage: python tests/outside/boto3_queue.py   (needs boto3; builds evstack if need be)
"""

import json
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPE = "AWS::SQS::Queue"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until_ready(url, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"evstack local ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{url}/_evstack/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("evstack local didn't get ready")


def finish(client, event):
    token = event["ProgressEvent"]["RequestToken"]
    client.get_waiter("resource_request_success").wait(
        RequestToken=token, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    return client.get_resource_request_status(RequestToken=token)["ProgressEvent"]


def main():
    subprocess.run(["cargo", "build", "--quiet"], cwd=ROOT, check=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        command = [ROOT / "target/debug/evstack", "local", "--port", str(port), "--data", data]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(url, process)
            client = boto3.client(
                "cloudcontrol",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
            desired = {"QueueName": "orders", "VisibilityTimeout": 45}
            created = finish(
                client, client.create_resource(TypeName=TYPE, DesiredState=json.dumps(desired))
            )
            identifier = created["Identifier"]
            assert identifier.endswith("/000000000000/orders"), identifier

            def read():
                answer = client.get_resource(TypeName=TYPE, Identifier=identifier)
                return json.loads(answer["ResourceDescription"]["Properties"])

            assert read()["VisibilityTimeout"] == 45
            assert read()["Arn"] == "arn:aws:sqs:us-east-1:000000000000:orders"

            pages = client.get_paginator("list_resources").paginate(TypeName=TYPE)
            listed = [r["Identifier"] for page in pages for r in page["ResourceDescriptions"]]
            assert listed == [identifier], listed

            patch = [{"op": "replace", "path": "/VisibilityTimeout", "value": 60}]
            finish(
                client,
                client.update_resource(
                    TypeName=TYPE, Identifier=identifier, PatchDocument=json.dumps(patch)
                ),
            )
            assert read()["VisibilityTimeout"] == 60

            finish(client, client.delete_resource(TypeName=TYPE, Identifier=identifier))
            try:
                read()
                raise SystemExit("the queue is still there")
            except client.exceptions.ResourceNotFoundException:
                pass
        finally:
            process.terminate()
            process.wait(timeout=10)
    print("boto3 created, read, listed, updated and deleted a queue")


if __name__ == "__main__":
    main()
