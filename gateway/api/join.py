#!/usr/bin/env python3
"""Joins OpenAPI documents into one: join.py OUTPUT.json INPUT.yaml…

Paths must not meet. Components of the same name must be equal, or are told apart by the folder of their service.
"""
import json
import pathlib
import sys

import yaml


def rename(node, names):
    """The node with its references to renamed components changed."""
    if isinstance(node, dict):
        return {key: names.get(value, value) if key == "$ref" else rename(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [rename(item, names) for item in node]
    return node


def clashes(document, joined, service):
    """References to components that another service has under the same name and otherwise, and their new references."""
    names = {}
    for kind, items in document.get("components", {}).items():
        for name, item in items.items():
            known = joined["components"].get(kind, {}).get(name)
            if known is not None and known != item:
                names[f"#/components/{kind}/{name}"] = f"#/components/{kind}/{service}_{name}"
    return names


def add(document, joined, service):
    names = clashes(document, joined, service)
    for path, item in document.get("paths", {}).items():
        if path in joined["paths"]:
            raise SystemExit(f"{service}: the path {path} is another service's too")
        joined["paths"][path] = rename(item, names)
    for kind, items in document.get("components", {}).items():
        for name, item in items.items():
            new = names.get(f"#/components/{kind}/{name}", name).rsplit("/", 1)[-1]
            joined["components"].setdefault(kind, {})[new] = rename(item, names)


def main():
    output, inputs = pathlib.Path(sys.argv[1]), [pathlib.Path(p) for p in sys.argv[2:]]
    joined = {
        "openapi": "3.1.0",
        "info": {"title": "Jumun", "version": "1", "description": "Ordering products: all services behind one gateway."},
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {},
    }
    for path in sorted(inputs):
        add(yaml.safe_load(path.read_text(encoding="utf-8")), joined, path.parent.parent.name)
    output.write_text(json.dumps(joined, ensure_ascii=False, separators=(",", ":"), default=str), encoding="utf-8")


main()
