// SPDX-License-Identifier: GPL-2.0-only
/* See hooks.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ext.h"
#include "../mem.h"
#include "../tap.h"
#include "hooks.h"

/* As in tests/bpf/hooks.bpf.c. */
#define HOLD 1
#define HELD 2

#define NAME(ID, name, sleep, text) #name,
const char *const hooks_names[IOMMUFD_HOOKS] = { IOMMUFD_POLICY_HOOKS(NAME) };

/* The first members of struct iommufd_policy_ops are the hooks, here pointers to programs. */
int hooks__open(struct policy *p, unsigned int mask, const char *settings)
{
	struct bpf_program **progs;
	size_t size;
	int ret = policy__open(p, HOOKS_OBJECT, settings);

	if (ret)
		return ret;
	progs = bpf_map__initial_value(p->ops, &size);
	for (int i = 0; i < IOMMUFD_HOOKS; i++) {
		if (mask & 1u << i)
			continue;
		bpf_program__set_autoload(progs[i], false);
		progs[i] = NULL;
	}
	return 0;
}

int hooks__load(struct policy *p, unsigned int mask, const char *settings)
{
	int ret = hooks__open(p, mask, settings);

	return ret ? ret : policy__attach(p);
}

static int set_slot(struct policy *p, __u32 hook, const struct hooks_slot *slot)
{
	return policy__set(p, "slots", &hook, slot);
}

int hooks__say(struct policy *p, enum iommufd_policy_hook hook, int ret)
{
	const struct hooks_slot slot = { .ret = ret };

	return set_slot(p, hook, &slot);
}

int hooks__limit(struct policy *p, enum iommufd_policy_hook hook, __u64 bytes)
{
	const struct hooks_slot slot = { .limit = bytes };

	return set_slot(p, hook, &slot);
}

int hooks__reason(struct policy *p, const char *text, __u32 size)
{
	struct {
		__u32 size;
		char text[64];
	} reason = { .size = size };
	__u32 zero = 0;

	memcpy(reason.text, text, size);
	return policy__set(p, "reasons", &zero, &reason);
}

int hooks__get(struct policy *p, enum iommufd_policy_hook hook, struct hooks_slot *slot)
{
	__u32 key = hook;

	return policy__get(p, "slots", &key, slot);
}

static int set_hold(struct policy *p, __u32 hook, __u32 state)
{
	return policy__set(p, "holds", &hook, &state);
}

bool hooks__is_held(struct policy *p, enum iommufd_policy_hook hook)
{
	__u32 key = hook, state = 0;

	return !policy__get(p, "holds", &key, &state) && state == HELD;
}

/* Let the kernel report a soft lockup only after a program has kept a CPU for 120 s. */
static void raise_watchdog(void)
{
	static bool is_raised;
	FILE *file;

	if (is_raised)
		return;
	is_raised = true;
	/* Not every kernel has it. */
	file = fopen("/proc/sys/kernel/watchdog_thresh", "w");
	if (!file)
		return;
	fputs("60", file);
	fclose(file);
}

int hooks__hold(struct policy *p, enum iommufd_policy_hook hook)
{
	raise_watchdog();
	return set_hold(p, hook, HOLD);
}

bool hooks__wait_held(struct policy *p, enum iommufd_policy_hook hook)
{
	return tap__until(hooks__is_held(p, hook));
}

int hooks__release(struct policy *p, enum iommufd_policy_hook hook)
{
	return set_hold(p, hook, 0);
}

int hooks__asked(struct policy *p, enum iommufd_policy_hook hook)
{
	struct hooks_slot slot;
	int ret = hooks__get(p, hook, &slot);

	return ret ? ret : (int)slot.asked;
}

bool hooks__tables(struct hooks_tables *t, const struct mock *m, void *mem, const char *name)
{
	const uint32_t flags = IOMMUFD_NEW_HWPT_ALLOC_PASID;
	int ret = ioas__alloc(m->fd, &t->ioas);

	if (!ret)
		ret = ioas__map_at(m->fd, t->ioas, mem, 2 * MEM_PAGE, MOCK_BASE);
	if (!ret)
		ret = fault__alloc(m->fd, &t->fault, &t->fault_fd);
	if (!ret)
		ret = mock__hwpt(m, t->ioas, flags | IOMMU_HWPT_FAULT_ID_VALID, t->fault, 0, NULL,
				 0, &t->hwpt);
	if (!ret)
		ret = mock__hwpt(m, t->ioas, flags, 0, 0, NULL, 0, &t->whole);
	if (!ret)
		ret = mock__replace(m, t->whole);
	if (!ret)
		ret = sva__alloc(m->fd, &t->sva);
	return tap__err(ret, 0, "%s: page tables", name);
}

int hooks__map_file(const struct mock *m, uint32_t ioas, int file, uint64_t start, uint64_t length,
		    uint32_t flags, uint64_t *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = *iova,
	};
	int ret = iommu__ioctl(m->fd, IOMMU_IOAS_MAP_FILE, &cmd);

	*iova = cmd.iova;
	return ret;
}

int hooks__dmabuf(int iommufd, size_t length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_DMABUF_GET,
		.dmabuf_get = { .length = length, .open_flags = O_RDWR | O_CLOEXEC },
	};
	int fd = ioctl(iommufd, IOMMU_TEST_CMD, &cmd);

	return fd < 0 ? -errno : fd;
}

struct iommufd_policy_request hooks__request(int fd, enum iommufd_policy_hook hook)
{
	struct iommufd_policy_request req;
	char cgroup[256] = "", line[200];
	uint64_t ctx = 0;
	struct stat st;
	FILE *f;

	memset(&req, 0, sizeof(req));
	iommu__fdinfo(fd, "iommufd-context", &ctx);
	req.hook = hook;
	req.ctx = ctx;
	req.tgid = getpid();
	req.uid = getuid();
	req.device = req.ioas = req.hwpt = req.pasid = req.virt_pasid = req.pt = IOMMUFD_NONE;
	req.sbdf = req.vendor = req.product = req.group = IOMMUFD_NONE;
	f = fopen("/proc/self/cgroup", "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "0::", 3))
			snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup%.*s",
				 (int)strcspn(line + 3, "\n"), line + 3);
	if (f)
		fclose(f);
	if (!stat(cgroup, &st))
		req.cgroup = st.st_ino;
	prctl(PR_GET_NAME, req.comm);
	return req;
}

#define FIELD(name) \
	{ #name, offsetof(struct iommufd_policy_request, name), \
	  sizeof(((struct iommufd_policy_request *)0)->name) }

static const struct {
	const char *name;
	size_t offset, size;
} fields[] = {
	FIELD(hook),	      FIELD(flags),	    FIELD(ctx),
	FIELD(tgid),	      FIELD(uid),	    FIELD(device),
	FIELD(cgroup),	      FIELD(ioas),	    FIELD(hwpt),
	FIELD(pasid),	      FIELD(virt_pasid),    FIELD(pt),
	FIELD(sbdf),	      FIELD(vendor),	    FIELD(product),
	FIELD(group),	      FIELD(prot),	    FIELD(kind),
	FIELD(hwpt_flags),    FIELD(data_type),	    FIELD(requests),
	FIELD(iova),	      FIELD(length),	    FIELD(start),
	FIELD(need),	      FIELD(ctx_pinned),    FIELD(process_pinned),
	FIELD(uid_pinned),    FIELD(cgroup_pinned), FIELD(ctx_after),
	FIELD(process_after), FIELD(uid_after),	    FIELD(cgroup_after),
	FIELD(device_name),   FIELD(comm),
};

static void show(const void *req, const char *what, int i)
{
	const void *at = (const char *)req + fields[i].offset;
	uint64_t val = 0;

	if (fields[i].size > sizeof(val)) {
		tap__diag("%s.%s = '%.*s'", what, fields[i].name, (int)fields[i].size,
			  (const char *)at);
		return;
	}
	memcpy(&val, at, fields[i].size);
	tap__diag("%s.%s = %#" PRIx64, what, fields[i].name, val);
}

bool hooks__is(struct policy *p, const struct iommufd_policy_request *want, const char *name)
{
	struct hooks_slot slot;
	int ret = hooks__get(p, want->hook, &slot);
	bool ok = !ret && slot.asked == 1 && !memcmp(&slot.last, want, sizeof(*want));

	tap__ok(ok, "%s: one request, which matches the call", name);
	if (ok)
		return true;
	tap__diag("err %d, %u requests", ret, slot.asked);
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (!memcmp((char *)&slot.last + fields[i].offset,
			    (const char *)want + fields[i].offset, fields[i].size))
			continue;
		show(want, "want", i);
		show(&slot.last, "got", i);
	}
	return false;
}

static bool count_is(const char *policy, enum iommufd_policy_hook hook,
		     const struct iommufd_policy_count *want, bool concurrent, const char *name)
{
	struct iommufd_policy_info info = {};
	int ret = policy__info(policy, &info);
	const struct iommufd_policy_count *c = &info.counts[hook];
	bool ok = !ret && c->denied == want->denied && c->would_deny == want->would_deny &&
		  c->invalid == want->invalid;

	if (concurrent)
		ok = ok && c->allowed >= want->allowed;
	else
		ok = ok && c->allowed == want->allowed;
	tap__ok(ok, "%s: counts of %s", name, hooks_names[hook]);
	if (!ok)
		tap__diag("err %d: %llu allowed, %llu denied, %llu would_deny, %llu invalid", ret,
			  c->allowed, c->denied, c->would_deny, c->invalid);
	return ok;
}

bool hooks__counts(const char *policy, enum iommufd_policy_hook hook, __u64 allowed, __u64 denied,
		   __u64 would_deny, __u64 invalid, const char *name)
{
	const struct iommufd_policy_count want = { allowed, denied, would_deny, invalid };

	return count_is(policy, hook, &want, false, name);
}

bool hooks__counts_concurrent(const char *policy, enum iommufd_policy_hook hook, __u64 allowed,
			      __u64 denied, const char *name)
{
	const struct iommufd_policy_count want = { .allowed = allowed, .denied = denied };

	return count_is(policy, hook, &want, true, name);
}
