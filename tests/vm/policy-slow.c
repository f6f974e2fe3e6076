// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies whose programs take long.
 *
 * While a caller is held in a program of one policy, others are loaded, listed, replaced and
 * unloaded. A caller that reaches a policy that was replaced or unloaded meanwhile is decided by
 * the successor, or by nobody. A program that takes more CPU time than its budget refuses the call.
 * A program that reads the memory of its caller cannot be loaded.
 *
 * Finds these faults: a change of one policy waits for the callers of another; an unload returns
 * while a program of the policy runs; a call is decided by both policies of a replace, or by
 * neither; a program may take as long as it likes, and nothing says so; a process can hold a policy
 * back with a page of its memory.
 *
 * vm: --mock --smp 2
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/klog.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define P MEM_PAGE
#define MAP IOMMUFD_HOOK_IOAS_MAP

static struct policy slow, other, by;
static struct mock m;
static char *mem;

/* Open a device, and load the slow policy with the hook for maps. */
static bool start(const char *name, const char *settings)
{
	return mock__start(&m, name, 0) && tap__err(hooks__load(&slow, HOOK(IOAS_MAP), settings), 0,
						    "%s: load the slow policy", name);
}

/* ---- a call that a policy holds ---- */

struct call {
	pthread_t thread;
	int ret;
};

static void *map_page(void *arg)
{
	struct call *call = arg;

	call->ret = fixture__map(&m, m.ioas, mem, 0, 1);
	return NULL;
}

static bool start_held(struct call *call, const char *name)
{
	hooks__hold(&slow, MAP);
	if (!tap__is(pthread_create(&call->thread, NULL, map_page, call), 0, "%s: start a map",
		     name))
		return false;
	return tap__ok(hooks__wait_held(&slow, MAP), "%s: the slow policy holds it", name);
}

static int end_held(struct call *call)
{
	hooks__release(&slow, MAP);
	pthread_join(call->thread, NULL);
	return call->ret;
}

static void unmap_page(void)
{
	uint64_t length = P;

	ioas__unmap(m.fd, m.ioas, AT(0), &length);
}

/*
 * Load the programs of a policy, but not yet the policy. The verifier takes long on a slow machine,
 * and a program holds its caller for 90 s at most.
 */
static bool prepare(struct policy *p, const char *settings, const char *name)
{
	int ret = hooks__open(p, HOOK(IOAS_MAP), settings);

	if (!ret)
		ret = bpf_object__load(p->obj);
	return tap__err(ret, 0, "%s: prepare a policy", name);
}

static int attach(struct policy *p)
{
	p->link = bpf_map__attach_struct_ops(p->ops);
	return p->link ? 0 : -errno;
}

/* ---- changes beside it ---- */

static void beside(void)
{
	static const char name[] = "beside";
	struct call call;

	if (!start(name, "@name=slow @priority=1") || !prepare(&other, "@name=other", name) ||
	    !prepare(&by, "@name=third", name) || !start_held(&call, name))
		return;
	tap__err(attach(&other), 0, "%s: load another", name);
	tap__is(policy__count(), 2, "%s: list both", name);
	tap__err(bpf_link__update_map(other.link, by.ops), 0, "%s: replace the other", name);
	policy__unload(&other);
	bpf_object__close(by.obj);
	tap__is(policy__count(), 1, "%s: unload the other", name);
	tap__ok(hooks__is_held(&slow, MAP), "%s: the slow policy still holds the map", name);
	tap__err(end_held(&call), 0, "%s: then the map succeeds", name);
	unmap_page();
	fixture__end(&m, &slow, name);
}

/*
 * The policy that holds the call is unloaded by iopolicy, which waits for the call. Another one is
 * loaded, replaced and unloaded meanwhile.
 */
static void beside_unload(void)
{
	static const char name[] = "beside an unload", store[] = "/sys/fs/bpf/iommufd";
	struct call call;
	int status = -1;
	pid_t pid;

	if (!start(name, "@name=slow @priority=1") || !prepare(&other, "@name=other", name) ||
	    !prepare(&by, "@name=third", name))
		return;
	mkdir(store, 0700);
	mkdir("/sys/fs/bpf/iommufd/slow", 0700);
	tap__err(bpf_link__pin(slow.link, "/sys/fs/bpf/iommufd/slow/link"), 0, "%s: pin", name);
	bpf_link__destroy(slow.link);
	slow.link = NULL;
	if (!start_held(&call, name))
		return;
	pid = fork();
	if (!pid) {
		execl("build/iopolicy", "iopolicy", "unload", "slow", NULL);
		_exit(127);
	}
	tap__ok(tap__until(!policy__count()), "%s: the policy is out of the list at once", name);
	tap__err(attach(&other), 0, "%s: load another", name);
	tap__err(bpf_link__update_map(other.link, by.ops), 0, "%s: replace it", name);
	policy__unload(&other);
	bpf_object__close(by.obj);
	tap__is(waitpid(pid, &status, WNOHANG), 0, "%s: iopolicy waits for the call", name);
	tap__ok(hooks__is_held(&slow, MAP), "%s: which is still held", name);
	tap__err(end_held(&call), 0, "%s: then the map succeeds", name);
	tap__is(waitpid(pid, &status, 0), pid, "%s: and iopolicy ends", name);
	tap__is(status, 0, "%s: with success", name);
	unmap_page();
	fixture__end(&m, &slow, name);
	rmdir(store);
}

/* The walk of the call began with policy "other", which is replaced or unloaded before its turn. */
static void behind(bool replaced)
{
	const char *name = replaced ? "replaced before its turn" : "unloaded before its turn";
	struct call call;

	if (!start(name, "@name=slow @priority=1") ||
	    !tap__err(hooks__load(&other, HOOK(IOAS_MAP), "@name=other"), 0, "%s: load", name) ||
	    !prepare(&by, "@name=third", name))
		return;
	hooks__say(&other, MAP, -EDOM);
	hooks__say(&by, MAP, -ERANGE);
	if (!start_held(&call, name))
		return;
	if (replaced)
		tap__err(bpf_link__update_map(other.link, by.ops), 0, "%s: replace", name);
	else
		policy__unload(&other);
	tap__err(end_held(&call), replaced ? -ERANGE : 0, "%s: the call", name);
	if (replaced) {
		tap__is(hooks__asked(&by, MAP), 1, "%s: the successor was asked once", name);
		policy__unload(&other);
	} else {
		unmap_page();
	}
	bpf_object__close(by.obj);
	fixture__end(&m, &slow, name);
}

static void *unload_slow(void *arg)
{
	policy__unload(&slow);
	*(bool *)arg = true;
	return NULL;
}

/* An unload has to wait for the program, because the kernel frees it then. */
static void unload_waits(void)
{
	static const char name[] = "unload waits";
	const __u32 released = 0, hook = MAP;
	volatile bool done = false;
	struct call call;
	pthread_t thread;
	int holds;

	if (!start(name, "@name=slow") || !start_held(&call, name))
		return;
	holds = dup(bpf_object__find_map_fd_by_name(slow.obj, "holds"));
	pthread_create(&thread, NULL, unload_slow, (void *)&done);
	tap__ok(tap__until(!policy__count()), "%s: the policy is out of the list at once", name);
	usleep(300000);
	tap__ok(!done, "%s: while its program runs", name);
	bpf_map_update_elem(holds, &hook, &released, BPF_ANY);
	pthread_join(thread, NULL);
	pthread_join(call.thread, NULL);
	tap__err(call.ret, 0, "%s: until the call is decided", name);
	close(holds);
	unmap_page();
	fixture__end(&m, &slow, name);
}

/* ---- the budget ---- */

/* Let a program run for a while, and return the result of the map. */
static int map_for(unsigned int ms)
{
	struct call call;
	int ret;

	hooks__hold(&slow, MAP);
	pthread_create(&call.thread, NULL, map_page, &call);
	hooks__wait_held(&slow, MAP);
	usleep(ms * 1000);
	ret = end_held(&call);
	if (!ret)
		unmap_page();
	return ret;
}

/* A program that is not held takes microseconds, however slow the machine is. */
static int map_at_once(void)
{
	int ret = fixture__map(&m, m.ioas, mem, 0, 1);

	if (!ret)
		unmap_page();
	return ret;
}

static void budget(void)
{
	static const char name[] = "budget";
	struct iommufd_policy_info info = {};
	char line[512];
	int log;

	if (!start(name, "@name=slow @budget_ms=100"))
		return;
	log = klog__open();
	tap__err(map_at_once(), 0, "%s: a program in time allows", name);
	tap__err(map_for(1200), -ETIMEDOUT, "%s: a slow one refuses", name);
	tap__err(map_for(1200), -ETIMEDOUT, "%s: and again", name);
	hooks__counts("slow", MAP, 1, 2, 0, 0, "budget: counted as refused");
	policy__info("slow", &info);
	tap__is(info.last_ret, -ETIMEDOUT, "%s: the last refusal", name);
	tap__ok(!strncmp(info.reason, "ran ", 4) && strstr(info.reason, " ms, budget 100 ms"),
		"%s: its reason", name);
	tap__diag("%s", info.reason);
	tap__is(klog__find(log, "to decide a call of process", line, sizeof(line)), 1,
		"%s: one line in the log for both", name);
	tap__ok(strstr(line, "iommufd: policy 'slow' (id ") && strstr(line, "budget is 100 ms"),
		"%s: with the policy and the budget", name);
	tap__diag("%s", line);
	close(log);
	fixture__end(&m, &slow, name);
}

static void budget_audit(void)
{
	static const char name[] = "budget, audit";

	if (!start(name, "@name=slow @budget_ms=100 @flags=1"))
		return;
	tap__err(map_for(1200), 0, "%s: a slow program allows", name);
	hooks__counts("slow", MAP, 0, 0, 1, 0, "budget, audit: counted");
	fixture__end(&m, &slow, name);
}

static void budget_sizes(void)
{
	static const char name[] = "budget, default and none";

	if (!start(name, "@name=slow @budget_ms=0"))
		return;
	tap__err(map_at_once(), 0, "%s: a program within the default", name);
	/* The CPU time of a thread is as old as the last tick, which is late on a busy host. */
	tap__err(map_for(4000), -ETIMEDOUT, "%s: one above it", name);
	fixture__end(&m, &slow, name);
	if (!start(name, "@name=slow @budget_ms=0xffffffff"))
		return;
	tap__err(map_for(1800), 0, "%s: the same without a limit", name);
	fixture__end(&m, &slow, name);
}

/* The policy refuses, is ejected by a slow decision, and refuses again when it is replaced. */
static void ejected(void)
{
	static const char name[] = "ejected";
	struct iommufd_policy_info info = {};
	char line[512];
	int log;

	if (!start(name, "@name=slow @budget_ms=100 @flags=4") ||
	    !prepare(&by, "@name=slow @budget_ms=100 @flags=4", name))
		return;
	log = klog__open();
	hooks__say(&slow, MAP, -EDOM);
	hooks__say(&by, MAP, -ERANGE);
	tap__err(map_at_once(), -EDOM, "%s: a program in time decides", name);
	tap__err(map_for(1200), 0, "%s: a slow one lets the call go on", name);
	tap__err(map_at_once(), 0, "%s: then it refuses nothing", name);
	tap__err(map_for(1200), 0, "%s: however slow it is", name);
	hooks__counts("slow", MAP, 0, 1, 3, 0, "ejected: one is counted as refused, three not");
	policy__info("slow", &info);
	tap__is(info.flags, IOMMUFD_POLICY_EJECT | IOMMUFD_POLICY_AUDIT | IOMMUFD_POLICY_EJECTED,
		"%s: its flags", name);
	tap__is(info.last_ret, -ETIMEDOUT, "%s: the last refusal is the ejection", name);
	tap__ok(!strncmp(info.reason, "ran ", 4), "%s: with its reason", name);
	tap__is(klog__find(log, "ejected: it took", line, sizeof(line)), 1,
		"%s: one line in the log", name);
	tap__diag("%s", line);
	close(log);
	tap__err(bpf_link__update_map(slow.link, by.ops), 0, "%s: replace it", name);
	tap__err(map_at_once(), -ERANGE, "%s: the successor enforces", name);
	bpf_object__close(by.obj);
	fixture__end(&m, &slow, name);
}

/* The driver alone sets the flag that it has been ejected. */
static void ejected_flag(void)
{
	static const char name[] = "the flag EJECTED";

	if (!mock__start(&m, name, 0))
		return;
	tap__err(hooks__load(&slow, HOOK(IOAS_MAP), "@name=slow @flags=0x10004"), -EINVAL,
		 "%s: is refused", name);
	close(m.fd);
}

/* ---- a caller that dies ---- */

static void killed(void)
{
	static const char name[] = "killed";
	int status = 0;
	pid_t pid;

	if (!start(name, "@name=slow @priority=1") ||
	    !tap__err(hooks__load(&other, HOOK(IOAS_MAP), "@name=other"), 0, "%s: load", name))
		return;
	hooks__hold(&slow, MAP);
	pid = fork();
	if (!pid)
		_exit(!!fixture__map(&m, m.ioas, mem, 0, 1));
	tap__ok(hooks__wait_held(&slow, MAP), "%s: a program holds the call", name);
	kill(pid, SIGKILL);
	hooks__release(&slow, MAP);
	tap__is(waitpid(pid, &status, 0), pid, "%s: the process ends", name);
	tap__ok(WIFSIGNALED(status), "%s: by the signal", name);
	tap__is(hooks__asked(&other, MAP), 0, "%s: the next policy is not asked", name);
	policy__unload(&other);
	fixture__end(&m, &slow, name);
}

/* ---- memory of the caller ---- */

static void user_memory(const char *skip, const char *why, const char *name)
{
	static char verifier[1 << 16];
	struct bpf_program *prog;
	int log = klog__open();
	struct bpf_map *ops;
	char line[512] = "";
	struct policy p;
	size_t size;
	void **progs;

	if (!tap__err(policy__open(&p, "build/tests/hooks-user.bpf.o", ""), 0, "%s: open", name))
		return;
	ops = p.ops;
	progs = bpf_map__initial_value(ops, &size);
	bpf_object__for_each_program(prog, p.obj) {
		bpf_program__set_log_buf(prog, verifier, sizeof(verifier));
		if (strcmp(bpf_program__name(prog), skip))
			continue;
		bpf_program__set_autoload(prog, false);
		for (unsigned int i = 0; i < IOMMUFD_HOOKS; i++)
			if (progs[i] == prog)
				progs[i] = NULL;
	}
	tap__err(policy__attach(&p), -EINVAL, "%s: rejected", name);
	klog__find(log, "iommufd: policy program", line, sizeof(line));
	tap__ok(strstr(line, why) || strstr(verifier, why), "%s: '%s'", name, why);
	tap__diag("%s", line);
	close(log);
}

int main(void)
{
	tap__start();
	mem = mem__small(P);
	beside();
	beside_unload();
	behind(true);
	behind(false);
	unload_waits();
	budget();
	budget_audit();
	budget_sizes();
	ejected();
	ejected_flag();
	killed();
	user_memory("user_probe", "a policy cannot read user memory", "bpf_copy_from_user_str");
	user_memory("user_str", "bpf_probe_read_user", "bpf_probe_read_user");
	mem__free(mem, P);
	return tap__done();
}
