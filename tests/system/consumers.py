"""The services' positions on the topics, as Kafka keeps them, or, for the customer's view, Redis."""
import confluent_kafka
import redis

from topics import BROKERS
from waiting import until



class InKafka:
    def __init__(self, group):
        self.consumer = confluent_kafka.Consumer({"bootstrap.servers": BROKERS, "group.id": group, "enable.auto.commit": False, "logger": None, "log_level": 0})

    def read(self):
        """{(topic, partition): offset} of what the group has ever read."""
        spots = [confluent_kafka.TopicPartition(name, partition) for name, topic in self.consumer.list_topics(timeout=60).topics.items()
                 if name.startswith("jumun.") for partition in topic.partitions]
        return {(spot.topic, spot.partition): spot.offset for spot in self.consumer.committed(spots, timeout=60) if spot.offset >= 0}

    def write(self, positions):
        self.consumer.commit(offsets=[confluent_kafka.TopicPartition(*place, offset) for place, offset in positions.items()], asynchronous=False)

    def close(self):
        self.consumer.close()


class InRedis:
    def __init__(self, shop):
        self.redis = redis.Redis.from_url(shop.settings("customer-view")["JUMUN_REDIS_URL"].strip("'\""))

    def key(self):
        """Of the generation that is written."""
        return f"view:{self.redis.get('view:generations').decode().split()[0]}:positions"

    def read(self):
        positions = {}
        if not self.redis.exists("view:generations"):
            return positions  # it was emptied just now
        for field, offset in self.redis.hgetall(self.key()).items():
            topic, partition = field.decode().rsplit(":", 1)
            positions[topic, int(partition)] = int(offset)
        return positions

    def write(self, positions):
        self.redis.hset(self.key(), mapping={f"{topic}:{partition}": offset for (topic, partition), offset in positions.items()})

    def close(self):
        self.redis.close()


def reads_from_the_beginning(shop, service):
    """Stops the service, and starts it with all events before it once more; comes back when it has read them."""
    shop.stop(service)
    positions = InRedis(shop) if service == "customer-view" else InKafka(service)
    try:
        reached = positions.read()
        assert sum(reached.values()) > 0
        positions.write(dict.fromkeys(reached, 0))
        shop.start(service)

        def behind():
            now = positions.read()
            return [place for place, offset in reached.items() if now.get(place, 0) < offset]

        until(lambda: not behind(), lambda: f"{service} has read again {behind()}")
    finally:
        positions.close()
