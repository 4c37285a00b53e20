"""What /proc tells (proc(5)): which machine this is, what processes belong together, what they used."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")
BUSY = 0.5  # of the processors: from this load average on, figures are lower and noisier


@dataclass(frozen=True)
class Machine:
    """Where figures come from. `load` is the load average of the last minute, before anything was measured."""

    processors: int
    model: str
    memory: float  # GB
    python: str
    system: str
    load: float

    def __str__(self) -> str:
        return (
            f"{self.processors} × {self.model}, {self.memory:.1f} GB, {self.system}, "
            f"Python {self.python}, load average {self.load:.1f}"
        )

    @property
    def warning(self) -> str:
        """A sentence when other programs keep the machine busy; else empty."""
        if self.load < BUSY * self.processors:
            return ""
        return (
            f"Other programs keep this machine busy (load average {self.load:.1f} on {self.processors} processors): "
            "expect lower and noisier figures. The ratios suffer least."
        )

    def record(self) -> dict[str, object]:
        return {**asdict(self), "warning": self.warning or None}


def this_machine() -> Machine:
    return Machine(
        processors=_processors(),
        model=_field("cpuinfo", "model name") or platform.machine(),
        memory=float((_field("meminfo", "MemTotal") or "0").split()[0]) / 1e6,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        load=os.getloadavg()[0],
    )


def family(root: int, proc: Path = PROC) -> dict[int, str]:
    """A process and all its descendants: number -> the words it was started with."""
    parents = {}
    for entry in proc.iterdir():
        if entry.name.isdecimal():
            fields = _stat(int(entry.name), proc)
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:  # grows while it is read
        found += [child for child, parent in parents.items() if parent == pid]
    return {pid: _command(pid, proc) for pid in found if pid in parents}


def cpu_seconds(pid: int, proc: Path = PROC) -> float:
    """Processor time a process has used so far, its own and the system's for it. Raises ProcessLookupError."""
    fields = _stat(pid, proc)
    if not fields:
        raise ProcessLookupError(f"Process {pid} has ended.")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, proc: Path = PROC) -> float:
    """MB of memory of a process, pages it shares counted in equal shares (PSS). Raises ProcessLookupError."""
    try:
        lines = (proc / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessLookupError(f"Process {pid} has ended.") from error
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def part_of(command: str) -> str:
    """Which part of Lotwire these words start: `web`, `worker`, `valkey` or `supervisor`."""
    words = command.split()
    program = words[0].rpartition("/")[2] if words else ""
    if program.startswith(("valkey", "redis")):
        return "valkey"
    return next((word for word in words if word in ("web", "worker")), "supervisor")


def _processors() -> int:
    """Those this process may use, where the system can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _stat(pid: int, proc: Path) -> list[str]:
    """The fields after the name, which may hold spaces and brackets: state is the first. Empty when it has ended."""
    try:
        return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _command(pid: int, proc: Path) -> str:
    try:
        return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _field(file: str, name: str) -> str:
    try:
        lines = (PROC / file).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
