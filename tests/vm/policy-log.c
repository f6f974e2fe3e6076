// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of the kernel's log about policies that are loaded, replaced, unloaded or gone.
 *
 * The faults to be found: one of these leaves no line, or two; the line has the name or id of
 * another policy, or the uid of another process; a policy whose pin was unmounted is said to be
 * unloaded by a user, although the kernel frees it in a worker; a rejected policy is said to be
 * loaded.
 *
 * vm: --mock
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/klog.h"
#include "../lib/tap.h"
#include "../lib/policy/fixture.h"
#include "../lib/policy/hooks.h"

#define USER 54321

static int klog;

static __u32 id_of(const char *policy)
{
	struct iommufd_policy_info info = {};

	policy__info(policy, &info);
	return info.id;
}

/* There is one new line about policies, and it is this one. */
static void line_is(const char *what, const char *want)
{
	char line[512];
	int lines = klog__find(klog, "iommufd: policy", line, sizeof(line));

	tap__is(lines, 1, "%s: one line in the log", what);
	tap__ok(!strcmp(line, want), "%s: it is \"%s\"", what, want);
	if (strcmp(line, want))
		tap__diag("%s", line);
}

static bool load(struct policy *p, const char *settings, const char *name, __u32 *id)
{
	bool ok = tap__err(hooks__load(p, HOOK(IOAS_MAP), settings), 0, "load %s", name);

	*id = id_of(name);
	return ok;
}

static void as_user(bool on)
{
	if (setresuid(on ? USER : 0, 0, 0))
		tap__ok(false, "change the real uid");
}

static void loading(void)
{
	struct policy pol, other;
	char want[256];
	__u32 id;

	as_user(true);
	load(&pol, "@name=Log_1.x", "Log_1.x", &id);
	snprintf(want, sizeof(want), "iommufd: policy 'Log_1.x' (id %u) loaded by uid %u", id,
		 USER);
	line_is("load", want);
	as_user(false);
	tap__err(hooks__load(&other, HOOK(IOAS_MAP), "@name=Log_1.x"), -EEXIST, "load it again");
	line_is("reject",
		"iommufd: policy 'Log_1.x' rejected: a policy of this name is loaded; replace it, "
		"unload it, or use another name");

	tap__err(bpf_link__detach(pol.link), 0, "detach");
	snprintf(want, sizeof(want), "iommufd: policy 'Log_1.x' (id %u) unloaded by uid 0", id);
	line_is("detach", want);
	policy__unload(&pol);
}

static void replacing(void)
{
	struct policy pol, by;
	__u32 id, new_id;
	char want[256];
	int ret;

	load(&pol, "@name=old", "old", &id);
	klog__find(klog, "", want, sizeof(want));
	ret = hooks__open(&by, HOOK(IOAS_MAP), "@name=new");
	if (!ret)
		ret = bpf_object__load(by.obj);
	as_user(true);
	if (!ret)
		ret = bpf_link__update_map(pol.link, by.ops);
	as_user(false);
	tap__err(ret, 0, "replace");
	new_id = id_of("new");
	snprintf(want, sizeof(want),
		 "iommufd: policy 'old' (id %u) replaced with 'new' (id %u) by uid %u", id, new_id,
		 USER);
	line_is("replace", want);
	bpf_object__close(by.obj);

	as_user(true);
	policy__unload(&pol);
	as_user(false);
	snprintf(want, sizeof(want), "iommufd: policy 'new' (id %u) unloaded by uid %u", new_id,
		 USER);
	line_is("close", want);
}

static void exiting(void)
{
	char want[256], line[512];
	struct policy pol;
	int status, fds[2];
	__u32 id = 0;
	pid_t pid;

	if (pipe(fds))
		return;
	pid = fork();
	if (!pid) {
		if (setresuid(USER, 0, 0) || hooks__load(&pol, HOOK(IOAS_MAP), "@name=held"))
			_exit(1);
		id = id_of("held");
		klog__find(klog, "", line, sizeof(line));
		_exit(write(fds[1], &id, sizeof(id)) != sizeof(id));
	}
	waitpid(pid, &status, 0);
	tap__ok(!status && read(fds[0], &id, sizeof(id)) == sizeof(id), "exit: a loader exits");
	snprintf(want, sizeof(want),
		 "iommufd: policy 'held' (id %u) is gone: a process of uid %u that held its link "
		 "has ended",
		 id, USER);
	line_is("exit", want);
	close(fds[0]);
	close(fds[1]);
}

static void unmounting(void)
{
	char dir[] = "/tmp/policy-log.XXXXXX", pin[64], want[256];
	struct policy pol;
	__u32 id;

	tap__ok(mkdtemp(dir) && !mount("bpf", dir, "bpf", 0, NULL), "unmount: mount a bpffs");
	load(&pol, "@name=pinned", "pinned", &id);
	snprintf(pin, sizeof(pin), "%s/link", dir);
	tap__err(bpf_link__pin(pol.link, pin), 0, "unmount: pin the link");
	klog__find(klog, "", want, sizeof(want));
	policy__unload(&pol);
	tap__is(policy__count(), 1, "unmount: the pin keeps the policy loaded");
	tap__is(klog__find(klog, "iommufd: policy", want, sizeof(want)), 0, "unmount: no line yet");
	tap__ok(!umount(dir), "unmount: unmount the bpffs");
	/* A worker frees the link, so the kernel does not know the user. */
	tap__until(policy__count() == 0);
	snprintf(want, sizeof(want),
		 "iommufd: policy 'pinned' (id %u) is gone: the last pin or file descriptor "
		 "of its link was removed, by an unknown uid",
		 id);
	line_is("unmount", want);
	rmdir(dir);
}

int main(void)
{
	char line[512];

	tap__start();
	klog = klog__open();
	if (klog < 0)
		return tap__bail("/dev/kmsg: %s", strerror(-klog));
	loading();
	replacing();
	exiting();
	unmounting();
	tap__is(policy__count(), 0, "no policy is loaded at the end");
	tap__is(klog__find(klog, "iommufd: policy", line, sizeof(line)), 0, "no line is left");
	return tap__done();
}
