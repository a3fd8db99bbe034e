#!/bin/bash
# As the official image's: takes the settings that are mounted, formats the log directory where it is new, and becomes the broker.
set -euo pipefail
cp /mnt/shared/config/server.properties /etc/kafka/docker/log4j.properties /opt/kafka/config/

# shellcheck disable=SC2086  # these are lists of options
java_with() {
    exec java $KAFKA_HEAP_OPTS $KAFKA_JVM_PERFORMANCE_OPTS -Dlog4j.configuration=file:/opt/kafka/config/log4j.properties -cp '/opt/kafka/libs/*' "$@"
}

(java_with kafka.tools.StorageTool format --ignore-formatted -t "$CLUSTER_ID" -c /opt/kafka/config/server.properties)
java_with kafka.Kafka /opt/kafka/config/server.properties
