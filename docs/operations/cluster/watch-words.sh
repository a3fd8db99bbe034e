# shellcheck shell=bash
# watch-words: the words of the pages on figures, alerts and log lines, beside those of words.sh. The overlay that is deployed holds components/observability.

# address_of SERVICE PORT LOCAL-PORT: where it is asked, of those in jumun-observability; from outside the cluster a port is forwarded.
address_of() {
    local address
    address=$(kubectl -n jumun-observability get service "$1" -o 'jsonpath={.spec.clusterIP}'):$2
    curl -s -o /dev/null -m 3 "http://$address/" || {
        address=127.0.0.1:$3
        aside kubectl -n jumun-observability port-forward "service/$1" "$3:$2" > /dev/null
        within 20 "the port leads to $1" curl -s -o /dev/null -m 2 "http://$address/" >&2
    }
    echo "http://$address"
}

# In the mesh the stores are scraped, too.
# shellcheck disable=SC2034  # for the pages
SEVEN='job="jumun", app=~"order|product|payment|notification|delivery|customer-view|gateway"'
PROMETHEUS=$(address_of prometheus 9090 19090)
LOGS=$(address_of logs 9428 19428)

# figure QUERY: what Prometheus answers now, a line for each series: its labels, and the value.
figure() {
    curl -s -m 10 "$PROMETHEUS/api/v1/query" --data-urlencode "query=$1" |
        jq -r '.data.result[] | ([.metric | to_entries[] | select(.key | test("^__") | not) | "\(.key)=\(.value)"] + [.value[1]]) | join(" ")'
}

# firing ALERT APP: what it says, while it fires.
firing() {
    curl -s -m 10 "$PROMETHEUS/api/v1/alerts" |
        jq -r --arg name "$1" --arg app "$2" '.data.alerts[] | select(.labels.alertname == $name and .labels.app == $app and .state == "firing") | "\(.labels.severity) \(.annotations.summary)"'
}

# receive_alerts: a receiver of webhooks in a namespace of its own, until the page ends, and Alertmanager tells it.
receive_alerts() {
    local secret before
    kubectl wait --for=delete namespace/alert-receiver --timeout=120s > /dev/null 2>&1 # an earlier page's
    kubectl create namespace alert-receiver > /dev/null
    finally kubectl delete namespace alert-receiver --wait=false
    kubectl label namespace alert-receiver jumun/takes-alerts=true pod-security.kubernetes.io/enforce=restricted > /dev/null
    kubectl apply -f docs/operations/cluster/alert-receiver.yaml > /dev/null
    kubectl -n alert-receiver wait --for=condition=Ready --timeout=60s pod/receiver > /dev/null
    secret=$(kubectl -n jumun-observability get statefulset alertmanager -o json | jq -r '.spec.template.spec.volumes[] | select(.secret).secret.secretName')
    before=$(kubectl -n jumun-observability get secret "$secret" -o 'jsonpath={.data.webhook-url}')
    finally alerts_go_to "$secret" "$before"
    alerts_go_to "$secret" "$(printf %s "http://$(kubectl -n alert-receiver get service receiver -o 'jsonpath={.spec.clusterIP}'):8080/cgi-bin/alerts" | base64 -w 0)"
}

# alerts_go_to SECRET URL-IN-BASE64: a pod has a changed secret at once when it is new.
alerts_go_to() {
    kubectl -n jumun-observability patch secret "$1" -p '{"data": {"webhook-url": "'"$2"'"}}' > /dev/null
    kubectl -n jumun-observability rollout restart statefulset/alertmanager > /dev/null
    kubectl -n jumun-observability rollout status statefulset/alertmanager --timeout=300s > /dev/null
}

# received STATUS ALERT APP: was it told?
received() {
    kubectl -n alert-receiver exec receiver -- cat /tmp/alerts 2> /dev/null |
        jq -R 'fromjson? | .alerts[]' | jq -e -s --arg status "$1" --arg name "$2" --arg app "$3" 'any(.[]; .status == $status and .labels.alertname == $name and .labels.app == $app)' > /dev/null
}

# lines QUERY: of all logs, those that fit (LogsQL), by time, as JSON.
lines() {
    curl -s -m 20 "$LOGS/select/logsql/query" --data-urlencode "query=$1 | sort by (_time)" -d limit=1000
}

# lines_of ORDER: all that has to do with it: lines that name it, and those of the request that it began with, which know its trace alone.
lines_of() {
    local trace
    trace=$(lines "_time:1h correlation:=$1 service:=order" | jq -r 'select(.trace and .trace != "null").trace' | head -n 1)
    lines "_time:1h (correlation:=$1 or order:=$1${trace:+ or trace:=$trace})"
}

# services_of ORDER: whose lines there are.
services_of() {
    lines_of "$1" | jq -r .service | sort -u
}
