# shellcheck shell=bash
# kafka: a real Apache Kafka (KRaft, one node) that is ready in a second or two and small.
#
# What makes it so: no start script, one plain garbage collector, the simple compiler only, a small buffer for log compaction,
# and an archive of the loaded classes (AppCDS), made once in a throw-away run.

kafka_jars_directory() {
    echo "$RUN/jars/kafka"
}

kafka_define() {
    supervisor_define kafka << SH
cd $(printf %q "$RUN/kafka")
exec ${AS_ACCOUNT[*]} $(java_home)/bin/java @java.options kafka.Kafka server.properties
SH
}

kafka_up() {
    kafka_format
    kafka_settings "$RUN/kafka" "-XX:SharedArchiveFile=$(kafka_archive)"
    supervisor_up kafka "$RUN/kafka/java.options" "$RUN/kafka/server.properties"
    supervisor_await kafka listens "${PORT[kafka]}"
    kafka_topics 60 || die "kafka: the topics are not as local/kafka/topics says: $(tail -n 1 "$RUN/log/topics")" "Look at ./jumun logs kafka"
    say "kafka: ready"
}

java_home() {
    echo "/usr/lib/jvm/java-17-openjdk-$(dpkg --print-architecture)"
}

# kafka_jars: the jars, once for this pom.
kafka_jars() {
    local jars
    jars=$(kafka_jars_directory)
    cmp -s "$ROOT/local/kafka/pom.xml" "$jars/pom.xml" && return 0
    say "kafka: fetching its jars with Maven (46 MB)"
    rm -rf "$jars" "$jars.new"
    JAVA_HOME=$(java_home) /usr/bin/mvn -q -B -ntp -f "$ROOT/local/kafka/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$jars.new" > "$RUN/log/maven" 2>&1 < /dev/null || {
        grep -m 3 ERROR "$RUN/log/maven" >&2 || true
        die "kafka: Maven could not fetch the jars" "Is there a network, or a mirror named in ~/.m2/settings.xml? More: $RUN/log/maven. Then run this again."
    }
    cp "$ROOT/local/kafka/pom.xml" "$jars.new/"
    mv "$jars.new" "$jars"
    say "kafka: jars are here"
}

kafka_class_path() {
    local -a jars
    jars=("$(kafka_jars_directory)"/*.jar)
    (IFS=:; echo "${jars[*]}")
}

# The archive fits one Java and one class path only, so its name is made of both.
kafka_archive() {
    echo "$RUN/jars/kafka-$( (cat "$(java_home)/release"; kafka_class_path) | cksum | cut -d ' ' -f 1).jsa"
}

# kafka_settings DIRECTORY JAVA-OPTION…: what the broker that lives in DIRECTORY is started with.
kafka_settings() {
    local dir=$1 listen='' advertise='' map=''
    shift
    if (( ${STORES_ABOVE:-0} > 0 )); then # a broker sends its clients to where it says that it listens
        listen=,PROXIED://127.0.0.1:${PORT[kafka-proxied]} advertise=,PROXIED://127.0.0.1:$(store_port kafka) map=,PROXIED:PLAINTEXT
    fi
    put "$dir/java.options" << TEXT
# As ./jumun up wrote it.
-XX:+UseSerialGC
-XX:TieredStopAtLevel=1
-Xms64m
-Xmx256m
$(printf '"%s"\n' "$@")
-Dlog4j.configuration=file:log4j.properties
-cp
"$(kafka_class_path)"
TEXT
    put "$dir/log4j.properties" < "$ROOT/local/kafka/log4j.properties"
    put "$dir/server.properties" << TEXT
# As ./jumun up wrote it.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${PORT[kafka-controller]}
listeners=BROKER://127.0.0.1:${PORT[kafka]},CONTROLLER://127.0.0.1:${PORT[kafka-controller]}$listen
advertised.listeners=BROKER://127.0.0.1:${PORT[kafka]}$advertise
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT$map
log.dirs=data

# One node: one copy of everything, also of Kafka's own topics.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4

# A broker that was killed is let back in only when its old session is over; the default is nine seconds.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.cleaner.enable=true
log.cleaner.dedupe.buffer.size=4194304
TEXT
}

# java_exec DIRECTORY CLASS ARGUMENT…: becomes Java, with the options that lie there; so its pid is that of the subshell around it.
java_exec() {
    cd "$1" || exit
    shift
    exec "${AS_ACCOUNT[@]}" "$(java_home)/bin/java" @java.options "$@"
}

# kafka_format: a new, empty log directory; made aside and moved when whole.
kafka_format() {
    [[ ! -e $RUN/kafka/data ]] || return 0
    rm -rf "$RUN/kafka" "$RUN/kafka.new"
    kafka_format_in "$RUN/kafka.new" "-XX:SharedArchiveFile=$(kafka_archive)"
    mv "$RUN/kafka.new" "$RUN/kafka"
    say "kafka: made a new log directory"
}

kafka_format_in() {
    own "$1"
    kafka_settings "$@"
    (java_exec "$1" kafka.tools.StorageTool format -t "$(kafka_cluster_id)" -c server.properties) > "$RUN/log/kafka-format" 2>&1 ||
        die "kafka: its log directory could not be formatted: $(tail -n 3 "$RUN/log/kafka-format")" "Is the disk full? Look at $RUN/log/kafka-format."
}

# A random 128-bit id, as Kafka writes it: URL-safe base64, not beginning with a dash.
kafka_cluster_id() {
    head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 1-22 | sed 's/^-/A/'
}

# kafka_archive_make: runs a broker in a directory of its own, through what ours will do, and keeps the classes it has loaded.
# Without the archive all works, only slower: a failure here is no failure.
kafka_archive_make() {
    local archive dir=$RUN/kafka.archive broker
    broker=$(cat "$RUN/kafka.archive.pid" 2> /dev/null) || broker=none
    if [[ $(readlink "/proc/$broker/cwd") == "$dir" ]]; then
        kill -9 "$broker"  # of an earlier run that was cut off
        wait_until 10 ended "$broker" || true
    fi
    archive=$(kafka_archive)
    [[ ! -e $archive ]] || return 0
    ! supervisor_pid kafka > /dev/null || return 0
    say "kafka: preparing its class archive (once)"
    rm -rf "$dir" "$RUN"/jars/kafka-*.jsa
    kafka_format_in "$dir" "-Xlog:cds=off" "-Xlog:cds+dynamic=off"
    echo "-XX:ArchiveClassesAtExit=archive.jsa" >> "$dir/java.options"
    (java_exec "$dir" kafka.Kafka server.properties) > "$RUN/log/kafka-archive" 2>&1 &
    broker=$!
    echo "$broker" > "$RUN/kafka.archive.pid"
    if kafka_topics 60 && kafka_exercise; then
        kill "$broker"
        wait "$broker" || true
    else
        kill -9 "$broker" || true
    fi
    if [[ -s $dir/archive.jsa ]]; then
        mv "$dir/archive.jsa" "$archive"
        chmod 0644 "$archive"
        say "kafka: class archive is here"
    else
        say "kafka: no class archive could be made ($RUN/log/kafka-archive tells why); it will start slower"
    fi
    rm -rf "$dir" "$dir.pid"
}

# Produce, and consume in a group: most of what a broker does.
kafka_exercise() {
    echo x | kcat -q -b "127.0.0.1:${PORT[kafka]}" -P -t jumun.dlq.order -X acks=all -X enable.idempotence=true &&
        kcat -q -b "127.0.0.1:${PORT[kafka]}" -G exercise -c 1 -X auto.offset.reset=earliest jumun.dlq.order > /dev/null 2>&1
}

# kafka_topics_tool: compiles kafka/topics.c, where it has changed.
kafka_topics_tool() {
    local tool=$ROOT/build/local/topics
    [[ ! $tool -nt $ROOT/local/kafka/topics.c ]] || return 0
    mkdir -p "${tool%/*}"
    cc -std=gnu17 -O1 -Wall -Wextra -o "$tool.new" "$ROOT/local/kafka/topics.c" -lrdkafka || die "kafka/topics.c does not compile" "See above."
    mv "$tool.new" "$tool"
}

# kafka_topics SECONDS: waits for the broker, and makes the topics that are missing: those of kafka/topics, and of the services' own files.
kafka_topics() {
    local -a own
    mapfile -t own < <(compgen -G "$ROOT/*/topics" || true) # perhaps none
    cat "$ROOT/local/kafka/topics" "${own[@]}" | "$ROOT/build/local/topics" "127.0.0.1:${PORT[kafka]}" "$1" > "$RUN/log/topics" 2>&1
}
