#!/usr/bin/env python3
"""Makes `cloudformation.bundle` (and `SOURCE.md` beside it) from two published packages.

    pip install brotli
    python3 schemas/bundle.py                       # downloads both packages, newest versions
    python3 schemas/bundle.py --cfn-lint DIR --service-spec DIR    # unpacked ones

- cfn-lint (PyPI): the resource schemas of us-east-1, `cfnlint/data/schemas`.
- @aws-cdk/aws-service-spec (npm): ARN templates, `db.json.gz`.

Facts only: names, types, constraints, handlers and templates. Descriptions, titles, comments,
examples and links are left out. The same packages give the same bytes.

The bundle's form, all integers little-endian:

    8 bytes   "evstack2"
    4 bytes   size of the packed index
    ...       the index: JSON, packed with brotli
              {"source": {...},
               "blocks": [[packed size, unpacked size], ...],
               "types": [[name, block, start in the unpacked block, size], ...]}   sorted by name
    ...       the blocks, one after another, each packed with brotli; unpacked, a block is the JSON
              documents of neighbouring types

A block is about BLOCK bytes, so that a type costs well under a millisecond to unpack; types of a
service are neighbours, so that a stack that uses a service pays for few blocks.
"""

import argparse
import gzip
import json
import pathlib
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
MAGIC = b"evstack2"
BLOCK = 48 * 1024
LIMIT = 3 * 1024 * 1024 // 2
REGION = "us-east-1"

# Keys whose value is prose or a link. Only where a key is a keyword: a property may well be
# called `description`.
PROSE = {"$comment", "$schema", "description", "documentationUrl", "examples", "markdownDescription",
         "resourceLink", "sourceUrl", "title"}
# Keywords whose value maps names to schemas.
NAMES_TO_SCHEMAS = {"properties", "definitions", "patternProperties", "dependentSchemas"}
# Keywords whose value is a schema, or a list of them.
SCHEMAS = {"items", "additionalProperties", "oneOf", "anyOf", "allOf", "not", "if", "then", "else",
           "prefixItems", "contains", "propertyNames", "additionalItems"}
# Lists of property paths.
PATHS = ["primaryIdentifier", "readOnlyProperties", "writeOnlyProperties", "createOnlyProperties",
         "conditionalCreateOnlyProperties", "deprecatedProperties"]
# Keywords of a whole type that stay as they are.
CONSTRAINTS = ["properties", "definitions", "patternProperties", "additionalProperties", "required",
               "oneOf", "anyOf", "allOf", "not", "if", "then", "else", "dependencies", "dependentRequired",
               "dependentExcluded", "requiredXor", "requiredOr", "minProperties", "maxProperties"]


def facts(schema):
    """A schema without its prose."""
    if isinstance(schema, list):
        return [facts(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key in PROSE:
            continue
        if key in NAMES_TO_SCHEMAS and isinstance(value, dict):
            value = {name: facts(s) for name, s in value.items()}
        elif key in SCHEMAS:
            value = facts(value)
        elif key == "dependencies" and isinstance(value, dict):
            value = {name: facts(s) for name, s in value.items()}
        kept[key] = value
    return kept


def resolve(schema, node):
    """What a node's `$ref` points to."""
    for _ in range(20):
        if not isinstance(node, dict) or "$ref" not in node:
            return node
        target = schema
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target.get(name.replace("~1", "/").replace("~0", "~"), {})
        node = target
    return node


def variants(schema, node):
    """A node and the alternatives inside it, references followed."""
    node = resolve(schema, node)
    if not isinstance(node, dict):
        return []
    found = [node]
    for key in ("oneOf", "anyOf", "allOf"):
        for alternative in node.get(key, []):
            found += variants(schema, alternative)
    return found


def path(schema, text):
    """A registry path as names: no `properties` or `items` between them, `*` for every item.

    The registry writes `/properties/A/items/properties/B`, `/properties/A/*/B` and
    `/properties/A/B` for the same place.
    """
    names, nodes = [], [schema]
    for token in text.removeprefix("/").split("/"):
        arrays = [v for n in nodes for v in [n.get("items")] if isinstance(v, dict)]
        children = [n["properties"][token] for n in nodes if token in n.get("properties", {})]
        if not children and arrays and token not in ("*", "items"):
            # An array that is walked through without a word.
            inside = [v for a in arrays for v in variants(schema, a)]
            found = [n["properties"][token] for n in inside if token in n.get("properties", {})]
            if found:
                names.append("*")
                children = found
        if not children and token in ("properties", "items"):
            if token == "items":
                names.append("*")
                nodes = [v for a in arrays for v in variants(schema, a)]
            continue
        if token == "*":
            children = arrays + [s for n in nodes for s in n.get("patternProperties", {}).values()]
            children += [s for n in nodes for s in [n.get("additionalProperties")] if isinstance(s, dict)]
        names.append(token)
        nodes = [v for c in children for v in variants(schema, c)]
    return "/".join(names)


def handler(value):
    """A handler's permissions, its limit, and what a list wants."""
    kept = {"permissions": value.get("permissions", [])}
    if "timeoutInMinutes" in value:
        kept["timeoutInMinutes"] = value["timeoutInMinutes"]
    if "handlerSchema" in value:
        kept["handlerSchema"] = facts(value["handlerSchema"])
    return kept


def resource(schema, arn_template):
    """What the bundle keeps of one type."""
    kept = {"typeName": schema["typeName"]}
    for key in CONSTRAINTS:
        if key in schema:
            kept[key] = facts({key: schema[key]})[key]
    for key in PATHS:
        if schema.get(key):
            kept[key] = [path(schema, p) for p in schema[key]]
    if schema.get("additionalIdentifiers"):
        kept["additionalIdentifiers"] = [[path(schema, p) for p in ids] for ids in schema["additionalIdentifiers"]]
    if schema.get("propertyTransform"):
        kept["propertyTransform"] = {path(schema, p): t for p, t in schema["propertyTransform"].items()}
    if "replacementStrategy" in schema:
        kept["replacementStrategy"] = schema["replacementStrategy"]
    tagging = dict(schema.get("tagging", {}))
    if "tagProperty" in tagging:
        tagging["tagProperty"] = path(schema, tagging["tagProperty"])
    if "taggable" not in tagging and "taggable" in schema:
        tagging["taggable"] = schema["taggable"]
    if tagging:
        kept["tagging"] = tagging
    if schema.get("handlers"):
        kept["handlers"] = {name: handler(h) for name, h in schema["handlers"].items()}
    if arn_template:
        kept["arnTemplate"] = arn_template
    return kept


def download(folder):
    """Both packages, newest, through their ordinary clients."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), "cfn-lint"],
                   check=True)
    with zipfile.ZipFile(next(folder.glob("cfn_lint-*.whl"))) as wheel:
        wheel.extractall(folder / "cfn-lint")
    subprocess.run(["npm", "pack", "--silent", "--pack-destination", str(folder), "@aws-cdk/aws-service-spec"],
                   check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("aws-cdk-aws-service-spec-*.tgz"))) as archive:
        archive.extractall(folder / "service-spec", filter="data")
    return folder / "cfn-lint", folder / "service-spec"


def read(cfn_lint, service_spec):
    """All types and where they come from."""
    schemas = next(cfn_lint.rglob("cfnlint/data/schemas/providers")).parent
    metadata = next(cfn_lint.glob("**/cfn_lint-*.dist-info/METADATA")).read_text()
    spec = next(p for p in service_spec.rglob("db.json.gz"))
    source = {
        "cfnLint": re.search(r"^Version: (.+)$", metadata, re.M).group(1),
        "schemaDate": json.loads((schemas / "version.json").read_text())["schema_date"][:10],
        "awsServiceSpec": json.loads((spec.parent / "package.json").read_text())["version"],
        "region": REGION,
    }
    templates = {}
    with gzip.open(spec) as packed:
        for entity in json.load(packed)["schema"]["resource"]["entities"]:
            if "arnTemplate" in entity:
                templates[entity["cloudFormationType"]] = entity["arnTemplate"]
    types = []
    for name, file in sorted(json.loads((schemas / "providers" / f"{REGION}.json").read_text()).items()):
        schema = json.loads((schemas / "resources" / f"{file}.json").read_text())
        assert schema["typeName"] == name, f"{file} is {schema['typeName']}, not {name}"
        types.append(resource(schema, templates.get(name)))
    return types, source


def bundle(types, source):
    """The bundle's bytes."""
    import brotli  # only here: reading the packages needs nothing but Python

    blocks, index, current, current_service = [], [], b"", None
    for kept in types:
        text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()
        service = kept["typeName"].split("::")[1]
        # A block ends when it is full, or half full where a service ends.
        if current and (len(current) + len(text) > BLOCK or (service != current_service and len(current) > BLOCK // 2)):
            blocks.append(current)
            current = b""
        index.append([kept["typeName"], len(blocks), len(current), len(text)])
        current += text
        current_service = service
    blocks.append(current)
    packed = [brotli.compress(b, quality=11, lgwin=22) for b in blocks]
    head = {"source": source, "blocks": [[len(p), len(b)] for p, b in zip(packed, blocks)], "types": index}
    head = brotli.compress(json.dumps(head, separators=(",", ":")).encode(), quality=11)
    return MAGIC + struct.pack("<I", len(head)) + head + b"".join(packed), blocks


SOURCE = """# Where `cloudformation.bundle` comes from

| what | from | version |
| --- | --- | --- |
| resource schemas of {region}, {count} types | `cfn-lint` (PyPI, MIT-0), `cfnlint/data/schemas` | {cfnLint}, schemas of {schemaDate} |
| ARN templates of {templates} of them | `@aws-cdk/aws-service-spec` (npm, Apache-2.0), `db.json.gz` | {awsServiceSpec} |

Both republish the CloudFormation registry's public schemas. The bundle holds facts alone: names,
types, constraints, identifiers, handlers and their permissions, templates. No description, title,
comment, example or link is in it. cfn-lint adds constraints of its own to some schemas
(`requiredXor`, `requiredOr`, `dependentExcluded`, further `enum`s); they are kept, since they are
true of the services too, but the registry itself does not report them.

Made by `python3 schemas/bundle.py` (it needs Python 3.11.4 or later, pip, npm, and `pip install brotli`); its first
lines describe the format. {count} types, {size} bytes, in {blocks} blocks ({unpacked} bytes unpacked).
"""


def main():
    arguments = argparse.ArgumentParser(description="Makes the bundle of CloudFormation's resource types.")
    arguments.add_argument("--cfn-lint", type=pathlib.Path, help="folder of an unpacked cfn-lint wheel")
    arguments.add_argument("--service-spec", type=pathlib.Path, help="folder of an unpacked @aws-cdk/aws-service-spec")
    arguments.add_argument("--out", type=pathlib.Path, default=HERE, help="where to write (default: beside this script)")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        cfn_lint, service_spec = given.cfn_lint, given.service_spec
        if not (cfn_lint and service_spec):
            cfn_lint, service_spec = download(pathlib.Path(scratch))
        types, source = read(cfn_lint, service_spec)
    written, blocks = bundle(types, source)
    if len(written) > LIMIT:
        sys.exit(f"the bundle has {len(written)} bytes, more than the {LIMIT} that it may have")
    (given.out / "cloudformation.bundle").write_bytes(written)
    (given.out / "SOURCE.md").write_text(SOURCE.format(
        count=len(types), templates=sum("arnTemplate" in t for t in types), size=len(written),
        blocks=len(blocks), unpacked=sum(map(len, blocks)), **source))
    print(f"{len(types)} types, {len(written)} bytes, {len(blocks)} blocks, the largest {max(map(len, blocks))} bytes")


if __name__ == "__main__":
    main()
