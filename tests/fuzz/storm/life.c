// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends of processes and files: children that are killed in the middle of calls, or execute another
 * program while their memory is mapped, and contexts that travel through sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "common.h"
#include "own.h"

#define EXEC_PAGES 4

/* Held from a fork until the child has closed the descriptors of other threads. */
static pthread_mutex_t fork_lock = PTHREAD_MUTEX_INITIALIZER;

void life_close(int fd)
{
	pthread_mutex_lock(&fork_lock);
	close(fd);
	pthread_mutex_unlock(&fork_lock);
}

/*
 * Fork a child that has only the contexts which all processes share, and one descriptor more unless
 * it is -1. Returns as fork().
 */
static pid_t fork_alone(struct storm *s, int keep)
{
	unsigned int highest = storm_common_fds[COMMON_CONTEXTS - 1];
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready))
		return -1;
	pthread_mutex_lock(&fork_lock);
	pid = fork();
	if (!pid) {
		/* The write end closes, too, which the parent waits for. */
		if (keep >= 0)
			close_range(highest + 1, keep - 1, 0);
		close_range((keep < 0 ? highest : (unsigned int)keep) + 1, ~0u, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		s->child = true;
		s->t.print = false;
		return 0;
	}
	close(ready[1]);
	while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
		;
	pthread_mutex_unlock(&fork_lock);
	close(ready[0]);
	return pid;
}

/* Memory that the child inherits is a copy, whether devices of the parent reach it or not. */
static void check_inherited(struct storm *s)
{
	struct own *o = s->own;

	for (unsigned int i = 0; i < ANON && !storm_stopped(); i++) {
		own_check_slot(s, i);
		memset(o->mem + i * P, 0x5a, P);
	}
}

/* Do random operations in an own context, and in the common ones, until the parent kills it. */
static void child(struct storm *s, uint64_t seed)
{
	static struct pool pool;
	int fd = iommu__open();

	memset(&pool, 0, sizeof(pool));
	fuzz__seed(&s->t, seed);
	check_inherited(s);
	if (common_start(s))
		_exit(0);
	for (unsigned int i = 0; i < 2000 && fd >= 0 && !storm_stopped(); i++) {
		if (one_in(s, 3) && options.threads * options.processes > 1)
			op_common(s);
		else
			common_step(s, fd, &pool);
	}
	_exit(0);
}

/* The operations of the child do not change the own slice, whenever it is killed. */
void op_child(struct storm *s)
{
	uint64_t seed = rnd(s, 1u << 31);
	struct timespec moment = { .tv_nsec = rnd(s, 8) * rnd(s, 1000000) };
	bool wait = one_in(s, 8);
	int status = 0;
	pid_t pid;

	if (!one_in(s, 4))
		return;
	storm_note(s, true, "child wait=%d", wait);
	for (unsigned int i = 0; i < SLOTS; i++)
		if (!own_check_slot(s, i))
			return;
	pid = fork_alone(s, -1);
	if (!pid)
		child(s, seed);
	if (pid < 0) {
		storm_fail(s, "fork: %s", strerror(errno));
		return;
	}
	if (!wait) {
		nanosleep(&moment, NULL);
		kill(pid, SIGKILL);
	}
	if (waitpid(pid, &status, 0) != pid || (status && status != SIGKILL))
		storm_fail(s, "a child ended with status 0x%x", status);
}

static int change_process(int fd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu__ioctl(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

/* Become the owner of the memory, use it, and exit or be killed while it is mapped. */
static void hand_child(struct mock *m, const uint8_t *want, bool give_back)
{
	static uint8_t buf[P];

	if (change_process(m->fd))
		_exit(30);
	if (mock__dma(m, 0, MOCK_BASE, buf, P, false) || memcmp(buf, want, P))
		_exit(31);
	if (give_back && ioas__unmap_at(m->fd, m->ioas, MOCK_BASE, P))
		_exit(32);
	if (give_back)
		_exit(0);
	raise(SIGKILL);
}

/* Hand mapped memory of a file to a child, which takes over the charge, and take it back. */
void op_hand(struct storm *s)
{
	struct own *o = s->own;
	unsigned int page = rnd(s, FILED);
	bool give_back = one_in(s, 3);
	const uint8_t *want = o->frame[o->slot[ANON + page]];
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOAS_RW | IOAS_FIXED,
		.fd = o->memfd,
		.start = page * P,
		.length = P,
		.iova = MOCK_BASE,
	};
	int status = 0;
	struct mock m;
	pid_t pid;

	if (!one_in(s, 8))
		return;
	storm_note(s, true, "hand page=%u back=%d", page, give_back);
	if (!storm_want(s, mock__open(&m, 0), 0, "open"))
		return;
	map.ioas_id = m.ioas;
	storm_want(s, iommu__ioctl(m.fd, IOMMU_IOAS_MAP_FILE, &map), 0, "map");
	pid = fork_alone(s, m.fd);
	if (!pid)
		hand_child(&m, want, give_back);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != (give_back ? 0 : SIGKILL))
		storm_fail(s, "the new owner ended with status 0x%x", status);
	storm_want(s, change_process(m.fd), 0, "change back");
	storm_want(s, mock__dma(&m, 0, MOCK_BASE, o->buf, P, false), give_back ? -EFAULT : 0,
		   "dma");
	if (!give_back && memcmp(o->buf, want, P))
		storm_fail(s, "DMA after the return has read something else");
	close(m.fd);
}

static void exec_child(uint32_t seed)
{
	char *mem = mmap(NULL, EXEC_PAGES * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char args[4][16];
	struct mock m;
	int ret = mock__open(&m, 0);

	if (ret || mem == MAP_FAILED)
		_exit(20);
	mem__fill(mem, EXEC_PAGES * P, seed);
	if (ioas__map_at(m.fd, m.ioas, mem, EXEC_PAGES * P, MOCK_BASE))
		_exit(21);
	fcntl(m.fd, F_SETFD, 0);
	snprintf(args[0], sizeof(args[0]), "%d", m.fd);
	snprintf(args[1], sizeof(args[1]), "%u", m.ioas);
	snprintf(args[2], sizeof(args[2]), "%u", m.dev);
	snprintf(args[3], sizeof(args[3]), "%u", seed);
	execl("/proc/self/exe", "fuzz-storm", LIFE_AFTER_EXEC, args[0], args[1], args[2], args[3],
	      NULL);
	_exit(22);
}

/* Map memory and execute another program: the device still reaches the memory. */
void op_exec(struct storm *s)
{
	uint32_t seed = rnd(s, 1u << 31);
	int status = 0;
	pid_t pid;

	if (!one_in(s, 24))
		return;
	storm_note(s, true, "exec");
	pid = fork_alone(s, -1);
	if (!pid)
		exec_child(seed);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		storm_fail(s, "the process that executes a program ended with status 0x%x", status);
}

int life_after_exec(char **argv)
{
	struct mock m = { .fd = atoi(argv[2]), .ioas = atoi(argv[3]), .dev = atoi(argv[4]) };
	static char buf[EXEC_PAGES * P];
	uint64_t length = EXEC_PAGES * P;

	if (mock__dma(&m, 0, MOCK_BASE, buf, sizeof(buf), false))
		return 1;
	if (mem__check(buf, sizeof(buf), strtoul(argv[5], NULL, 10)) >= 0)
		return 2;
	memset(buf, 1, sizeof(buf));
	if (mock__dma(&m, 0, MOCK_BASE, buf, sizeof(buf), true))
		return 3;
	if (ioas__unmap(m.fd, m.ioas, MOCK_BASE, &length) || length != sizeof(buf))
		return 4;
	return mock__dma(&m, 0, MOCK_BASE, buf, 1, false) == -EFAULT ? 0 : 5;
}

static int send_fd(int sock, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int sock)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/*
 * Send a context with a mapping through a socket and close it, so that the socket has the last
 * reference. Receive it and go on with it, or close the socket, which ends the context.
 */
void op_pass(struct storm *s)
{
	struct own *o = s->own;
	unsigned int slot = rnd(s, SLOTS);
	bool receive = !one_in(s, 3), socket_ok;
	uint8_t *want = o->frame[o->slot[slot]];
	struct mock m;
	int socks[2];

	if (!one_in(s, 4))
		return;
	storm_note(s, true, "pass page=%u receive=%d", slot, receive);
	if (!storm_want(s, mock__open(&m, 0), 0, "open"))
		return;
	storm_want(s, ioas__map_at(m.fd, m.ioas, o->mem + slot * P, P, MOCK_BASE), 0, "map");
	socket_ok = !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks);
	if (!socket_ok || send_fd(socks[0], m.fd)) {
		storm_fail(s, "cannot send a context: %s", strerror(errno));
		return;
	}
	close(m.fd);
	close(socks[0]);
	if (receive) {
		m.fd = receive_fd(socks[1]);
		storm_want(s, mock__dma(&m, 0, MOCK_BASE, o->buf, P, false), 0, "dma");
		if (memcmp(o->buf, want, P))
			storm_fail(s, "DMA through a received context has read something else");
		close(m.fd);
	}
	close(socks[1]);
}
