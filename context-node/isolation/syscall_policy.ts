import { type Action, assembleFilter, type Condition, type Guard, type Rule } from "./bpf.ts";
import { SYSCALLS, type Syscall } from "./syscalls.ts";

/** Rights of a process once its program is loaded. */
export interface SyscallPolicy {
  /** It may open sockets of IP. */
  readonly net: boolean;
  /** It may open files for reading, because its namespace has none but its own. */
  readonly readFiles: boolean;
}

type Architecture = "x64" | "arm64";

const ALLOW: Action = { type: "allow" };
const KILL: Action = { type: "kill" };

/** Error numbers, equal on both architectures. */
const EPERM: Action = { type: "fail", errno: 1 };
const EACCES: Action = { type: "fail", errno: 13 };
const ENOTTY: Action = { type: "fail", errno: 25 };
const ENOSYS: Action = { type: "fail", errno: 38 };
const EAFNOSUPPORT: Action = { type: "fail", errno: 97 };

/** The process id that a filter is assembled with where the real one is not known yet: see `ownPidOffset`. */
const OWN_PID = 0x0ddba11;

/** `AUDIT_ARCH_*` of `linux/audit.h`, and the column in the table of numbers. */
const ARCHITECTURES: Readonly<Record<Architecture, { audit: number; column: 0 | 1 }>> = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
};

/** Calls of Deno, V8, tokio and glibc in the life of a context (traced over all tests of this runtime), and their alternatives. */
const HARMLESS: readonly Syscall[] = [
  // Memory.
  ...(["mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "msync", "mincore", "membarrier"] as const),
  ...(["pkey_alloc", "pkey_free", "pkey_mprotect"] as const),
  // Its threads.
  ...(["futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "sched_getparam"] as const),
  ...(["sched_getscheduler", "gettid", "exit", "exit_group", "set_tid_address", "restart_syscall"] as const),
  ...(["rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "rt_sigtimedwait", "rt_sigpending"] as const),
  // Clocks and counters.
  ...(["clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times"] as const),
  ...(["getrusage", "getcpu", "sysinfo", "uname", "getrandom"] as const),
  ...(["getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrlimit"] as const),
  // Descriptors that it has.
  ...(["read", "write", "readv", "writev", "pread64", "preadv", "recvmsg", "sendmsg", "recvfrom", "sendto"] as const),
  ...(["close", "close_range", "dup", "dup2", "dup3", "fstat", "lseek", "shutdown", "getsockname"] as const),
  ...(["getpeername", "getsockopt", "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1"] as const),
  // Its working directory, and where its own program is: symbolic links say nothing of what is in a file.
  ...(["getcwd", "readlink", "readlinkat"] as const),
  ...(["epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "pipe", "pipe2"] as const),
];

/** Looking at paths. */
const LOOKS: readonly Syscall[] = [
  ...(["stat", "lstat", "access", "faccessat", "faccessat2", "getdents64"] as const),
  ...(["fstatfs", "statfs"] as const),
];

/** Sockets, once there is one. */
const SOCKETS: readonly Syscall[] = ["connect", "bind", "setsockopt", "sendmmsg", "recvmmsg"];

/** Being connected to, which no grant is about. */
const SERVERS: readonly Syscall[] = ["listen", "accept", "accept4"];

/** Calls that Deno tries and can do without, and calls that a bug in it could make: they fail as without permission. */
const REFUSED: readonly Syscall[] = [
  ...(["pwrite64", "fsync", "fdatasync", "ftruncate", "fchown", "fchmod", "rename", "renameat", "renameat2"] as const),
  ...(["unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat", "link", "linkat"] as const),
  ...(["truncate", "chmod", "fchmodat", "chown", "lchown", "fchownat", "utimensat", "mknod", "mknodat"] as const),
  ...(["creat", "chdir", "fchdir", "umask", "fallocate", "flock", "kill", "tkill", "setrlimit"] as const),
];

/** Deno never calls these: a process that does is under foreign control, and is ended. */
const HOSTILE: readonly Syscall[] = [
  // Other processes.
  ...(["ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp"] as const),
  ...(["pidfd_open", "pidfd_getfd", "pidfd_send_signal"] as const),
  // Other programs.
  ...(["execve", "execveat", "fork", "vfork", "uselib"] as const),
  // The view of the system.
  ...([
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
  ] as const),
  ...(["fspick", "mount_setattr", "setns", "unshare", "open_by_handle_at", "name_to_handle_at"] as const),
  ...(["fanotify_init", "quotactl", "acct", "swapon", "swapoff", "sethostname", "setdomainname"] as const),
  // Users and capabilities.
  ...(["setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups"] as const),
  ...(["setfsuid", "setfsgid", "capset", "personality"] as const),
  // Large, young or dangerous parts of the kernel.
  ...(["bpf", "keyctl", "add_key", "request_key", "userfaultfd", "perf_event_open", "modify_ldt"] as const),
  ...(["io_uring_setup", "io_uring_enter", "io_uring_register"] as const),
  ...(["kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"] as const),
  ...(["iopl", "ioperm", "syslog", "vhangup", "lookup_dcookie", "nfsservctl"] as const),
  ...(["settimeofday", "clock_settime", "adjtimex", "clock_adjtime"] as const),
];

const CLONE_THREAD = 0x00010000;
/** `CLONE_NEW*` of all namespaces. */
const CLONE_NEW = 0x7e020000;

/** `O_ACCMODE | O_CREAT | O_TRUNC | O_PATH` of both architectures. */
const OPENS_FOR_MORE_THAN_READING = 0x3 | 0x40 | 0x200 | 0x200000;
const AT_EMPTY_PATH = 0x1000;
const [AF_UNIX, AF_INET, AF_INET6] = [1, 2, 10];
const [SOCK_STREAM, SOCK_DGRAM] = [1, 2];
const SOCKET_TYPE = 0xf;

/** `F_DUPFD` to `F_SETLKW`, and `F_DUPFD_CLOEXEC`: no owner, who would be sent signals of the caller's choice. */
const DESCRIPTOR_COMMANDS = [0, 1, 2, 3, 4, 5, 6, 7, 1030];
/** `TCGETS`, `TIOCGWINSZ`, `FIONREAD`, `FIONBIO`, `FIONCLEX`, `FIOCLEX`. */
const DEVICE_COMMANDS = [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451];
/** `PR_GET_DUMPABLE`, `PR_SET_NAME`, `PR_GET_NAME`, `PR_SET_VMA`. */
const PROCESS_COMMANDS = [3, 15, 16, 0x53564d41];

/** A filter for `seccomp(2)`, and where it holds a process id that has to be replaced by the own one, as 32 bits. */
export interface SyscallFilter {
  readonly program: Uint8Array;
  readonly ownPidOffset: number;
}

/** Undefined if there is no table of system calls for the architecture. */
export function createSyscallFilter(architecture: string, policy: SyscallPolicy): SyscallFilter | undefined {
  if (architecture !== "x64" && architecture !== "arm64") return undefined;
  const { audit, column } = ARCHITECTURES[architecture];
  const rules = rulesOf(policy).flatMap(({ name, ...rule }) => {
    const number = SYSCALLS[name][column];
    return number === undefined ? [] : [{ ...rule, number }];
  });
  // A call outside the table is not needed by any version of Deno here: it does not exist.
  const program = assembleFilter({ architecture: audit, rules, fallback: ENOSYS });
  return { program, ownPidOffset: Buffer.from(program).indexOf(pidBytes()) };
}

function pidBytes(): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(OWN_PID);
  return bytes;
}

type NamedRule = Omit<Rule, "number"> & { readonly name: Syscall };

function rulesOf({ net, readFiles }: SyscallPolicy): NamedRule[] {
  const all = (names: readonly Syscall[], action: Action): NamedRule[] => names.map((name) => ({ name, action }));
  const guarded = (name: Syscall, guards: readonly Guard[]): NamedRule => ({ name, guards, action: ALLOW });
  const only = (name: Syscall, condition: Condition, otherwise: Action): NamedRule =>
    guarded(name, [{ ...condition, otherwise }]);
  const reads = readFiles || net;
  const forReading = (argument: number): Condition => ({ argument, mask: OPENS_FOR_MORE_THAN_READING, oneOf: [0] });
  return [
    ...all(HARMLESS, ALLOW),
    // Calls that some C libraries prefer, whose arguments a filter cannot see: they take the older ones.
    ...all(["clone3"], ENOSYS),
    guarded("clone", [
      { argument: 0, mask: CLONE_NEW, oneOf: [0], otherwise: KILL },
      { argument: 0, mask: CLONE_THREAD, oneOf: [CLONE_THREAD], otherwise: EPERM },
    ]),
    only("tgkill", { argument: 0, oneOf: [OWN_PID] }, EPERM),
    only("fcntl", { argument: 1, oneOf: DESCRIPTOR_COMMANDS }, EPERM),
    only("ioctl", { argument: 1, oneOf: DEVICE_COMMANDS }, ENOTTY),
    only("prctl", { argument: 0, oneOf: PROCESS_COMMANDS }, EPERM),
    only("prlimit64", { argument: 2, isZero: true }, EPERM),
    // A pair of streams is private; a datagram socket could be given an address.
    guarded("socketpair", [
      { argument: 0, oneOf: [AF_UNIX], otherwise: EACCES },
      { argument: 1, mask: SOCKET_TYPE, oneOf: [SOCK_STREAM], otherwise: EACCES },
    ]),
    ...(net
      ? [
          guarded("socket", [
            { argument: 0, oneOf: [AF_INET, AF_INET6], otherwise: EAFNOSUPPORT },
            { argument: 1, mask: SOCKET_TYPE, oneOf: [SOCK_STREAM, SOCK_DGRAM], otherwise: EACCES },
          ]),
          ...all(SOCKETS, ALLOW),
          ...all(SERVERS, EACCES),
        ]
      : all(["socket", ...SOCKETS, ...SERVERS], EACCES)),
    ...(reads
      ? [
          only("open", forReading(1), EACCES),
          only("openat", forReading(2), EACCES),
          ...all([...LOOKS, "newfstatat", "statx"], ALLOW),
        ]
      : [
          ...all(["open", "openat", ...LOOKS], EACCES),
          only("newfstatat", { argument: 3, mask: AT_EMPTY_PATH, oneOf: [AT_EMPTY_PATH] }, EACCES),
          only("statx", { argument: 2, mask: AT_EMPTY_PATH, oneOf: [AT_EMPTY_PATH] }, EACCES),
        ]),
    ...all(REFUSED, EPERM),
    ...all(HOSTILE, KILL),
  ];
}
