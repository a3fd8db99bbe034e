"""The policy: what must be true of every set of manifests that goes to a cluster. Each rule yields sentences, one a fault."""
import re
import subprocess

RECOMMENDED = [f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "component", "part-of", "managed-by")]
PORT_NAME = re.compile(r"(http2?|grpc|tcp|tls|https|udp|mongo|redis)(-[a-z0-9-]+)?")  # what the mesh understands
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
SERVERS = ("Deployment", "StatefulSet", "DaemonSet")
SERVICES = ("order", "product", "payment", "notification", "customer-view", "delivery", "gateway")
# Who may read files of its node: which, and whether it may also write there. Only root may read them; so its namespace has nobody else in it.
READS_ITS_NODE = {"log-agent": {"/var/log/pods": False, "/var/lib/jumun-log-agent": True}}
# What a secret looks like that was put where everybody may read it.
PLAIN_SECRET = re.compile(r"password|passwd|secret|token|private[-_]?key|BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@$]+:[^@/\s$]+@", re.I)
SECRET_NAMES_ALLOWED = re.compile(r"(_FILE|_URL)$|^(JUMUN_TOKEN_(ISSUER|AUDIENCE))$")


class Programs:
    """What the built services say they take: name → whether it must be set; secrets may also come by a file."""

    def __init__(self, folder):
        self.folder = folder
        self.known = {}

    def settings(self, service):
        """Of who serves, and of the step before it (empty: it has none)."""
        if service not in self.known:
            told = subprocess.run([self.folder / service / service, "--help"], capture_output=True, text=True, check=True).stdout
            self.known[service] = [{name: (said.endswith("must be set"), "_FILE, a file" in said)
                                    for name, said in re.findall(r"^  ([A-Z][A-Z0-9_]+)\n +(.+)$", part, re.M)}
                                   for part in told.partition("\nWith --migrate ")[::2]]
        return self.known[service]


class Manifests:
    def __init__(self, things):
        self.things = things

    def of(self, *kinds):
        return [thing for thing in self.things if thing["kind"] in kinds]

    def named(self, kind, name):
        return next((thing for thing in self.of(kind) if thing["metadata"]["name"] == name), None)

    def keys_of_secret(self, name):
        """Of one that stands here, or that is made from outside."""
        made = [e["spec"]["target"]["template"]["data"] for e in self.of("ExternalSecret") if e["spec"]["target"]["name"] == name]
        return {key for data in [*made, (self.named("Secret", name) or {"data": {}})["data"]] for key in data}

    def servers(self):
        return self.of(*SERVERS)


def called(thing):
    return f"{thing['kind']} {thing['metadata']['name']}"


def template(workload):
    return workload["spec"]["template"]


def containers(workload):
    spec = template(workload)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


def selects(selector, labels):
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def labels_are_complete(m, _):
    for thing in m.of(*WORKLOADS):
        for labels, place in ((thing["metadata"].get("labels", {}), "itself"), (template(thing)["metadata"]["labels"], "its pods")):
            missing = [name for name in RECOMMENDED if not labels.get(name)]
            missing += [name for name in ("app", "version") if place == "its pods" and not labels.get(name)]
            if missing:
                yield f"{called(thing)} lacks on {place} the labels {', '.join(missing)}"


def selectors_match(m, _):
    for thing in m.servers():
        wanted = thing["spec"]["selector"]["matchLabels"]
        if not selects(wanted, template(thing)["metadata"]["labels"]):
            yield f"{called(thing)} does not select its own pods"
        if "app.kubernetes.io/version" in wanted:
            yield f"{called(thing)} selects by release: it could never be updated"
    for service in m.of("Service"):
        behind = [w for w in m.servers() if selects(service["spec"].get("selector"), template(w)["metadata"]["labels"])]
        if not behind:
            yield f"{called(service)} has nobody behind it"
        for workload in behind:
            ports = {port["name"]: port["containerPort"] for c in containers(workload) for port in c.get("ports", [])}
            for port in service["spec"]["ports"]:
                if port.get("targetPort") not in ports and port.get("targetPort") not in ports.values():
                    yield f"{called(service)} leads to port {port.get('targetPort')}, which {called(workload)} does not have"


def each_server_is_covered_once(m, _):
    for workload in m.servers():
        labels = template(workload)["metadata"]["labels"]
        budgets = [b for b in m.of("PodDisruptionBudget") if selects(b["spec"].get("selector", {}).get("matchLabels"), labels)]
        # Eviction leaves a DaemonSet's pods where they are: a budget would count for nothing.
        if len(budgets) != (workload["kind"] != "DaemonSet"):
            yield f"{called(workload)} has {len(budgets)} disruption budgets"
        policies = [p for p in m.of("NetworkPolicy") if selects(p["spec"]["podSelector"].get("matchLabels"), labels)]
        if len(policies) != 1:
            yield f"{called(workload)} has {len(policies)} network policies of its own"
    denied = {p["metadata"].get("namespace") for p in m.of("NetworkPolicy")
              if p["spec"]["podSelector"] == {} and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}}
    for namespace in m.of("Namespace"):
        if namespace["metadata"]["name"] not in denied:
            yield f"in {called(namespace)} no policy denies what none allows"


def scalers_are_one_each(m, _):
    for workload in m.of("Deployment"):
        name = workload["metadata"]["name"]
        scalers = [s for s in m.of("HorizontalPodAutoscaler", "ScaledObject") if s["spec"]["scaleTargetRef"]["name"] == name]
        if name in SERVICES and len(scalers) != 1:
            yield f"{called(workload)} has {len(scalers)} scalers"
        if scalers and "replicas" in workload["spec"]:
            yield f"{called(workload)} says `replicas`, and so does its scaler"
    for scaler in m.of("HorizontalPodAutoscaler", "ScaledObject"):
        if not m.named("Deployment", scaler["spec"]["scaleTargetRef"]["name"]):
            yield f"{called(scaler)} scales what is not there"


def resources_are_said(m, _):
    for workload in m.of(*WORKLOADS):
        for container in containers(workload):
            for kind in ("requests", "limits"):
                for what in ("cpu", "memory"):
                    if not container.get("resources", {}).get(kind, {}).get(what):
                        yield f"{called(workload)}, {container['name']}: no {kind} of {what}"


def probes_are_there(m, _):
    for workload in m.servers():
        for container in template(workload)["spec"]["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe not in container:
                    yield f"{called(workload)}, {container['name']}: no {probe}"
        if workload["metadata"]["name"] in SERVICES:
            container = template(workload)["spec"]["containers"][0]
            for probe, path in (("startupProbe", "/healthz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
                if container.get(probe, {}).get("httpGet") != {"path": path, "port": "http-admin"}:
                    yield f"{called(workload)}: its {probe} does not ask {path} of the admin port"


def there_is_time_to_stop(m, _):
    for workload in m.of("Deployment"):
        spec = template(workload)["spec"]
        if workload["metadata"]["name"] not in SERVICES:
            continue
        env = {e["name"]: e.get("value") for e in spec["containers"][0].get("env", [])}
        pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        needed = pause + (int(env.get("JUMUN_DRAIN_DELAY_MS", 0)) + int(env.get("JUMUN_DRAIN_PATIENCE_MS", 10000))) / 1000
        if pause == 0 or spec.get("terminationGracePeriodSeconds", 30) < needed + 5:
            yield f"{called(workload)}: stopping may take {needed + 5:.0f} s, and is given {spec.get('terminationGracePeriodSeconds', 30)}"
        if workload["spec"]["strategy"]["rollingUpdate"].get("maxUnavailable") != 0:
            yield f"{called(workload)}: an update takes replicas away before it has others"


def rights_of(m, workload):
    """The Roles that are bound to its account."""
    account = template(workload)["spec"].get("serviceAccountName")
    return [b["roleRef"] for b in m.of("RoleBinding", "ClusterRoleBinding") for subject in b.get("subjects", [])
            if subject["kind"] == "ServiceAccount" and subject["name"] == account]


def rights_are_to_look(m, _):
    for binding in m.of("RoleBinding", "ClusterRoleBinding"):
        if binding["kind"] == "ClusterRoleBinding" or binding["roleRef"]["kind"] != "Role":
            yield f"{called(binding)} gives rights on the whole cluster"
    for role in m.of("Role", "ClusterRole"):
        for rule in role["rules"]:
            if not set(rule["verbs"]) <= {"get", "list", "watch"} or set(rule["resources"]) & {"secrets", "*"}:
                yield f"{called(role)} gives more than looking at what is no secret"


def pods_are_restricted(m, _):
    for workload in m.of(*WORKLOADS):
        spec = template(workload)["spec"]
        of_pod = spec.get("securityContext", {})
        of_node = READS_ITS_NODE.get(workload["metadata"]["name"], {})
        if not of_node and (of_pod.get("runAsNonRoot") is not True or not of_pod.get("runAsUser")):
            yield f"{called(workload)} may run as root"
        if of_pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{called(workload)} has no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False and not rights_of(m, workload):
            yield f"{called(workload)} is given a token for the cluster, and no rights that it would need one for"
        if not m.named("ServiceAccount", spec.get("serviceAccountName", "")):
            yield f"{called(workload)} has no account of its own"
        places = {volume["name"]: volume["hostPath"]["path"] for volume in spec.get("volumes", []) if volume.get("hostPath")}
        written = {places[mount["name"]] for c in containers(workload) for mount in c.get("volumeMounts", [])
                   if mount["name"] in places and not mount.get("readOnly")}
        if set(places.values()) - set(of_node) or written - {path for path, may in of_node.items() if may} or \
                any(spec.get(f"host{x}") for x in ("Network", "PID", "IPC")):
            yield f"{called(workload)} reaches for its host"
        for container in containers(workload):
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("privileged"):
                yield f"{called(workload)}, {container['name']}: it may gain rights"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{called(workload)}, {container['name']}: its root may be written to"
    for namespace in m.of("Namespace"):
        labels = namespace["metadata"]["labels"]
        # A mesh without a CNI plugin puts an init container with rights into each pod: then it is only told who else is not restricted.
        admitted = "audit" if labels.get("istio-injection") == "enabled" else "enforce"
        inside = {w["metadata"]["name"] for w in m.of(*WORKLOADS) if w["metadata"].get("namespace") == namespace["metadata"]["name"]}
        if labels.get(f"pod-security.kubernetes.io/{admitted}") != "restricted" and not (inside and inside <= set(READS_ITS_NODE)):
            yield f"{called(namespace)} does not enforce restricted pods"
    if not m.of("Namespace"):
        yield "there is no namespace"


def images_are_versions(m, _):
    for workload in m.of(*WORKLOADS):
        for container in containers(workload):
            _, _, tag = container["image"].rpartition("/")[2].partition(":")
            if tag in ("", "latest"):
                yield f"{called(workload)}, {container['name']}: {container['image']} is no version"


def ports_are_named(m, _):
    for thing in m.of("Service"):
        for port in thing["spec"]["ports"]:
            if not PORT_NAME.fullmatch(port.get("name", "")):
                yield f"{called(thing)}: the mesh does not understand the port's name {port.get('name')}"
    for workload in m.servers():
        for container in containers(workload):
            for port in container.get("ports", []):
                if not PORT_NAME.fullmatch(port.get("name", "")):
                    yield f"{called(workload)}: the mesh does not understand the port's name {port.get('name')}"
    for name in SERVICES:
        service = m.named("Service", name)
        if not service or {p["name"]: p["port"] for p in service["spec"]["ports"]} != {"http": 8080, "http-admin": 9090}:
            yield f"Service {name} is not http at 8080 and http-admin at 9090"


def references_lead_somewhere(m, _):
    external = {thing["spec"]["target"]["name"] for thing in m.of("ExternalSecret")}
    for workload in m.of(*WORKLOADS):
        spec = template(workload)["spec"]
        for volume in spec.get("volumes", []):
            secret, config = volume.get("secret", {}).get("secretName"), volume.get("configMap", {}).get("name")
            if secret and not m.named("Secret", secret) and secret not in external:
                yield f"{called(workload)}: nobody makes the secret {secret}"
            if config and not m.named("ConfigMap", config):
                yield f"{called(workload)}: there is no ConfigMap {config}"
        for container in containers(workload):
            for source in container.get("envFrom", []):
                if not m.named("ConfigMap", source["configMapRef"]["name"]):
                    yield f"{called(workload)}: there is no ConfigMap {source['configMapRef']['name']}"
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            claims = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
            if mounted - claims - {volume["name"] for volume in spec.get("volumes", [])}:
                yield f"{called(workload)}, {container['name']} mounts a volume that is none"


def settings_are_the_programs(m, programs):
    for workload in m.of("Deployment"):
        name = workload["metadata"]["name"]
        if name not in SERVICES:
            continue
        known, _ = programs.settings(name)
        container = template(workload)["spec"]["containers"][0]
        given = {entry["name"] for entry in container.get("env", [])}
        for source in container.get("envFrom", []):
            given |= set((m.named("ConfigMap", source["configMapRef"]["name"]) or {"data": {}})["data"])
        by_file = {setting + "_FILE" for setting, (_, secret) in known.items() if secret}
        for setting in sorted(given - set(known) - by_file):
            yield f"{called(workload)}: {name} does not know the setting {setting}"
        for setting, (needed, _) in known.items():
            if needed and setting not in given and setting + "_FILE" not in given:
                yield f"{called(workload)}: {setting} must be set"
        files = {entry["value"] for entry in container.get("env", []) if entry["name"] in by_file}
        secrets = [v["secret"]["secretName"] for v in template(workload)["spec"].get("volumes", []) if v.get("secret")]
        keys = {f"/run/secrets/jumun/{key}" for secret in secrets for key in m.keys_of_secret(secret)}
        if files - keys:
            yield f"{called(workload)}: no secret has {', '.join(sorted(files - keys))}"


def schemas_have_owners(m, programs):
    """What may change a schema is known to the step before the service, and to nobody else."""
    for workload in m.of("Deployment"):
        name, spec = workload["metadata"]["name"], template(workload)["spec"]
        serving, before = spec["containers"], spec.get("initContainers", [])
        if name not in SERVICES or not programs.settings(name)[1]:
            continue
        step = next((c for c in before if c.get("args") == ["--migrate"]), None)
        if not step or step["image"] != serving[0]["image"]:
            yield f"{called(workload)}: its own program does not migrate before it serves"
            continue
        files = {e["value"] for e in step.get("env", []) if e["name"] == "JUMUN_MIGRATION_URL_FILE"}
        secrets = {v["name"]: v["secret"]["secretName"] for v in spec.get("volumes", []) if v.get("secret")}
        mounts = [mount for mount in step.get("volumeMounts", []) if mount["name"] in secrets]
        keys = {f"{mount['mountPath']}/{key}" for mount in mounts for key in m.keys_of_secret(secrets[mount["name"]])}
        if len(files) != 1 or files - keys:
            yield f"{called(workload)}: no secret has the owner's URL at {', '.join(sorted(files)) or 'any place'}"
        owners = {secrets[mount["name"]] for mount in mounts}
        told = {secrets[mount["name"]] for c in serving for mount in c.get("volumeMounts", []) if mount["name"] in secrets}
        if owners & told:
            yield f"{called(workload)}: who serves is given the owner's password"


def values_are_no_secrets(m, _):
    for thing in m.of("ConfigMap"):
        for name, value in thing.get("data", {}).items():
            if "://" in value and re.search(r"://[^/\s:@]*:[^@/\s$]+@", value) or "PRIVATE KEY" in value or \
                    (PLAIN_SECRET.search(name) and not SECRET_NAMES_ALLOWED.search(name)):
                yield f"{called(thing)}: {name} looks like a secret"
    for workload in m.of(*WORKLOADS):
        for container in containers(workload):
            for entry in container.get("env", []):
                if "value" in entry and PLAIN_SECRET.search(entry["name"]) and not SECRET_NAMES_ALLOWED.search(entry["name"]):
                    yield f"{called(workload)}: {entry['name']} looks like a secret"


RULES = [labels_are_complete, selectors_match, each_server_is_covered_once, scalers_are_one_each, resources_are_said, probes_are_there,
         there_is_time_to_stop, pods_are_restricted, rights_are_to_look, images_are_versions, ports_are_named, references_lead_somewhere,
         settings_are_the_programs, schemas_have_owners, values_are_no_secrets]


def faults_of(things, programs, generated_secrets):
    m = Manifests(things)
    faults = [fault for rule in RULES for fault in rule(m, programs)]
    if not generated_secrets:
        faults += [f"{called(secret)} stands in a plain manifest" for secret in m.of("Secret")]
    missing = [name for name in SERVICES if not m.named("Deployment", name)]
    return faults + [f"{name} is not deployed" for name in missing]
