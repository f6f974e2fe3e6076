// SPDX-License-Identifier: GPL-2.0-only
/*
 * The main process works for threads: it loads, replaces and unloads policies, and starts and stops
 * tools. A thread waits for it, so with one thread all happens in the order of the seed. If
 * the main process is busy for another thread the operation is left out.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/policy/load.h"
#include "end.h"
#include "storm.h"

#define POLICIES 2
#define TOOLS 2
#define OBJECT "build/tests/storm.bpf.o"

static struct policy policies[POLICIES];
static pid_t tools[TOOLS];
static unsigned long loads, replaces, starts;

void host_start(void)
{
	sem_init(&arena->host_free, 1, 1);
	sem_init(&arena->host_asked, 1, 0);
	sem_init(&arena->host_done, 1, 0);
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) && errno == EINTR)
		;
}

void host_ask(struct storm *s, enum host what)
{
	uint32_t arg = rnd(s, 1u << 31);

	if (sem_trywait(&arena->host_free))
		return;
	arena->host_what = what;
	arena->host_arg = arg;
	sem_post(&arena->host_asked);
	wait_for(&arena->host_done);
	sem_post(&arena->host_free);
}

/* ---- policies ---- */

static void fail(const char *what, int ret)
{
	storm_fail(&(struct storm){}, "%s: %s", what, strerror(-ret));
}

/* Keep the link, and the object that it shows now. */
static void replace(struct policy *p, const char *settings)
{
	struct policy by;
	int ret = policy__open(&by, OBJECT, settings);

	if (ret) {
		fail("open a policy", ret);
		return;
	}
	ret = bpf_object__load(by.obj);
	if (!ret)
		ret = bpf_link__update_map(p->link, by.ops);
	if (ret) {
		fail("replace a policy", ret);
		policy__unload(&by);
		return;
	}
	bpf_object__close(p->obj);
	p->obj = by.obj;
	p->ops = by.ops;
	replaces++;
}

static void policy(uint32_t arg)
{
	unsigned int n = arg % POLICIES;
	struct policy *p = &policies[n];
	char settings[64];
	int ret;

	snprintf(settings, sizeof(settings), "@name=storm%u @priority=%u", n, arg / 16 % 4);
	if (!p->obj) {
		ret = policy__load(p, OBJECT, settings);
		if (ret)
			fail("load a policy", ret);
		loads++;
	} else if (arg / 4 % 2) {
		replace(p, settings);
	} else {
		policy__unload(p);
	}
}

/* ---- tools ---- */

static void start(unsigned int n)
{
	pid_t pid = fork();
	int null;

	starts++;
	if (pid) {
		tools[n] = pid > 0 ? pid : 0;
		return;
	}
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (n)
		execl("build/iosnoop", "iosnoop", NULL);
	else
		execl("build/iommutop", "iommutop", "-b", "-d", "1", NULL);
	_exit(127);
}

static void stop(unsigned int n)
{
	int status;

	if (!tools[n])
		return;
	kill(tools[n], SIGINT);
	if (waitpid(tools[n], &status, 0) == tools[n] && status && status != SIGINT)
		storm_fail(&(struct storm){}, "%s ended with status 0x%x",
			   n ? "iosnoop" : "iommutop", status);
	tools[n] = 0;
}

static void tool(uint32_t arg)
{
	unsigned int n = arg % TOOLS;

	if (tools[n])
		stop(n);
	else
		start(n);
}

/* ---- memory pressure ---- */

/* Move and reclaim what can be: pinned pages must stay. */
static void pressure(uint32_t arg)
{
	size_t size = 16ul << 20;
	char *mem;

	switch (arg % 4) {
	case 0:
		end_write("/proc/sys/vm/compact_memory", "1");
		break;
	case 1:
		end_write("/proc/sys/vm/drop_caches", arg & 16 ? "2" : "1");
		break;
	case 2:
		end_write("/sys/fs/cgroup/storm/memory.reclaim", "1M");
		break;
	default:
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (mem != MAP_FAILED)
			munmap(mem, size);
	}
}

void host_serve(void)
{
	for (;;) {
		wait_for(&arena->host_asked);
		switch (arena->host_what) {
		case HOST_POLICY:
			policy(arena->host_arg);
			break;
		case HOST_TOOL:
			tool(arena->host_arg);
			break;
		case HOST_CACHES:
			pressure(arena->host_arg);
			break;
		default:
			return;
		}
		arena->host_what = HOST_NONE;
		sem_post(&arena->host_done);
	}
}

void host_quit(void)
{
	arena->host_what = HOST_QUIT;
	sem_post(&arena->host_asked);
}

void host_end(void)
{
	for (unsigned int i = 0; i < TOOLS; i++)
		stop(i);
	for (unsigned int i = 0; i < POLICIES; i++)
		policy__unload(&policies[i]);
	printf("# %lu policies loaded, %lu replaced, %lu tools started\n", loads, replaces, starts);
}

/* Few of these, because they take long. */
void op_policy(struct storm *s)
{
	if (!one_in(s, 16))
		return;
	storm_note(s, false, "policy");
	host_ask(s, HOST_POLICY);
}

void op_tool(struct storm *s)
{
	if (!one_in(s, 32))
		return;
	storm_note(s, false, "tool");
	host_ask(s, HOST_TOOL);
}

void op_pressure(struct storm *s)
{
	if (!one_in(s, 16))
		return;
	storm_note(s, false, "pressure");
	host_ask(s, HOST_CACHES);
}
