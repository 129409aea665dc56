/* Runs a program, counts every system call by which it changes a file below given folders, and lets the n-th
 * of them fail: the program is killed just before it, or the call fails as on a disk that is full, broken
 * or read-only. The kernel hands each call over before it does it (seccomp_unotify(2)), so none is missed,
 * whichever library makes it, in whichever thread.
 *
 *   faults LOG HOW N ROOT... -- PROGRAM ARGS
 *
 * HOW is made of words joined by commas:
 *   count            nothing goes wrong
 *   kill             SIGKILL in place of the n-th call
 *   hold             at the n-th call, before anything else, this program stops itself (SIGSTOP), so that the other one
 *                    waits in that call; SIGCONT lets both go on
 *   once=E, from=E   the n-th call fails with error number E; or it and all that write after it
 *   short            the n-th write takes half of its bytes, and then the disk is full
 *   reads            open for reading, read and list directories count too
 *   sends            what is sent to sockets counts too
 *   named            files without a name (O_TMPFILE) are unknown here
 *
 * LOG gets a line for each call: its name and the path. The exit code is the program's; 128 + signal if one
 * ended it; 125 if this can't be done here. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "write the name of this processor here"
#endif

enum what { FD, PATH, AT, AT2, PATH2, OPEN, OPENAT, WRITE, READ_FD, SEND };

struct call {
    int number;
    const char *name;
    enum what what; /* where its path is: an open file, argument 0, 1 (after a folder), 3 or 1 (the new name) */
};

static const struct call CALLS[] = {
#ifdef __NR_open
    {__NR_open, "open", OPEN},
    {__NR_creat, "creat", PATH},
    {__NR_rename, "rename", PATH2},
    {__NR_link, "link", PATH2},
    {__NR_symlink, "symlink", PATH2},
    {__NR_mkdir, "mkdir", PATH},
    {__NR_rmdir, "rmdir", PATH},
    {__NR_unlink, "unlink", PATH},
    {__NR_chmod, "chmod", PATH},
    {__NR_chown, "chown", PATH},
    {__NR_getdents, "getdents", READ_FD},
#endif
#ifdef __NR_renameat
    {__NR_renameat, "renameat", AT2},
#endif
    {__NR_openat, "openat", OPENAT},
    {__NR_renameat2, "renameat2", AT2},
    {__NR_linkat, "linkat", AT2},
    {__NR_symlinkat, "symlinkat", AT2},
    {__NR_mkdirat, "mkdirat", AT},
    {__NR_unlinkat, "unlinkat", AT},
    {__NR_fchmodat, "fchmodat", AT},
    {__NR_fchownat, "fchownat", AT},
    {__NR_truncate, "truncate", PATH},
    {__NR_write, "write", WRITE},
    {__NR_pwrite64, "pwrite64", WRITE},
    {__NR_writev, "writev", WRITE},
    {__NR_copy_file_range, "copy_file_range", FD},
    {__NR_sendfile, "sendfile", FD},
    {__NR_fallocate, "fallocate", FD},
    {__NR_ftruncate, "ftruncate", FD},
    {__NR_fsync, "fsync", FD},
    {__NR_fdatasync, "fdatasync", FD},
    {__NR_fchmod, "fchmod", FD},
    {__NR_fchown, "fchown", FD},
    {__NR_read, "read", READ_FD},
    {__NR_pread64, "pread64", READ_FD},
    {__NR_getdents64, "getdents64", READ_FD},
    {__NR_sendto, "sendto", SEND},
    {__NR_sendmsg, "sendmsg", SEND},
};
#define COUNT (sizeof CALLS / sizeof *CALLS)

static int kills, holds, once, from, shorts, reads, sends, nameless_unknown;
static long target, seen;
static char **roots;
static pid_t child;
static FILE *report;

static void die(const char *what) {
    perror(what);
    if (child > 0)
        kill(child, SIGKILL);
    _exit(125);
}

static void understand(char *how) {
    for (char *word = strtok(how, ","); word; word = strtok(NULL, ",")) {
        kills |= !strcmp(word, "kill");
        holds |= !strcmp(word, "hold");
        shorts |= !strcmp(word, "short");
        reads |= !strcmp(word, "reads");
        sends |= !strcmp(word, "sends");
        nameless_unknown |= !strcmp(word, "named");
        if (!strncmp(word, "once=", 5))
            once = atoi(word + 5);
        if (!strncmp(word, "from=", 5))
            from = atoi(word + 5);
    }
}

static int is_wanted(const struct call *call) {
    return (call->what != READ_FD || reads) && (call->what != SEND || sends);
}

/* The filter: the calls of the table are handed over, and a program that forbids others to read its memory
 * (PR_SET_DUMPABLE) gets success without the effect: this program has to read it. */
static int install(void) {
    struct sock_filter code[COUNT * 2 + 10];
    size_t n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT; i++) {
        if (!is_wanted(&CALLS[i]))
            continue;
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[i].number, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 0, 3);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_DUMPABLE, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = n, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static long peek(pid_t pid, unsigned long long address, void *to, size_t size) {
    struct iovec local = {to, size}, remote = {(void *)(unsigned long)address, size};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/* A text may end just before memory that can't be read. */
static int peek_text(pid_t pid, unsigned long long address, char *to, size_t size) {
    for (size_t got = 0; got < size;) {
        size_t page = 4096 - (address + got) % 4096, part = page < size - got ? page : size - got;
        long read = peek(pid, address + got, to + got, part);
        if (read <= 0)
            return 0;
        if (memchr(to + got, 0, read))
            return 1;
        got += read;
    }
    return 0;
}

static void path_of_fd(pid_t pid, int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", pid, fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void path_at(pid_t pid, int folder, unsigned long long address, char *path) {
    char text[PATH_MAX] = "";
    if (!peek_text(pid, address, text, sizeof text))
        text[0] = 0;
    if (text[0] == '/') {
        strcpy(path, text);
        return;
    }
    path_of_fd(pid, folder, path);
    strncat(path, "/", PATH_MAX - strlen(path) - 1);
    strncat(path, text, PATH_MAX - strlen(path) - 1);
}

static int below_a_root(const char *path) {
    for (char **root = roots; *root; root++) {
        size_t length = strlen(*root);
        if (!strncmp(path, *root, length) && (path[length] == '/' || !path[length]))
            return 1;
    }
    return 0;
}

/* Whether this call counts; where it leads goes to `path`. */
static int counts(const struct call *call, const struct seccomp_notif *asked, char *path) {
    const __u64 *args = asked->data.args;
    pid_t pid = asked->pid;
    unsigned long flags = 0;
    switch (call->what) {
    case SEND:
        path_of_fd(pid, args[0], path);
        return 1;
    case FD:
    case WRITE:
    case READ_FD:
        path_of_fd(pid, args[0], path);
        break;
    case PATH:
        path_at(pid, AT_FDCWD, args[0], path);
        break;
    case PATH2:
        path_at(pid, AT_FDCWD, args[1], path);
        break;
    case AT:
        path_at(pid, args[0], args[1], path);
        break;
    case AT2:
        path_at(pid, args[2], args[3], path);
        break;
    case OPEN:
        path_at(pid, AT_FDCWD, args[0], path);
        flags = args[1];
        break;
    case OPENAT:
        path_at(pid, args[0], args[1], path);
        flags = args[2];
        break;
    }
    if (call->what == WRITE && sends && !strncmp(path, "socket:", 7))
        return 1;
    if (call->what == OPEN || call->what == OPENAT) {
        int changes = flags & (O_CREAT | O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE || flags & O_ACCMODE;
        if (!changes && !reads)
            return 0;
    }
    return below_a_root(path);
}

/* Only what needs room or reaches the disk goes on failing: a full disk lets files be removed. */
static int goes_on_failing(const struct call *call) {
    if (from == ENOSPC || from == EDQUOT)
        return call->what == WRITE || call->what == AT2 || call->what == PATH2 || call->what == OPEN ||
               call->what == OPENAT || strstr(call->name, "mkdir") || strstr(call->name, "sync");
    return 1;
}

static long half(const struct seccomp_notif *asked) {
    size_t size = asked->data.args[2] / 2;
    char *bytes = malloc(size + 1);
    long got = peek(asked->pid, asked->data.args[1], bytes, size);
    int process = syscall(__NR_pidfd_open, child, 0);
    int fd = syscall(__NR_pidfd_getfd, process, (int)asked->data.args[0], 0);
    long written = fd < 0 || got < 0 ? -1 : write(fd, bytes, got);
    close(fd);
    close(process);
    free(bytes);
    return written;
}

/* False if the program has ended. */
static int decide(const struct seccomp_notif *asked, struct seccomp_notif_resp *answer) {
    const struct call *call = CALLS;
    while (call->number != asked->data.nr)
        call++;
    char path[PATH_MAX];
    answer->id = asked->id;
    answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    int opens = call->what == OPENAT && (asked->data.args[2] & O_TMPFILE) == O_TMPFILE;
    if (opens && nameless_unknown) {
        answer->flags = 0;
        answer->error = -EOPNOTSUPP;
        return 1;
    }
    if (!counts(call, asked, path))
        return 1;
    seen++;
    fprintf(report, "%s %s\n", call->name, path);
    if (holds && seen == target)
        raise(SIGSTOP);
    if (kills && seen == target) {
        kill(child, SIGKILL);
        return 0;
    }
    int error = 0;
    if (once && seen == target)
        error = once;
    if (from && (seen == target || (seen > target && goes_on_failing(call))))
        error = from;
    if (shorts && seen == target && call->number == __NR_write && asked->data.args[2] > 1) {
        long written = half(asked);
        if (written > 0) {
            answer->flags = 0;
            answer->val = written;
            from = ENOSPC;
            return 1;
        }
    }
    if (error) {
        answer->flags = 0;
        answer->error = -error;
    }
    return 1;
}

static void watch(int listener) {
    struct seccomp_notif_sizes sizes;
    if (syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
        die("seccomp sizes");
    struct seccomp_notif *asked = calloc(1, sizes.seccomp_notif + sizeof *asked);
    struct seccomp_notif_resp *answer = calloc(1, sizes.seccomp_notif_resp + sizeof *answer);
    struct pollfd event = {.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(&event, 1, -1) < 0 && errno != EINTR)
            die("poll");
        if (event.revents & (POLLHUP | POLLERR) && !(event.revents & POLLIN))
            return;
        memset(asked, 0, sizes.seccomp_notif);
        memset(answer, 0, sizes.seccomp_notif_resp);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, asked))
            continue; /* it was killed meanwhile */
        if (decide(asked, answer))
            ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, answer);
    }
}

int main(int argc, char **argv) {
    int end = 0;
    while (end < argc && strcmp(argv[end], "--"))
        end++;
    if (end < 5 || end + 1 >= argc)
        return fprintf(stderr, "usage: faults LOG HOW N ROOT... -- PROGRAM ARGS\n"), 125;
    report = fopen(argv[1], "we");
    understand(argv[2]);
    target = atol(argv[3]);
    roots = argv + 4;
    argv[end] = NULL;
    if (!report)
        die(argv[1]);
    int number = dup(0); /* the lowest that is free, here and in the child: the listener gets it */
    close(number);
    child = fork();
    if (child < 0)
        die("fork");
    if (!child) {
        if (install() < 0)
            _exit(125);
        raise(SIGSTOP); /* until the listener is taken over */
        execv(argv[end + 1], argv + end + 1);
        _exit(125);
    }
    int status;
    if (waitpid(child, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
        die("seccomp");
    int process = syscall(__NR_pidfd_open, child, 0);
    int listener = syscall(__NR_pidfd_getfd, process, number, 0);
    if (listener < 0)
        die("pidfd_getfd");
    close(process);
    kill(child, SIGCONT);
    watch(listener);
    fclose(report);
    if (waitpid(child, &status, 0) < 0)
        return 125;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
