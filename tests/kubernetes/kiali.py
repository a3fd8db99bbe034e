"""What Kiali would find fault with, by its published numbers (kiali.io, Features, Validation), and a few promises of our own in its terms.

A mesh without automatic mutual TLS is assumed: then both sides must say it, and 0204 to 0208 apply. Each rule yields sentences, one a fault."""
import re

from policy import RECOMMENDED, SERVERS, SERVICES, WORKLOADS, Manifests, called, containers, selects, template

METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
GRPC_NAME = re.compile(r"/([\w-]+\.)+[\w-]+/[\w-]+")
PROTOCOLS = ("grpc", "grpc-web", "http", "http2", "https", "mongo", "mysql", "redis", "tcp", "tls", "udp")
PORT = re.compile(rf"({'|'.join(sorted(PROTOCOLS, key=len, reverse=True))})(-[a-z0-9-]+)?")
APP_PROTOCOL = re.compile(rf"({'|'.join(PROTOCOLS)}|kubernetes\.io/(h2c|ws|wss))")
SHOP = "jumun"  # the namespace that is in the mesh
# What is there beside what we bring.
NAMESPACES = {"istio-system", "kube-system"}
CLASSES = {"istio"}
ROOT_NAMESPACE = "istio-system"
EXPECTED = ("402", "404", "409")  # answers as they should be
UNEXPECTED = ("500", "503", "504", "401", "403", "429")
TOLERANCE = "health.kiali.io/rate"


class Mesh(Manifests):
    """The manifests, as who is in the mesh sees them: without what lives in a namespace that is none of it (who watches)."""

    def __init__(self, things):
        """Workloads, services and network policies of other namespaces are outside of it."""
        super().__init__([t for t in things if t["kind"] not in (*WORKLOADS, "Service", "NetworkPolicy") or t["metadata"].get("namespace", SHOP) == SHOP])
        self.namespaces = {t["metadata"]["name"] for t in self.of("Namespace")} | NAMESPACES

    def own(self):
        return self.named("Namespace", SHOP)

    def namespace_of(self, thing):
        return thing["metadata"].get("namespace", self.own()["metadata"]["name"])

    def full(self, host, thing):
        """A short name is of the namespace of who says it."""
        parts = host.split(".")
        if len(parts) == 1:
            return f"{host}.{self.namespace_of(thing)}.svc.cluster.local"
        return host + ".svc.cluster.local" if len(parts) == 2 and parts[1] in self.namespaces else host

    def hosts(self):
        known = {f"{s['metadata']['name']}.{self.namespace_of(s)}.svc.cluster.local" for s in self.of("Service")}
        return known | {host for entry in self.of("ServiceEntry") for host in entry["spec"]["hosts"]}

    def knows(self, host, thing):
        host = self.full(host, thing)
        if host.startswith("*"):
            return any(known.endswith(host[1:]) for known in self.hosts())
        return host in self.hosts()

    def service(self, host, thing):
        return next((s for s in self.of("Service") if f"{s['metadata']['name']}.{self.namespace_of(s)}.svc.cluster.local" == self.full(host, thing)), None)

    def behind(self, host, thing):
        """The labels of the pods that answer for a host."""
        service = self.service(host, thing)
        pods = [template(w)["metadata"]["labels"] for w in self.of(*SERVERS)]
        return [labels for labels in pods if service and selects(service["spec"].get("selector"), labels)]

    def rules_for(self, host, thing):
        full = self.full(host, thing)
        return [rule for rule in self.of("DestinationRule") if self.full(rule["spec"]["host"], rule) == full]

    def mode(self, labels, port=None):
        """What the peers of a pod must speak: a port's, its own, its namespace's, the mesh's."""
        peers = [p for p in self.of("PeerAuthentication")]
        own = [p for p in peers if selects(p["spec"].get("selector", {}).get("matchLabels"), labels)]
        wide = [p for p in peers if not p["spec"].get("selector") and self.namespace_of(p) != ROOT_NAMESPACE]
        mesh = [p for p in peers if not p["spec"].get("selector") and self.namespace_of(p) == ROOT_NAMESPACE]
        for peer in own + wide + mesh:
            said = peer["spec"].get("portLevelMtls", {}).get(port, peer["spec"].get("mtls", {})).get("mode", "UNSET")
            if said != "UNSET":
                return said
        return "PERMISSIVE"

    def routes(self, virtual):
        return [route for kind in ("http", "tcp", "tls") for route in virtual["spec"].get(kind, [])]

    def accounts(self):
        """Istio makes one for each Gateway."""
        return {a["metadata"]["name"] for a in self.of("ServiceAccount")} | {f"{g['metadata']['name']}-{g['spec']['gatewayClassName']}" for g in self.of("Gateway")}


def sources(policy):
    return [f["source"] for rule in policy["spec"].get("rules", []) for f in rule.get("from", [])]


def operations(policy):
    return [t["operation"] for rule in policy["spec"].get("rules", []) for t in rule.get("to", [])]


def tls_mode(rule):
    return rule["spec"].get("trafficPolicy", {}).get("tls", {}).get("mode")


SELECTING = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication", "Sidecar", "Telemetry")


def chosen_by(thing):
    return thing["spec"].get("selector", thing["spec"].get("workloadSelector", {})).get("matchLabels", thing["spec"].get("workloadSelector", {}).get("labels"))


def kia0002(m):
    """Policies add up; of the others one is the namespace's, and which, nobody knows."""
    seen = {}
    for thing in m.of(*SELECTING[1:]):
        key = (thing["kind"], m.namespace_of(thing))
        if not chosen_by(thing) and not thing["spec"].get("targetRefs") and seen.setdefault(key, thing) is not thing:
            yield f"{called(thing)}: another one is for the whole namespace, too"


def kia0004(m):
    """A Job's pods come and go."""
    for thing in m.of(*SELECTING):
        if chosen_by(thing) and not any(selects(chosen_by(thing), template(w)["metadata"]["labels"]) for w in m.of(*SERVERS)):
            yield f"{called(thing)} is about nobody"


def kia0101(m):
    for policy in m.of("AuthorizationPolicy"):
        for source in sources(policy):
            for namespace in source.get("namespaces", []):
                if not any(re.fullmatch(namespace.replace("*", ".*"), known) for known in m.namespaces):
                    yield f"{called(policy)}: there is no namespace {namespace}"


def kia0102(m):
    for policy in m.of("AuthorizationPolicy"):
        for operation in operations(policy):
            for method in operation.get("methods", []):
                if method not in METHODS and not GRPC_NAME.fullmatch(method):
                    yield f"{called(policy)}: {method} is no method"


def kia0103(m):
    """Not in the list any more; what refers to mutual TLS needs it (0105 today)."""
    for policy in m.of("AuthorizationPolicy"):
        needs = any(source.get(field) for source in sources(policy) for field in ("principals", "namespaces", "notPrincipals", "notNamespaces"))
        labels = policy["spec"].get("selector", {}).get("matchLabels", {})
        if needs and m.mode(labels) != "STRICT":
            yield f"{called(policy)}: it goes by who asks, and mutual TLS does not show it"


def kia0104(m):
    for policy in m.of("AuthorizationPolicy"):
        for operation in operations(policy):
            for host in operation.get("hosts", []):
                if not m.knows(host.split(":")[0], policy):
                    yield f"{called(policy)}: nobody is called {host}"


def kia0106(m):
    for policy in m.of("AuthorizationPolicy"):
        for source in sources(policy):
            for principal in source.get("principals", []):
                _, _, namespace, _, account = (principal.split("/") + [""] * 5)[:5]
                if namespace not in m.namespaces or (namespace == m.own()["metadata"]["name"] and account not in m.accounts()):
                    yield f"{called(policy)}: there is no account {principal}"


def kia0201(m):
    seen = set()
    for rule in m.of("DestinationRule"):
        for subset in [s["name"] for s in rule["spec"].get("subsets", [])] or ["~"]:
            key = (m.full(rule["spec"]["host"], rule), subset)
            if key in seen:
                yield f"{called(rule)}: {key[0]} has another rule for {subset}"
            seen.add(key)


def kia0202(m):
    for rule in m.of("DestinationRule"):
        if not m.knows(rule["spec"]["host"], rule):
            yield f"{called(rule)}: nobody is called {rule['spec']['host']}"


def kia0203(m):
    for rule in m.of("DestinationRule"):
        for subset in rule["spec"].get("subsets", []):
            if subset.get("labels") and not any(selects(subset["labels"], labels) for labels in m.behind(rule["spec"]["host"], rule)):
                yield f"{called(rule)}: no pod is of subset {subset['name']}"


def kia0204(m):
    """A host's own rule takes the place of the namespace's, its TLS too."""
    wide = [rule for rule in m.of("DestinationRule") if rule["spec"]["host"].startswith("*") and tls_mode(rule)]
    for rule in m.of("DestinationRule"):
        above = [w for w in wide if w is not rule and m.full(rule["spec"]["host"], rule).endswith(w["spec"]["host"][1:])]
        if above and not tls_mode(rule):
            yield f"{called(rule)}: it says nothing of TLS, and so undoes what {above[0]['metadata']['name']} says"


def kia0205(m):
    for rule in m.of("DestinationRule"):
        if rule["spec"]["host"] == "*.local" and tls_mode(rule) == "ISTIO_MUTUAL" and \
                not any(m.namespace_of(p) == ROOT_NAMESPACE and not p["spec"].get("selector") for p in m.of("PeerAuthentication")):
            yield f"{called(rule)}: mutual TLS for the whole mesh, and no PeerAuthentication for it"


def kia0206(m):
    """Who is spoken to by mutual TLS is told to speak it."""
    for rule in m.of("DestinationRule"):
        if tls_mode(rule) == "ISTIO_MUTUAL" and rule["spec"]["host"] != "*.local" and not any(not p["spec"].get("selector") for p in m.of("PeerAuthentication")):
            yield f"{called(rule)}: mutual TLS, and no PeerAuthentication for the namespace"


def plain(m, mesh_wide):
    for rule in m.of("DestinationRule"):
        for where, said in [("", tls_mode(rule))] + [(f" port {p['port']['number']}", p.get("tls", {}).get("mode"))
                                                     for p in rule["spec"].get("trafficPolicy", {}).get("portLevelSettings", [])]:
            if said not in ("DISABLE", "SIMPLE"):
                continue
            strict = [p for p in m.of("PeerAuthentication") if not p["spec"].get("selector") and p["spec"].get("mtls", {}).get("mode") == "STRICT"]
            if any((m.namespace_of(p) == ROOT_NAMESPACE) == mesh_wide for p in strict):
                yield f"{called(rule)}{where}: no mutual TLS to who takes nothing else"


def kia0207(m):
    yield from plain(m, mesh_wide=False)


def kia0208(m):
    yield from plain(m, mesh_wide=True)


def kia0209(m):
    for rule in m.of("DestinationRule"):
        for subset in rule["spec"].get("subsets", []):
            if not subset.get("labels"):
                yield f"{called(rule)}: subset {subset['name']} has no labels"


def classic(m):
    """Istio's own kind of Gateway."""
    return [g for g in m.of("Gateway") if g["apiVersion"].startswith("networking.istio.io")]


def api(m):
    return [g for g in m.of("Gateway") if g["apiVersion"].startswith("gateway.networking.k8s.io")]


def kia0301(m):
    seen = {}
    for gateway in classic(m):
        for server in gateway["spec"]["servers"]:
            for host in server["hosts"]:
                key = (str(sorted(gateway["spec"].get("selector", {}).items())), server["port"]["number"], host.split("/")[-1])
                if seen.setdefault(key, gateway) is not gateway:
                    yield f"{called(gateway)}: {key[2]} at {key[1]} is another's, too"


def kia0601(m):
    for service in m.of("Service"):
        for port in service["spec"]["ports"]:
            if not port.get("appProtocol") and not PORT.fullmatch(port.get("name", "")):
                yield f"{called(service)}: port {port.get('name')} does not say what it speaks"


def kia0602(m):
    for service in m.of("Service"):
        for port in service["spec"]["ports"]:
            if port.get("appProtocol") and not APP_PROTOCOL.fullmatch(port["appProtocol"]):
                yield f"{called(service)}: {port['appProtocol']} is no protocol"


def kia0701(m):
    for service in m.of("Service"):
        ports = [p for w in m.of(*SERVERS) if selects(service["spec"].get("selector"), template(w)["metadata"]["labels"])
                 for c in containers(w) for p in c.get("ports", [])]
        for port in service["spec"]["ports"]:
            wanted = port.get("targetPort", port["port"])
            if not any(wanted in (p["containerPort"], p.get("name")) for p in ports):
                yield f"{called(service)}: no pod has a port {wanted}"


def kia1101(m):
    for virtual in m.of("VirtualService"):
        for route in m.routes(virtual):
            for to in [*route.get("route", []), *([{"destination": route["mirror"]}] if route.get("mirror") else [])]:
                if not m.knows(to["destination"]["host"], virtual):
                    yield f"{called(virtual)}: nobody is called {to['destination']['host']}"


def kia1102(m):
    known = {name for g in classic(m) for name in (g["metadata"]["name"], f"{m.namespace_of(g)}/{g['metadata']['name']}")} | {"mesh"}
    for virtual in m.of("VirtualService"):
        asked = [*virtual["spec"].get("gateways", []), *(g for r in virtual["spec"].get("http", []) for match in r.get("match", []) for g in match.get("gateways", []))]
        for gateway in asked:
            if gateway.split(".")[0] not in known:
                yield f"{called(virtual)}: there is no gateway {gateway}"


def kia1103(m):
    """Not in the list any more; a VirtualService that routes nothing is still none."""
    for virtual in m.of("VirtualService"):
        if not m.routes(virtual):
            yield f"{called(virtual)}: it has no route"


def kia1104(m):
    for virtual in m.of("VirtualService"):
        for route in m.routes(virtual):
            to = route.get("route", [])
            if len(to) == 1 and to[0].get("weight", 100) != 100:
                yield f"{called(virtual)}: a weight of {to[0]['weight']}, and nobody else"


def kia1105(m):
    for virtual in m.of("VirtualService"):
        for route in m.routes(virtual):
            to = [(m.full(d["destination"]["host"], virtual), d["destination"].get("subset"), str(d["destination"].get("port"))) for d in route.get("route", [])]
            for one in sorted({str(d) for d in to if to.count(d) > 1}):
                yield f"{called(virtual)}: {one} twice in one route"


def kia1106(m):
    seen = {}
    for virtual in m.of("VirtualService"):
        for host in virtual["spec"]["hosts"]:
            for gateway in virtual["spec"].get("gateways", ["mesh"]):
                if seen.setdefault((m.full(host, virtual), gateway), virtual) is not virtual:
                    yield f"{called(virtual)}: {host} has another one"


def kia1107(m):
    for virtual in m.of("VirtualService"):
        for route in m.routes(virtual):
            for to in route.get("route", []):
                subset = to["destination"].get("subset")
                known = {s["name"] for rule in m.rules_for(to["destination"]["host"], virtual) for s in rule["spec"].get("subsets", [])}
                if subset and subset not in known:
                    yield f"{called(virtual)}: there is no subset {subset} of {to['destination']['host']}"


def kia1108(m):
    for virtual in m.of("VirtualService"):
        for gateway in virtual["spec"].get("gateways", []):
            if gateway != "mesh" and not re.fullmatch(r"[a-z0-9.-]+/[a-z0-9-]+", gateway) and "." in gateway:
                yield f"{called(virtual)}: {gateway} is a gateway's name of old"


def kia1301(m):
    policies = m.of("AuthorizationPolicy")
    wide = [p for p in policies if not p["spec"].get("selector") and not p["spec"].get("targetRefs") and not p["spec"].get("targetRef")]
    for workload in m.of(*WORKLOADS):
        labels = template(workload)["metadata"]["labels"]
        if not wide and not any(selects(p["spec"].get("selector", {}).get("matchLabels"), labels) for p in policies):
            yield f"{called(workload)} is not covered by any policy"


def kia1401(m):
    known = {(m.namespace_of(g), g["metadata"]["name"]): g for g in api(m)}
    for route in m.of("HTTPRoute", "GRPCRoute"):
        for parent in route["spec"].get("parentRefs", []):
            gateway = known.get((parent.get("namespace", m.namespace_of(route)), parent["name"]))
            sections = {listener["name"] for listener in gateway["spec"]["listeners"]} if gateway else set()
            if not gateway or parent.get("sectionName", next(iter(sections))) not in sections:
                yield f"{called(route)}: there is no Gateway {parent['name']} {parent.get('sectionName', '')}"


def kia1402(m):
    for route in m.of("HTTPRoute", "GRPCRoute"):
        for rule in route["spec"]["rules"]:
            for to in rule.get("backendRefs", []):
                service = m.service(f"{to['name']}.{to['namespace']}" if to.get("namespace") else to["name"], route)
                if not service or to["port"] not in {p["port"] for p in service["spec"]["ports"]}:
                    yield f"{called(route)}: there is no service {to['name']} at {to.get('port')}"


def kia1501(m):
    seen = {}
    for gateway in api(m):
        for listener in gateway["spec"]["listeners"]:
            key = (listener.get("hostname"), listener["port"])
            if seen.setdefault(key, gateway) is not gateway:
                yield f"{called(gateway)}: {key[0] or 'every host'} at {key[1]} is another's, too"


def kia1502(m):
    seen = {}
    for gateway in api(m):
        for address in gateway["spec"].get("addresses", []):
            key = (address.get("type"), address["value"])
            if seen.setdefault(key, gateway) is not gateway:
                yield f"{called(gateway)}: the address {key[1]} is another's, too"


def kia1503(m):
    for gateway in api(m):
        seen = [(listener.get("hostname"), listener["port"], listener["protocol"]) for listener in gateway["spec"]["listeners"]]
        for one in sorted({str(key) for key in seen if seen.count(key) > 1}):
            yield f"{called(gateway)}: two listeners are {one}"


def kia1504(m):
    for gateway in api(m):
        if gateway["spec"]["gatewayClassName"] not in CLASSES:
            yield f"{called(gateway)}: there is no class {gateway['spec']['gatewayClassName']}"


def kia1701(m):
    for group in m.of("WorkloadGroup"):
        account = group["spec"]["template"].get("serviceAccount")
        if account and account not in m.accounts():
            yield f"{called(group)}: there is no account {account}"


# ── promises of our own ──

def pods_have_app_and_version(m):
    for workload in m.of(*WORKLOADS):
        missing = [name for name in ("app", "version", *RECOMMENDED) if not template(workload)["metadata"]["labels"].get(name)]
        if missing:
            yield f"{called(workload)}: its pods lack {', '.join(missing)}"
    for gateway in api(m):
        labels = gateway["spec"].get("infrastructure", {}).get("labels", {})
        if not labels.get("app") or not labels.get("version"):
            yield f"{called(gateway)}: its pods lack app or version"


def everybody_is_in_the_mesh(m):
    if m.own()["metadata"]["labels"].get("istio-injection") != "enabled":
        yield f"{called(m.own())} is not in the mesh"
    for workload in m.of(*WORKLOADS):
        metadata = template(workload)["metadata"]
        if "false" in (metadata["labels"].get("sidecar.istio.io/inject"), metadata.get("annotations", {}).get("sidecar.istio.io/inject")):
            yield f"{called(workload)} has no sidecar"
        if metadata.get("annotations", {}).get("sidecar.istio.io/nativeSidecar") != "true":
            yield f"{called(workload)}: its sidecar is no native one, so it may start late, end early, or keep a Job from ending"


def mutual_tls_is_paired(m):
    for workload in m.of(*WORKLOADS):
        labels = template(workload)["metadata"]["labels"]
        for port in [None, *(p["containerPort"] for c in containers(workload) for p in c.get("ports", []))]:
            if m.mode(labels, port) != "STRICT":
                yield f"{called(workload)} takes what is no mutual TLS{f' at {port}' if port else ''}"
    for service in m.of("Service"):
        if {tls_mode(rule) for rule in m.rules_for(service["metadata"]["name"], service)} != {"ISTIO_MUTUAL"}:
            yield f"{called(service)}: no DestinationRule says mutual TLS"


def nobody_may_everything(m):
    if not any(p["spec"] == {} for p in m.of("AuthorizationPolicy")):
        yield "no policy denies what none allows"
    for policy in m.of("AuthorizationPolicy"):
        for rule in policy["spec"].get("rules", []):
            if not policy["spec"].get("targetRefs") and not rule.get("from") or not rule.get("to"):
                yield f"{called(policy)}: a rule does not say who, or what"
    payers = {p for policy in m.of("AuthorizationPolicy") if selects(policy["spec"].get("selector", {}).get("matchLabels"), {"app": "payment"})
              for rule in policy["spec"]["rules"] for to in rule["to"] if "/payments/{*}/attempts" in to["operation"].get("paths", ["/payments/{*}/attempts"])
              and "POST" in to["operation"].get("methods", ["POST"]) for f in rule["from"] for p in f["source"].get("principals", ["anybody"])}
    if payers != {"cluster.local/ns/jumun/sa/order"}:
        yield f"who may take money is {', '.join(sorted(payers)) or 'nobody'}, and not order alone"


def each_service_has_limits_and_ejection(m):
    for name in SERVICES:
        service = m.named("Service", name)
        for rule in m.rules_for(name, service):
            policy = rule["spec"].get("trafficPolicy", {})
            if not policy.get("outlierDetection"):
                yield f"{called(rule)}: a replica that fails is asked on and on"
            if not policy.get("connectionPool", {}).get("tcp", {}).get("maxConnections") or not policy["connectionPool"].get("http", {}).get("http1MaxPendingRequests"):
                yield f"{called(rule)}: there is no limit to its connections"
            if policy.get("connectionPool", {}).get("http", {}).get("idleTimeout") != "5s":
                yield f"{called(rule)}: connections are kept longer than the program keeps them (10 s)"


def nothing_that_changes_is_repeated(m):
    for name in SERVICES:
        routes = [route for virtual in m.of("VirtualService") if m.full(name, virtual) in [m.full(h, virtual) for h in virtual["spec"]["hosts"]]
                  for route in virtual["spec"]["http"]]
        if not routes:
            yield f"{name} has no VirtualService, and Istio's own retries"
        for route in routes:
            safe = route.get("match") and all(match.get("method", {}).get("exact") in ("GET", "HEAD") for match in route["match"])
            if not safe and route.get("retries", {}).get("attempts", 2) != 0:
                yield f"{name}: what is no GET may be repeated"
    for route in m.of("HTTPRoute"):
        if any(rule.get("retry") for rule in route["spec"]["rules"]):
            yield f"{called(route)}: what is no GET may be repeated"


def ports_are_told_apart(m):
    """As istioctl finds (IST0112), not Kiali."""
    for virtual in m.of("VirtualService"):
        for route in m.routes(virtual):
            for to in [d["destination"] for d in route.get("route", [])]:
                service = m.service(to["host"], virtual)
                if service and len(service["spec"]["ports"]) > 1 and to.get("port", {}).get("number") not in [p["port"] for p in service["spec"]["ports"]]:
                    yield f"{called(virtual)}: which port of {to['host']}?"


def only_good_tokens_pass(m):
    for gateway in api(m):
        believed = [a for a in m.of("RequestAuthentication") if any(t["kind"] == "Gateway" and t["name"] == gateway["metadata"]["name"] for t in a["spec"].get("targetRefs", []))]
        if not believed:
            yield f"{called(gateway)}: any token passes"
        for rule in [rule for a in believed for rule in a["spec"]["jwtRules"]]:
            if not rule.get("issuer") or not rule.get("audiences") or not rule.get("forwardOriginalToken"):
                yield f"{called(gateway)}: tokens of any audience, or the gateway does not see them"
            if not rule.get("jwksUri") and '"kty"' not in rule.get("jwks", ""):
                yield f"{called(gateway)}: nobody's tokens are believed"


def tolerances(annotation):
    """As Kiali reads them: five fields each; X is a digit; the whole code must match. A part that is none is left out there, and a fault here."""
    for part in filter(None, annotation.split(";")):
        code, degraded, failure, protocol, direction = part.split(",")
        yield re.compile(code.replace("X", r"\d").replace("x", r"\d")), float(degraded), float(failure), re.compile(protocol), re.compile(direction)


def refusals_are_no_failures(m):
    for thing in [t for name in SERVICES for t in (m.named("Deployment", name), m.named("Service", name)) if t]:
        try:
            counted = list(tolerances(thing["metadata"].get("annotations", {}).get(TOLERANCE, "")))
        except (ValueError, re.error) as why:
            yield f"{called(thing)}: Kiali does not understand its {TOLERANCE}: {why}"
            continue
        for codes, wanted in ((EXPECTED, False), (UNEXPECTED, True)):
            for code in codes:
                found = any(c.fullmatch(code) and p.fullmatch("http") and d.fullmatch("inbound") and low <= high for c, low, high, p, d in counted)
                if found != wanted:
                    yield f"{called(thing)}: {code} is {'not ' if wanted else ''}counted as a failure"


def network_policies_let_the_mesh_through(m):
    for policy in m.of("NetworkPolicy"):
        labels = policy["spec"]["podSelector"].get("matchLabels", {})
        ours = [w for w in m.of(*WORKLOADS) if selects(labels, template(w)["metadata"]["labels"])] or "gateway.networking.k8s.io/gateway-name" in labels
        ports = {p["port"] for rule in policy["spec"].get("egress", []) if "istio-system" in str(rule.get("to")) for p in rule["ports"]}
        if ours and 15012 not in ports:
            yield f"{called(policy)}: its sidecar does not reach istiod"
    gateway = m.named("NetworkPolicy", "gateway") or {"spec": {}}
    if not any("gateway.networking.k8s.io/gateway-name" in str(rule.get("from")) for rule in gateway["spec"].get("ingress", [])):
        yield "NetworkPolicy gateway: the ingress may not come"


RULES = [kia0002, kia0004, kia0101, kia0102, kia0103, kia0104, kia0106, kia0201, kia0202, kia0203, kia0204, kia0205, kia0206, kia0207, kia0208, kia0209, kia0301,
         kia0601, kia0602, kia0701, kia1101, kia1102, kia1103, kia1104, kia1105, kia1106, kia1107, kia1108, kia1301, kia1401, kia1402,
         kia1501, kia1502, kia1503, kia1504, kia1701,
         pods_have_app_and_version, everybody_is_in_the_mesh, mutual_tls_is_paired, nobody_may_everything, each_service_has_limits_and_ejection,
         nothing_that_changes_is_repeated, ports_are_told_apart, only_good_tokens_pass, refusals_are_no_failures, network_policies_let_the_mesh_through]


def findings(things):
    m = Mesh(things)
    return [f"{rule.__name__.replace('kia', 'KIA')}: {fault}" for rule in RULES for fault in rule(m)]
