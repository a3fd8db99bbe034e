# Jumun's images: one target a service, and `topics`, which makes Kafka's topics. `./jumun images` builds them all (docs/images.md).
#
#     docker build --target order --tag jumun/order .
#
# A run image holds a program, the libraries it needs, certificates and an account without rights: no shell, nothing to be written to.

# The libraries here are those that the programs run with: the images follow Debian's security updates when they are built anew.
FROM debian:bookworm-slim AS build
COPY local/packages /source/local/packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates $(sed -n 's/^build: *//p' /source/local/packages) \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cmake --preset release \
    && cmake --build --preset release --target $(dirname */main.c) \
    && cc -std=gnu17 -O2 -Wall -Wextra -o build/release/topics local/kafka/topics.c -lrdkafka
ARG VERSION=0
ARG SOURCE_DATE_EPOCH=0
RUN for name in $(dirname */main.c); do \
        python3 local/image/root.py "$name" "$VERSION" "build/release/$name/$name" "/image/$name" || exit; \
    done \
    && cat local/kafka/topics $(find . -mindepth 2 -maxdepth 2 -name topics -type f | sort) > build/topics \
    && python3 local/image/root.py topics "$VERSION" build/release/topics /image/topics build/topics:/etc/jumun/topics

# What all run images have. The account is named by number, so that a cluster can see that it is not root.
FROM scratch AS run
ARG VERSION=0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.created=$CREATED \
      org.opencontainers.image.source=$SOURCE \
      org.opencontainers.image.vendor=Jumun
USER 10001:10001

# A service serves requests at 8080; health and metrics at 9090. `--ready` asks the latter, for whoever has no probes of its own.
FROM run AS service
ENV JUMUN_HTTP_LISTEN=0.0.0.0:8080 JUMUN_ADMIN_LISTEN=0.0.0.0:9090 JUMUN_LOG_FORMAT=json
EXPOSE 8080 9090

# ./jumun images adds a stage like these for a service that has none here.
FROM service AS order
LABEL org.opencontainers.image.title=order
COPY --from=build /image/order /
ENTRYPOINT ["/usr/bin/order"]

FROM service AS product
LABEL org.opencontainers.image.title=product
COPY --from=build /image/product /
ENTRYPOINT ["/usr/bin/product"]

FROM service AS payment
LABEL org.opencontainers.image.title=payment
COPY --from=build /image/payment /
ENTRYPOINT ["/usr/bin/payment"]

FROM service AS notification
LABEL org.opencontainers.image.title=notification
COPY --from=build /image/notification /
ENTRYPOINT ["/usr/bin/notification"]

FROM service AS customer-view
LABEL org.opencontainers.image.title=customer-view
COPY --from=build /image/customer-view /
ENTRYPOINT ["/usr/bin/customer-view"]

FROM service AS delivery
LABEL org.opencontainers.image.title=delivery
COPY --from=build /image/delivery /
ENTRYPOINT ["/usr/bin/delivery"]

FROM service AS gateway
LABEL org.opencontainers.image.title=gateway
COPY --from=build /image/gateway /
ENTRYPOINT ["/usr/bin/gateway"]

FROM run AS topics
LABEL org.opencontainers.image.title=topics
COPY --from=build /image/topics /
ENTRYPOINT ["/usr/bin/topics"]
