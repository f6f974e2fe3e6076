// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shipped policies for devices and PASIDs: device_allow with a mock device, which is not a PCI
 * device, and with the edu device; pasid_guard; readonly with SVA and without an IOMMU. policies.c
 * tests those for memory.
 *
 * Finds these faults: a rule for one user or model applies to another; a more specific rule
 * does not win; the first or last number of a range is not in it; a call that is refused by ioctl
 * is allowed for a kernel driver.
 *
 * vm: --mock --smp 2
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/iommufd_ext.h>

#include "../lib/edu.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio.h"
#include "../lib/policy/load.h"

#define ANY IOMMUFD_NONE
#define OTHER 1000 /* another user */
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID

static const uint32_t yes = 1, no;
static struct policy pol;
static struct mock m;

/* ---- device_allow ---- */

static void allow_model(uint32_t vendor, uint32_t product, uint32_t uid, const uint32_t *rule)
{
	const struct {
		uint32_t vendor, product, uid;
	} key = { vendor, product, uid };

	if (policy__set(&pol, "models", &key, rule))
		tap__ok(false, "set a rule for a model");
}

static void allow_device(uint32_t sbdf, uint32_t uid, const uint32_t *rule)
{
	const struct {
		uint32_t sbdf, uid;
	} key = { sbdf, uid };

	if (policy__set(&pol, "devices", &key, rule))
		tap__ok(false, "set a rule for a device");
}

static void allow_name(const char *device, uint32_t uid, const uint32_t *rule)
{
	struct {
		char name[IOMMUFD_POLICY_DEVICE_LEN];
		uint32_t uid;
	} key = { .uid = uid };

	snprintf(key.name, sizeof(key.name), "%s", device);
	if (policy__set(&pol, "names", &key, rule))
		tap__ok(false, "set a rule for a name");
}

/* Bind and unbind a mock device. Returns its name after success. */
static int bind_mock(char *device, size_t size)
{
	struct mock one;
	char line[256];
	int ret = mock__open(&one, 0);

	if (ret)
		return ret;
	ret = mock__object(one.fd, one.dev, line, sizeof(line));
	if (!ret && device) {
		char *at = strstr(line, "name=");

		snprintf(device, size, "%.*s", at ? (int)strcspn(at + 5, " ") : 0, at + 5);
	}
	close(one.fd);
	return ret;
}

/* Bind as another user, with a file that this process has opened. Returns 0 or -errno. */
static int as_other(int (*bind)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(setresuid(OTHER, OTHER, OTHER) ? 255 : -bind(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static int bind_again(void *arg)
{
	struct mock *of = arg, one;

	return mock__add(&one, of, of->ioas, 0);
}

static void device_mock(void)
{
	static const char name[] = "device_allow";
	char device[IOMMUFD_POLICY_DEVICE_LEN] = "", reason[64];
	int ret;

	if (!policy__start(&pol, name, ""))
		return;
	tap__err(bind_mock(NULL, 0), -EPERM, "%s: no rule: refused", name);
	allow_model(ANY, ANY, 0, &yes);
	tap__err(bind_mock(device, sizeof(device)), 0, "%s: a rule for all devices: allowed", name);
	/* The next mock device gets the same name, because names use the lowest free number. */
	allow_name(device, ANY, &no);
	tap__err(bind_mock(NULL, 0), -EPERM, "%s: a rule against %s", name, device);
	snprintf(reason, sizeof(reason), "uid 0 may not bind %s", device);
	policy__refused(name, IOMMUFD_HOOK_DEVICE_BIND, -EPERM, reason);
	allow_name(device, 0, &yes);
	tap__err(bind_mock(NULL, 0), 0, "%s: a rule for this user: allowed", name);
	allow_name(device, ANY, NULL);
	allow_name(device, 0, NULL);

	tap__err(mock__open(&m, 0), 0, "%s: open a file", name);
	ret = as_other(bind_again, &m);
	tap__err(ret, -EPERM, "%s: another user with the file", name);
	allow_model(ANY, ANY, OTHER, &yes);
	tap__err(as_other(bind_again, &m), 0, "%s: a rule for the other user", name);
	close(m.fd);
	policy__unload(&pol);

	if (!policy__start(&pol, name, "default_allow=1"))
		return;
	tap__err(bind_mock(NULL, 0), 0, "%s: no rule, allowed by default", name);
	allow_model(ANY, ANY, ANY, &no);
	tap__err(bind_mock(NULL, 0), -EPERM, "%s: a rule against all", name);
	policy__unload(&pol);
}

struct edu_bind {
	struct vfio_dev dev;
	int fd;
};

static int bind_opened(void *arg)
{
	struct edu_bind *b = arg;

	return vfio__bind(&b->dev, b->fd);
}

/* Try to bind the edu device, as this or another user. */
static int bind_edu(const char *bdf, bool other)
{
	struct edu_bind b = { .fd = iommu__open() };
	int ret = vfio__open(&b.dev, bdf);

	if (!ret) {
		ret = other ? as_other(bind_opened, &b) : bind_opened(&b);
		vfio__close(&b.dev);
	}
	close(b.fd);
	return ret;
}

static void device_edu(void)
{
	static const char name[] = "device_allow";
	unsigned int segment, bus, dev, function;
	uint32_t sbdf;
	char bdf[16];
	int ret = pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf);

	if (ret) {
		tap__skip("no edu device", "%s: a PCI device", name);
		return;
	}
	ret = pci__bind(bdf);
	if (ret || !policy__start(&pol, name, "")) {
		tap__err(ret, 0, "%s: bind the edu device to vfio-pci", name);
		return;
	}
	sscanf(bdf, "%x:%x:%x.%x", &segment, &bus, &dev, &function);
	sbdf = segment << 16 | bus << 8 | dev << 3 | function;

	tap__err(bind_edu(bdf, false), -EPERM, "%s: edu, no rule", name);
	policy__refused(name, IOMMUFD_HOOK_DEVICE_BIND, -EPERM, "uid 0 may not bind 1234:11e8");
	allow_model(EDU_VENDOR, 0x11e9, 0, &yes);
	allow_model(0x1235, EDU_DEVICE, 0, &yes);
	tap__err(bind_edu(bdf, false), -EPERM, "%s: rules for other models", name);
	allow_model(EDU_VENDOR, EDU_DEVICE, 0, &yes);
	tap__err(bind_edu(bdf, false), 0, "%s: a rule for this model", name);
	tap__err(bind_edu(bdf, true), -EPERM, "%s: another user", name);
	policy__refused(name, IOMMUFD_HOOK_DEVICE_BIND, -EPERM, "uid 1000 may not bind 1234:11e8");
	allow_model(EDU_VENDOR, ANY, ANY, &yes);
	tap__err(bind_edu(bdf, true), 0, "%s: a rule for the vendor and all users", name);
	allow_model(EDU_VENDOR, EDU_DEVICE, OTHER, &no);
	tap__err(bind_edu(bdf, true), -EPERM, "%s: a rule against the model and the user", name);
	allow_device(sbdf, ANY, &yes);
	tap__err(bind_edu(bdf, true), 0, "%s: a rule for the address", name);
	allow_device(sbdf, 0, &no);
	tap__err(bind_edu(bdf, false), -EPERM, "%s: a rule against the address and the user", name);
	allow_device(sbdf, ANY, NULL);
	allow_device(sbdf, 0, NULL);
	allow_device(sbdf ^ 1, 0, &no);
	tap__err(bind_edu(bdf, false), 0, "%s: a rule against another address", name);
	policy__unload(&pol);
}

/* ---- PASIDs ---- */

/* Open a device and attach it to a page table for PASIDs. */
static bool open_pasid(const char *name, uint32_t *hwpt)
{
	int ret = mock__open(&m, MOCK_FLAGS_DEVICE_PASID);

	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, hwpt);
	if (!ret)
		ret = mock__replace(&m, *hwpt);
	return tap__err(ret, 0, "%s: open a device for PASIDs", name);
}

/* Alloc a PASID; 0: any. */
static int pasid_alloc(uint32_t pasid, struct iommu_ext_pasid_alloc *cmd)
{
	*cmd = (struct iommu_ext_pasid_alloc){
		.size = sizeof(*cmd),
		.flags = pasid ? IOMMU_EXT_PASID_FIXED : 0,
		.dev_id = m.dev,
		.pasid = pasid,
	};
	return iommu__ioctl(m.fd, IOMMU_EXT_PASID_ALLOC, cmd);
}

static int pasid_attach(uint32_t id, uint32_t pt)
{
	struct iommu_ext_pasid_attach cmd = { .size = sizeof(cmd), .pasid_id = id, .pt_id = pt };

	return iommu__ioctl(m.fd, IOMMU_EXT_PASID_ATTACH, &cmd);
}

static int try_alloc(uint32_t pasid)
{
	struct iommu_ext_pasid_alloc cmd;

	return pasid_alloc(pasid, &cmd);
}

struct ranges {
	struct {
		uint32_t first, last;
	} range[4];
};

static void allow_pasids(uint32_t sbdf, uint32_t uid, const struct ranges *ranges)
{
	const struct {
		uint32_t sbdf, uid;
	} key = { sbdf, uid };

	if (policy__set(&pol, "uids", &key, ranges))
		tap__ok(false, "set ranges for a user");
}

static void pasid_guard(void)
{
	static const char name[] = "pasid_guard";
	const struct ranges ours = { .range = { { 16, 31 }, { 100, 100 } } };
	const struct ranges all = { .range = { { 1, 0xfffff } } };
	struct iommu_ext_pasid_alloc other, inside;
	struct {
		uint64_t cgroup;
		uint32_t sbdf, zero;
	} key = { .sbdf = ANY };
	struct stat st = {};
	uint32_t hwpt;

	if (!open_pasid(name, &hwpt) || !policy__start(&pol, name, ""))
		return;
	tap__err(try_alloc(5), -EPERM, "%s: no entry: alloc PASID 5", name);
	policy__refused(name, IOMMUFD_HOOK_PASID_ALLOC, -EPERM, "uid 0 may not use PASID 5");
	tap__err(try_alloc(0), -EPERM, "%s: no entry: alloc any PASID", name);
	policy__refused(name, IOMMUFD_HOOK_PASID_ALLOC, -EPERM, "uid 0 may not use PASIDs");
	allow_pasids(ANY, OTHER, &all);
	tap__err(try_alloc(5), -EPERM, "%s: an entry for another user", name);
	allow_pasids(ANY, 0, &ours);
	tap__err(try_alloc(15), -EPERM, "%s: before the range", name);
	tap__err(pasid_alloc(16, &inside), 0, "%s: first of the range", name);
	tap__err(try_alloc(31), 0, "%s: last of the range", name);
	tap__err(try_alloc(32), -EPERM, "%s: after the range", name);
	tap__err(try_alloc(100), 0, "%s: a range of one", name);
	tap__err(try_alloc(101), -EPERM, "%s: after the range", name);
	tap__err(pasid_attach(inside.out_pasid_id, hwpt), 0, "%s: attach", name);

	tap__err(pasid_alloc(0, &other), 0, "%s: alloc any PASID", name);
	if (tap__ok(other.pasid < 16 || other.pasid > 100, "%s: it is outside the ranges: %u", name,
		    other.pasid)) {
		tap__err(pasid_attach(other.out_pasid_id, hwpt), -EPERM, "%s: attach it: refused",
			 name);
		allow_pasids(0x18, 0, &all);
		tap__err(pasid_attach(other.out_pasid_id, hwpt), -EPERM,
			 "%s: an entry for another device", name);
		allow_pasids(ANY, ANY, &all);
		tap__err(pasid_attach(other.out_pasid_id, hwpt), 0, "%s: an entry for all users",
			 name);
		allow_pasids(ANY, ANY, NULL);
	}
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 50, hwpt), -EPERM,
		 "%s: attach by a kernel driver: refused", name);
	policy__refused(name, IOMMUFD_HOOK_PASID_ATTACH, -EPERM, "uid 0 may not use PASID 50");
	tap__err(mock__pasid(&m, IOMMU_TEST_OP_PASID_ATTACH, 17, hwpt), 0,
		 "%s: attach by a kernel driver: allowed", name);

	if (!stat("/sys/fs/cgroup/cgroup.procs", &st) && !stat("/sys/fs/cgroup", &st)) {
		key.cgroup = st.st_ino;
		tap__err(policy__set(&pol, "cgroups", &key, &all), 0,
			 "%s: set ranges for the cgroup", name);
		tap__err(try_alloc(51), 0, "%s: alloc a PASID in them", name);
	} else {
		tap__skip("cgroup2 is not mounted", "%s: cgroups", name);
	}
	policy__unload(&pol);
	close(m.fd);

	if (!open_pasid(name, &hwpt) || !policy__start(&pol, name, "default_allow=1"))
		return;
	tap__err(try_alloc(5), 0, "%s: no entry, allowed by default", name);
	allow_pasids(ANY, 0, &ours);
	tap__err(try_alloc(6), -EPERM, "%s: with an entry, outside its ranges", name);
	policy__unload(&pol);
	close(m.fd);
}

/* With SVA the device can write any page that the process can write. */
static void readonly_shared(void)
{
	static const char name[] = "readonly";
	struct iommu_ext_sva_alloc sva = { .size = sizeof(sva) };
	struct iommu_ext_pasid_alloc pasid;
	char reason[64];
	uint32_t hwpt;

	if (!open_pasid(name, &hwpt))
		return;
	tap__err(pasid_alloc(0, &pasid), 0, "%s: alloc a PASID", name);
	tap__err(iommu__ioctl(m.fd, IOMMU_EXT_SVA_ALLOC, &sva), 0, "%s: alloc an SVA object", name);
	if (!policy__start(&pol, name, ""))
		return;
	tap__err(pasid_attach(pasid.out_pasid_id, sva.out_sva_id), -EPERM, "%s: attach", name);
	snprintf(reason, sizeof(reason), "device could write to process %d", getpid());
	policy__refused(name, IOMMUFD_HOOK_PASID_ATTACH, -EPERM, reason);
	tap__err(pasid_attach(pasid.out_pasid_id, hwpt), 0,
		 "%s: attach to an IOAS without writable memory", name);
	policy__unload(&pol);
	close(m.fd);
}

static int allow_noiommu(const char *val)
{
	static const char path[] = "/sys/module/iommufd/parameters/enable_unsafe_noiommu";
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, val, strlen(val)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* A device without an IOMMU reaches all memory. */
static void readonly_noiommu(void)
{
	static const char name[] = "readonly";
	struct mock dev;

	tap__err(allow_noiommu("1"), 0, "%s: allow devices without an IOMMU", name);
	if (!tap__err(mock__open(&m, 0), 0, "%s: open a file", name) ||
	    !policy__start(&pol, name, ""))
		return;
	tap__err(mock__device(&dev, m.fd, m.ioas, MOCK_FLAGS_DEVICE_NO_IOMMU), -EPERM,
		 "%s: bind a device without an IOMMU", name);
	policy__refused(name, IOMMUFD_HOOK_DEVICE_BIND, -EPERM, "no IOMMU: could write anywhere");
	policy__unload(&pol);
	tap__err(mock__device(&dev, m.fd, m.ioas, MOCK_FLAGS_DEVICE_NO_IOMMU), 0,
		 "%s: bind it without the policy", name);
	close(m.fd);
	allow_noiommu("0");
}

int main(void)
{
	tap__start();
	device_mock();
	device_edu();
	pasid_guard();
	readonly_shared();
	readonly_noiommu();
	tap__is(policy__count(), 0, "no policy is loaded at the end");
	return tap__done();
}
