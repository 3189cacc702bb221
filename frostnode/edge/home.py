"""The folder of one node: where everything is, who works on it, and its secrets.

Trust: who can read the home can publish in the name of the publishers that it hosts, until they move;
the folder and its secret files are readable by their owner alone. The kits are not meant to stay here.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from frostnode.edge.disk import disk
from frostnode.protocol.errors import LocalError, StorageError

SEED_BYTES = 32
_MARK = "place"
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one home."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings, for the operator to edit."""
        return self.root / "frost.toml"

    @property
    def host_seed(self) -> Path:
        """32 bytes in hex: every warm key of this host is derived from it."""
        return self.root / "host.seed"

    @property
    def log_store(self) -> Path:
        """Everything that is carried: the one database that cannot be rebuilt."""
        return self.root / "frost.db"

    @property
    def signer(self) -> Path:
        """What the log keys have signed last."""
        return self.root / "signer.db"

    @property
    def witness(self) -> Path:
        """What the witness key has cosigned last."""
        return self.root / "witness.db"

    @property
    def editing(self) -> Path:
        """Who is signed in with a browser, and drafts that are not published."""
        return self.root / "editing.db"

    @property
    def local(self) -> Path:
        """Versions and lineage that are not published; no other copy of them is anywhere."""
        return self.root / "local.db"

    @property
    def access(self) -> Path:
        """Tokens of the API, as hashes, and what was answered to them of late."""
        return self.root / "access.db"

    @property
    def catalog(self) -> Path:
        """The catalog view; may be deleted."""
        return self.root / "catalog.db"

    @property
    def notices(self) -> Path:
        """Who is told of what, and what is due to whom; cannot be rebuilt."""
        return self.root / "notices.db"

    @property
    def index(self) -> Path:
        """The search index; may be deleted."""
        return self.root / "index"

    @property
    def control(self) -> Path:
        """The socket through which commands reach the running node."""
        return self.root / "control.sock"

    @property
    def kit(self) -> Path:
        """Where `init` leaves the authority kit if told no better place."""
        return self.root / "authority-kit.json"

    @property
    def recovery_sheet(self) -> Path:
        """Where `init` leaves the recovery sheet beside it."""
        return self.root / "recovery-sheet.json"

    @property
    def is_copy(self) -> bool:
        """Whether these files were put here by something else than this program on this machine: copied, or restored.

        A home without the mark is one of an earlier program: it is marked at the first look.
        """
        path = self.root / _MARK
        try:
            marked = path.read_text("ascii").strip()
        except FileNotFoundError:
            self.mark()
            return False
        except (OSError, ValueError) as error:
            raise LocalError("input.unreadable", f"{path}: {error}") from error
        return marked != self._place()

    def mark(self) -> None:
        """Note that the home is where it belongs."""
        path = self.root / _MARK
        with disk(path):
            path.write_text(self._place() + "\n", "ascii")

    def _place(self) -> str:
        """What changes when files are copied or put back: the machine, and the number of the seed's file."""
        machine = b""
        for path in _MACHINE_IDS:
            if path.exists():
                machine = path.read_bytes()
        with disk(self.host_seed):
            number = self.host_seed.stat().st_ino
        return sha256(b"%s %d" % (machine.strip(), number)).hexdigest()

    @property
    def exists(self) -> bool:
        """Whether a node was set up here."""
        return self.host_seed.exists()

    def require(self) -> None:
        """Check that there is a node here.

        Raises:
            LocalError: home.missing
        """
        if not self.exists:
            raise LocalError("home.missing", f"no node in {self.root}", hint="`frost init` makes one")

    def require_store(self) -> None:
        """Check that the store of a founded home is there: a new, empty one in its place would hide the loss.

        Raises:
            StorageError: storage.damaged
        """
        if not self.log_store.exists() or self.log_store.stat().st_size == 0:
            raise StorageError(
                "storage.damaged",
                f"{self.log_store} is missing or empty",
                hint="put it back, with signer.db, from a backup",
            )

    def create(self, host_seed: bytes) -> None:
        """Make the folder and write the host seed, durably, before any key of it is used.

        Raises:
            LocalError: home.exists; StorageError: storage.failed
        """
        if self.exists:
            raise LocalError("home.exists", f"there is a node in {self.root} already")
        write_secret(self.host_seed, host_seed.hex() + "\n")
        self.mark()

    def read_host_seed(self) -> bytes:
        """The 32 bytes of the host seed.

        Raises:
            LocalError: home.missing, input.unreadable
        """
        self.require()
        try:
            seed = bytes.fromhex(self.host_seed.read_text("ascii").strip())
        except (OSError, ValueError) as error:
            raise LocalError("input.unreadable", f"{self.host_seed}: {error}") from error
        if len(seed) != SEED_BYTES:
            raise LocalError(
                "input.unreadable", str(self.host_seed), found=len(seed), expected=f"{SEED_BYTES} bytes"
            )
        return seed

    def drop_views(self) -> None:
        """Delete what can be rebuilt from the log store. The caller holds the lock.

        Raises:
            StorageError: storage.failed
        """
        with disk(self.root):
            for path in (*self.root.glob(f"{self.catalog.name}*"), *self.root.glob(self.index.name)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only process that works on this home; given up with the process, however it ends.

        Raises:
            LocalError: home.busy; StorageError: storage.failed
        """
        with disk(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalError(
                    "home.busy",
                    f"another process works on {self.root}",
                    hint="a home runs once: stop that node first, or give this one a --home of its own",
                ) from error
            yield
        finally:
            os.close(handle)


def write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner can read; durable when this returns, whole or not there.

    Raises:
        LocalError: home.exists, when there is such a file already; StorageError: storage.failed
    """
    with _written(path, text) as temporary:
        _take_name(temporary, path)


def replace_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in place of the one of that name; the old one or the new one is there.

    Raises:
        StorageError: storage.failed
    """
    with _written(path, text) as temporary:
        temporary.replace(path)


@contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    """A file beside `path` that the context shall give its name; durable after it, gone if that failed."""
    temporary = path.with_name(path.name + ".new")
    with disk(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _take_name(temporary: Path, path: Path) -> None:
    """Give a file its name, unless another has it. Memory sticks, where kits go, know no second names."""
    try:
        try:
            os.link(temporary, path)
        except PermissionError:
            if path.exists():
                raise FileExistsError from None
            temporary.rename(path)
    except FileExistsError as error:
        raise LocalError(
            "home.exists", f"{path} exists already", hint="it is not overwritten: move it away"
        ) from error
