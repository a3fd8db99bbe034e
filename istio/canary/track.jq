# The second track of a service: its Deployment, once more, as version v2 with another image. One pod: how much it gets is the weight's affair.
# --arg image IMAGE
.metadata.name as $service
| {
    apiVersion, kind,
    metadata: {
        name: "\($service)-v2",
        namespace: .metadata.namespace,
        labels: (.metadata.labels + {version: "v2"}),
        annotations: (.metadata.annotations // {} | with_entries(select(.key | startswith("health.kiali.io/"))))
    },
    spec: (.spec | del(.progressDeadlineSeconds))
}
| .spec.replicas = 1
| .spec.selector.matchLabels.version = "v2"
| .spec.template.metadata.labels.version = "v2"
| .spec.template.spec.topologySpreadConstraints[]?.labelSelector.matchLabels.version = "v2"
| .spec.template.spec.containers[0].image = $image
