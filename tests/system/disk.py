"""A small disk for one store: its data moves to a file system in a file, where a ballast takes all the room there is, for a while; and back in the end.

Should the tests be ended by force, the data is still on that disk, .run/disk/STORE, to which .run/STORE leads; ./jumun down --wipe forgets it."""
import contextlib
import os
import shutil
import subprocess

import psycopg2

from histories import database_url
from shop import RUN
from waiting import LIMIT, until

SIZE = 8 << 30  # bytes, of which the file has but those that were ever written; the ballast takes room and writes nothing
STORES = ("postgres", "kafka")


class Impossible(Exception):
    """There can be no such disks here, and why."""


def runs(*words):
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as fault:
        raise Impossible(str(fault)) from fault
    if done.returncode:
        raise Impossible(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}".strip())


def sorts():
    """Whether PostgreSQL has room for a sort that is larger than its memory, by its own word; None: it does not answer."""
    try:
        with contextlib.closing(psycopg2.connect(database_url("order"), connect_timeout=5)) as connection:
            connection.cursor().execute("set work_mem = '64kB'; select count(*) from (select g from generate_series(1, 200000) g order by random()) sorted")
    except psycopg2.errors.DiskFull:
        return False
    except psycopg2.OperationalError:
        return None
    return True


class Disk:
    """Made, with nothing on it yet."""

    def __init__(self, shop, store):
        self.shop, self.store, self.home, self.place = shop, store, RUN / store, RUN / "disk" / store
        self.image, self.ballast = self.place.with_suffix(".img"), self.place / "ballast"
        self.place.mkdir(parents=True, exist_ok=True)
        with self.image.open("wb") as file:
            file.truncate(SIZE)
        try:
            runs("/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-N", "100000", "-O", "^has_journal", "-E", "nodiscard", self.image)
            runs("/bin/mount", "-o", "loop,noatime", self.image, self.place)
        except Impossible:
            self._forget()
            raise

    def is_seen(self):
        """By the store, too: it may live in another mount namespace."""
        return os.stat(f"/proc/{self.shop.pid(self.store)}/root{self.place}").st_dev == os.stat(self.place).st_dev

    def moves_in(self):
        """The store is down."""
        runs("/bin/cp", "-a", self.home, self.place / "data")
        shutil.rmtree(self.home)
        self.home.symlink_to(self.place / "data")

    def moves_out(self):
        new = self.home.with_suffix(".new")
        runs("/bin/cp", "-a", self.place / "data", new)
        self.home.unlink()
        new.rename(self.home)
        self.close()

    def close(self):
        runs("/bin/umount", self.place)
        self._forget()

    def _forget(self):
        self.image.unlink()
        self.place.rmdir()

    @contextlib.contextmanager
    def full(self):
        """To the last block, from when the store has noticed."""
        if self.store == "postgres":  # the first sort makes a directory, and must not be the one that finds no room
            until(sorts, "PostgreSQL sorts while there is room", LIMIT)
        pid = until(lambda: self.shop.pid(self.store), f"{self.store} runs", LIMIT)
        try:
            until(lambda: self._takes_all() and self._noticed(pid), f"{self.store} has noticed that there is no room left", LIMIT)
            yield
        finally:
            self.ballast.unlink()

    def _noticed(self, pid):
        """It has ended over it, as Kafka does within seconds; PostgreSQL may live on what it has put aside, but has no room for a large sort."""
        return self.shop.pid(self.store) != pid or (self.store == "postgres" and sorts() is False)

    def _takes_all(self):
        """The store may give room back meanwhile."""
        with self.ballast.open("ab") as file:
            size, step = file.tell(), 1 << 30
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2
        return os.statvfs(self.place).f_bavail < 16


@contextlib.contextmanager
def small_disks(shop):
    """{store: its disk}, with all its data; none, and a word about it, where there can be none."""
    disks = {}
    try:
        for store in STORES:
            disks[store] = Disk(shop, store)
        if unseen := [store for store in STORES if not disks[store].is_seen()]:
            raise Impossible(f"{unseen} do not see what is mounted here")
    except Impossible as reason:
        print(f"no small disks, so none will be full: {reason}")
        for disk in disks.values():
            disk.close()
        yield {}
        return
    shop.stop(*STORES)
    for disk in disks.values():
        disk.moves_in()
    shop.start(*STORES)
    try:
        yield disks
    finally:
        shop.stop(*STORES)
        for disk in disks.values():
            disk.moves_out()
        shop.start(*STORES)
