// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of machines and containers from cgroups, and the search for one by its name, on a mount of
 * cgroup v2 where this process may create cgroups.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "machine.h"
#include "../lib/tap.h"

static void test_machines(void)
{
	static const struct {
		const char *path, *name;
	} tests[] = {
		{ "/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope", "vm1" },
		{ "/machine.slice/machine-qemu\\x2d12\\x2dweb\\x2d3.scope/libvirt/emulator",
		  "web-3" },
		{ "/machine.slice/machine-lxc\\x2d7\\x2dbox.scope", "box" },
		{ "/machine.slice/machine-plain.scope", "plain" },
		{ "/system.slice/docker-0123456789abcdef0123456789abcdef.scope",
		  "docker:0123456789ab" },
		{ "/machine.slice/libpod-fedcba9876543210fedcba9876543210.scope/container",
		  "podman:fedcba987654" },
		{ "/docker/0123456789abcdef0123456789abcdef", "docker:0123456789ab" },
		{ "/lxc.payload.c1", "c1" },
		{ "/machine/qemu-3-web.libvirt-qemu/vcpu0", "web" },
		{ "/machine.slice/machine-qemu\\x2d4\\x2da\\x20b.scope", "a b" },
		{ "/machine.slice/machine-\\x00\\x2d.scope", "\\x00-" },
		{ "/machine.slice/systemd-nspawn@box.service/payload", "box" },
		{ "/qemu.slice/104.scope", "104" },
		{ "/kata_overhead/0123456789abcdef0123456789abcdef", "kata:0123456789ab" },
		{ "/kubepods.slice/kubepods-pod1.slice/kata_0123456789abcdef0123456789abcdef",
		  "kata:0123456789ab" },
		{ "/kubepods.slice/kubepods-pod1.slice/"
		  "cri-containerd-0123456789abcdef0123456789abcdef.scope",
		  "containerd:0123456789ab" },
		{ "/machine.slice/machine-qemu\\x2d1\\x2douter.scope/machine-inner.scope",
		  "outer" },
		{ "/machine-web.slice", "" },
		{ "/system.slice/104.scope", "" },
		{ "/system.slice/docker-proxy.service", "" },
		{ "/user.slice/user-0.slice", "" },
		{ "/", "" },
		{ NULL, "" },
	};
	char machine[MACHINE_MAX];
	unsigned int i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		machine__name(machine, tests[i].path);
		if (!tap__ok(!strcmp(machine, tests[i].name), "machine of %s",
			     tests[i].path ? tests[i].path : "nothing"))
			tap__diag("got '%s'", machine);
	}
}

static void test_matches(void)
{
	tap__ok(machine__matches("vm1", "vm1") && !machine__matches("vm10", "vm1"),
		"a name matches itself only");
	tap__ok(machine__matches("vm10", "vm*") && !machine__matches("web", "vm*"),
		"vm* matches all that begin with vm");
	tap__ok(!machine__matches("", "*"), "what is no machine matches nothing");
}

static void test_find(void)
{
	char root[CGROUP_PATH_MAX], slice[CGROUP_PATH_MAX + 64], scope[CGROUP_PATH_MAX + 128];
	char why[CGROUP_WHY_MAX] = "";
	struct stat status;
	unsigned int level;
	__u64 id;
	int err;

	if (cgroup__mount_point(NULL, root)) {
		tap__skip("no cgroup v2", "machines that run");
		return;
	}
	err = machine__find("unit-no-such", &id, &level, why);
	tap__ok(err == -ENOENT && strstr(why, "no machine 'unit-no-such' is running"), "%s", why);
	snprintf(slice, sizeof(slice), "%s/unit-%d.slice", root, getpid());
	snprintf(scope, sizeof(scope), "%s/machine-qemu\\x2d1\\x2dunit\\x2dvm.scope", slice);
	if (mkdir(slice, 0755) || mkdir(scope, 0755)) {
		tap__skip("no permission to create cgroups", "a machine is found by its name");
		rmdir(slice);
		return;
	}
	err = machine__find("unit-vm", &id, &level, why);
	tap__ok(!err && !stat(scope, &status) && id == status.st_ino && level == 2,
		"a machine is found by its name");
	err = machine__find("unit-no-such", &id, &level, why);
	tap__ok(err == -ENOENT && strstr(why, "unit-vm"), "if not, there are: %s", why);
	rmdir(scope);
	rmdir(slice);
}

int main(void)
{
	tap__start();
	test_machines();
	test_matches();
	test_find();
	return tap__done();
}
