"""The written contract of the topics: AsyncAPI as it stands in the services' folders, and a message held against it.

Knows nothing of the running shop: tests/golden uses it, too."""
import json
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]

UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
UUID_7 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEADERS = {  # name: what its value looks like, and whether it may be missing
    "ce_specversion": (re.compile(r"1\.0"), False),
    "ce_id": (UUID_7, False),
    "ce_type": (re.compile(r"jumun\.[a-z]+\.[A-Z][A-Za-z]+\.v[1-9][0-9]*"), False),
    "ce_source": (re.compile("/jumun/[a-z-]+"), False),
    "ce_time": (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), False),
    "ce_subject": (UUID, False),
    "ce_correlationid": (UUID, False),
    "ce_causationid": (UUID, True),
    "ce_aggregateversion": (re.compile("[1-9][0-9]*"), False),
    "content-type": (re.compile("application/json(;.*)?"), False),
    "traceparent": (re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"), True),
    "tracestate": (re.compile(".+"), True),
    "baggage": (re.compile(".+"), True),
}


def header_faults(headers):
    """Of (name, text) pairs: nothing missing, nothing twice, nothing that nobody knows."""
    names = [name for name, _ in headers]
    faults = [f"{name} stands {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1]
    faults += [f"{name} is not a header of ours" for name in names if name not in HEADERS]
    faults += [f"{name} is missing" for name, (_, optional) in HEADERS.items() if not optional and name not in names]
    return faults + [f"{name} is {text!r}" for name, text in headers if name in HEADERS and not HEADERS[name][0].fullmatch(text)]


class EventContract:
    """The JSON Schemas of all event types, by who sends them and by who reads them."""

    def __init__(self):
        self.sent, self.read = {}, {}  # {type: (service, topic, validator)}, {(service, type): (topic, validator)}
        for file in sorted(ROOT.glob("*/api/asyncapi.yaml")):
            self._take(file.parent.parent.name, yaml.safe_load(file.read_text()))

    def _take(self, service, document):
        addresses = {action: {self._resolve(document, operation["channel"])["address"] for operation in document["operations"].values()
                              if operation["action"] == action} for action in ("send", "receive")}
        for channel in document["channels"].values():
            address = channel["address"]
            if address.startswith("jumun.dlq."):
                continue  # what comes there has any form
            for message in channel["messages"].values():
                message = self._resolve(document, message)
                name, validator = message["name"], self._validator(document, message["payload"])
                if address in addresses["send"]:
                    assert name not in self.sent, f"{name} is said to be sent by two services"
                    self.sent[name] = (service, address, validator)
                if address in addresses["receive"]:
                    self.read[service, name] = (address, validator)

    @staticmethod
    def _resolve(document, node):
        if "$ref" not in node:
            return node
        for part in node["$ref"][2:].split("/"):
            document = document[part]
        return document

    @staticmethod
    def _validator(document, schema):
        return jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver.from_schema(document),
                                               format_checker=jsonschema.FormatChecker())

    def faults(self, topic, key, headers, value):
        """All that is wrong with a message; `headers` are (name, text) pairs, key and value texts."""
        faults = header_faults(headers)
        headers = dict(headers)
        if headers.get("ce_type") not in self.sent:
            return faults + [f"nobody says that {headers.get('ce_type')} is sent"]
        service, address, _ = self.sent[headers["ce_type"]]
        if topic != address:
            faults.append(f"it belongs on {address}, not on {topic}")
        if headers.get("ce_source") != f"/jumun/{service}":
            faults.append(f"it says that it comes from {headers.get('ce_source')}, but {service} sends it")
        if key != headers.get("ce_correlationid"):
            faults.append(f"its key is {key}, not its correlation {headers.get('ce_correlationid')}")
        if topic != "jumun.notification" and key != headers.get("ce_subject"):
            faults.append(f"its key is {key}, not its subject {headers.get('ce_subject')}")
        return faults + self.data_faults(headers["ce_type"], value)

    def data_faults(self, type, value):
        """By the sender's schema, and by every reader's."""
        try:
            data = json.loads(value)
        except ValueError as error:
            return [f"its data is no JSON: {error}"]
        faults = [f"{wrong.json_path}: {wrong.message}" for wrong in self.sent[type][2].iter_errors(data)]
        for (reader, name), (_, validator) in self.read.items():
            if name == type:
                faults += [f"{reader} reads otherwise: {wrong.json_path}: {wrong.message}" for wrong in validator.iter_errors(data)]
        return faults

    def violations(self, event):
        """Of an event that a story has read from a topic (topics.py)."""
        return self.faults(event.topic, event.key.decode(), [(name, text.decode()) for name, text in event.headers], event.value)
