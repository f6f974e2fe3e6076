// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's iterators for BPF programs: contexts, objects, areas and policies, against fdinfo
 * and against the objects that the test made; from a program of type syscall, from a policy, and
 * from a place where nothing may sleep. And all that while others open and close, map and unmap,
 * make and destroy.
 *
 * Finds these faults: something that stays is missed, or given twice, or out of order; a figure
 * is another one than in fdinfo; an area that ends with the last address is never left behind; a
 * reader makes an object busy, so that a destroy fails; a reader uses freed memory; a program that
 * may not sleep may call a kfunc that sleeps.
 *
 * vm: --mock --smp 2
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ext.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/policy/hooks.h"
#include "../lib/policy/look.h"

#define P MEM_PAGE
#define PAGES 64
#define AT(n) (MOCK_BASE + (n) * P)
#define PASID IOMMUFD_NEW_HWPT_ALLOC_PASID
#define STAY 7
#define LOOKS 250

static struct policy pol;
static struct mock m;
static struct look look;
static char *mem;

static uint64_t fdinfo(int fd, const char *key)
{
	uint64_t val = UINT64_MAX;

	iommu__fdinfo(fd, key, &val);
	return val;
}

static uint32_t ctx_of(int fd)
{
	return fdinfo(fd, "iommufd-context");
}

/* ---- contexts ---- */

static const struct iommufd_ctx_info *find_ctx(int fd)
{
	int n = look__ctxs(&look);
	uint32_t ctx = ctx_of(fd);

	for (int i = 0; i < n; i++)
		if (look.ctxs[i].ctx == ctx)
			return &look.ctxs[i];
	return NULL;
}

static void ctx_is(int fd, uint32_t objects, uint64_t pinned, uint32_t process, const char *name)
{
	const struct iommufd_policy_request us = hooks__request(fd, 0);
	const struct iommufd_ctx_info *info = find_ctx(fd);

	if (!tap__ok(info, "%s: is given", name))
		return;
	tap__ok(info->tgid == us.tgid && info->uid == us.uid && info->cgroup == us.cgroup &&
			!strcmp(info->comm, us.comm),
		"%s: we opened it", name);
	tap__ok(info->objects == objects && (int)objects == mock__objects(fd) &&
			info->pinned == pinned && info->process_accounting == process &&
			!info->__pad,
		"%s: %u objects, %llu bytes pinned", name, info->objects,
		(unsigned long long)info->pinned);
}

static void contexts(void)
{
	static const char name[] = "contexts";
	uint64_t on = 1;
	struct mock b;
	int a, c, n;

	tap__is(look__ctxs(&look), 0, "%s: none", name);
	a = iommu__open();
	tap__err(mock__open(&b, 0), 0, "%s: one with a device", name);
	tap__err(ioas__map_at(b.fd, b.ioas, mem, 3 * P, MOCK_BASE), 0, "%s: and memory", name);
	c = iommu__open();
	tap__err(iommu__option(c, IOMMU_OPTION_RLIMIT_MODE, IOMMU_OPTION_OP_SET, 0, &on), 0,
		 "%s: one that is accounted to the process", name);
	n = look__ctxs(&look);
	tap__ok(n == 3 && look.ctxs[0].ctx == ctx_of(a) && look.ctxs[1].ctx == ctx_of(b.fd) &&
			look.ctxs[2].ctx == ctx_of(c),
		"%s: three, in their order", name);
	ctx_is(a, 0, 0, 0, "contexts, an empty one");
	ctx_is(b.fd, 4, 3 * P, 0, "contexts, one in use");
	ctx_is(c, 0, 0, 1, "contexts, another");
	close(b.fd);
	n = look__ctxs(&look);
	tap__ok(n == 2 && look.ctxs[0].ctx == ctx_of(a) && look.ctxs[1].ctx == ctx_of(c),
		"%s: one is closed, two are left", name);
	b.fd = iommu__open();
	tap__is(look__ctxs(&look), 3, "%s: one more", name);
	tap__is(look.ctxs[2].ctx, ctx_of(b.fd), "%s: with a new number, at the end", name);
	close(a);
	close(b.fd);
	close(c);
	tap__is(look__ctxs(&look), 0, "%s: all are closed", name);
}

/* ---- objects ---- */

/* clang-format off */
static const char *const types[] = {
	[IOMMUFD_INFO_IOAS] = "ioas", [IOMMUFD_INFO_HWPT] = "hwpt",
	[IOMMUFD_INFO_DEVICE] = "device", [IOMMUFD_INFO_ACCESS] = "access",
	[IOMMUFD_INFO_NESTED] = "nested", [IOMMUFD_INFO_FAULT] = "fault",
	[IOMMUFD_INFO_VIOMMU] = "viommu", [IOMMUFD_INFO_VDEVICE] = "vdevice",
	[IOMMUFD_INFO_VEVENTQ] = "veventq", [IOMMUFD_INFO_HW_QUEUE] = "hw_queue",
	[IOMMUFD_INFO_TEST] = "test", [IOMMUFD_INFO_PASID] = "pasid",
	[IOMMUFD_INFO_SVA] = "sva", [IOMMUFD_INFO_HWPT_SVA] = "hwpt_sva",
};

/* clang-format on */

#define TYPES (sizeof(types) / sizeof(*types))

/* Of everything one, and of some more. */
struct zoo {
	uint32_t parent, nested, whole, viommu, vdevice, veventq, queue, fault, sva, pasid, number;
	int fault_fd, veventq_fd, access_fd;
	uint32_t shared, shared_number;
};

static int make_viommu(struct zoo *z)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct iommu_viommu_selftest viommu = { .in_data = 1 };
	int ret;

	ret = mock__hwpt(&m, m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &z->parent);
	if (!ret)
		ret = mock__viommu(&m, z->parent, &viommu, &z->viommu);
	if (!ret)
		ret = mock__hwpt(&m, z->viommu, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
				 &z->nested);
	if (!ret)
		ret = mock__vdevice(&m, z->viommu, 3, &z->vdevice);
	if (!ret)
		ret = mock__veventq(&m, z->viommu, 4, &z->veventq, &z->veventq_fd);
	if (!ret)
		ret = mock__hw_queue(&m, z->viommu, 0, AT(0), P, &z->queue);
	return ret;
}

static int make_zoo(struct zoo *z)
{
	struct iommu_test_cmd access = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = m.ioas,
	};
	int ret = ioas__map_at(m.fd, m.ioas, mem, 5 * P, AT(0));

	if (!ret)
		ret = make_viommu(z);
	if (!ret)
		ret = mock__hwpt(&m, m.ioas, PASID, 0, 0, NULL, 0, &z->whole);
	if (!ret)
		ret = mock__replace(&m, z->whole);
	if (!ret)
		ret = fault__alloc(m.fd, &z->fault, &z->fault_fd);
	if (!ret)
		ret = sva__alloc(m.fd, &z->sva);
	if (!ret)
		ret = pasid__alloc(m.fd, m.dev, IOMMU_EXT_PASID_VIRT, 0, 6, &z->pasid, &z->number);
	if (!ret)
		ret = pasid__attach(m.fd, z->pasid, z->whole, NULL);
	if (!ret)
		ret = pasid__new(m.fd, m.dev, &z->shared, &z->shared_number);
	if (!ret)
		ret = pasid__attach(m.fd, z->shared, z->sva, NULL);
	if (!ret)
		ret = mock__test(m.fd, &access);
	z->access_fd = access.create_access.out_access_fd;
	return ret;
}

static const struct iommufd_object_info *find_object(uint32_t id)
{
	int n = look__objects(&look, ctx_of(m.fd), IOMMUFD_INFO_ANY);

	for (int i = 0; i < n; i++)
		if (look.objects[i].id == id)
			return &look.objects[i];
	return NULL;
}

/* The value of key= in a line of fdinfo, or @without if there is none. */
static uint64_t number(const char *line, const char *key, uint64_t without)
{
	char text[32];
	const char *at;

	snprintf(text, sizeof(text), " %s=", key);
	at = strstr(line, text);
	return at ? strtoull(at + strlen(text), NULL, 0) : without;
}

static bool as_fdinfo(const struct iommufd_object_info *info)
{
	char line[256] = "", device[IOMMUFD_POLICY_DEVICE_LEN] = "", *at;
	uint32_t none = IOMMUFD_NONE;

	if (info->type >= TYPES || !types[info->type] ||
	    mock__object(m.fd, info->id, line, sizeof(line)))
		return false;
	at = strstr(line, " name=");
	if (at)
		snprintf(device, sizeof(device), "%.*s", (int)strcspn(at + 6, " "), at + 6);
	tap__diag("%s", line);
	return !strncmp(line, types[info->type], strlen(types[info->type])) &&
	       line[strlen(types[info->type])] == ' ' && info->ctx == ctx_of(m.fd) &&
	       info->areas == number(line, "areas", 0) &&
	       info->mapped == number(line, "mapped", 0) &&
	       info->pinned == number(line, "pinned", 0) && info->runs == number(line, "runs", 0) &&
	       info->group == number(line, "group", none) && !strcmp(info->name, device) &&
	       info->sbdf == none && info->vendor == none && info->product == none;
}

static void of_types(int all)
{
	static const char name[] = "objects";
	int sum = 0, seen = 0;

	for (uint32_t type = 1; type < TYPES; type++) {
		int n = look__objects(&look, ctx_of(m.fd), type), wrong = 0;

		for (int i = 0; i < n; i++)
			wrong += look.objects[i].type != type ||
				 (i && look.objects[i].id <= look.objects[i - 1].id);
		tap__ok(n > 0 && !wrong, "%s: of type %s there are %d", name, types[type], n);
		sum += n;
		seen += n > 0;
	}
	tap__is(seen, TYPES - 1, "%s: there are all types", name);
	tap__is(sum, all, "%s: together they are all", name);
	tap__is(look__objects(&look, ctx_of(m.fd), 99), 0, "%s: none of an unknown type", name);
	tap__is(look__objects(&look, ctx_of(m.fd) + 9, 0), 0, "%s: none of no context", name);
}

static void objects(void)
{
	static const char name[] = "objects";
	const struct iommufd_object_info *o;
	struct zoo z = {};
	int n, wrong = 0;

	if (!mock__start(&m, name, MOCK_FLAGS_DEVICE_PASID) ||
	    !tap__err(make_zoo(&z), 0, "%s: all kinds of them", name))
		return;
	n = look__objects(&look, ctx_of(m.fd), IOMMUFD_INFO_ANY);
	tap__is(n, mock__objects(m.fd), "%s: as many as in fdinfo", name);
	for (int i = 0; i < n; i++) {
		wrong += i && look.objects[i].id <= look.objects[i - 1].id;
		if (!as_fdinfo(&look.objects[i]))
			tap__ok(false, "%s: %u is as in fdinfo", name, look.objects[i].id);
	}
	tap__is(wrong, 0, "%s: in the order of their ids", name);
	of_types(n);
	o = find_object(m.dev);
	tap__ok(o && o->attached == 1 && o->pasids == 2 && o->parent == IOMMUFD_NONE,
		"%s: the device is attached, and has two PASIDs", name);
	o = find_object(m.ioas);
	tap__ok(o && o->areas == 1 && o->mapped == 5 * P && o->pinned == 5 * P && o->runs,
		"%s: the IOAS has five pages", name);
	o = find_object(z.whole);
	tap__ok(o && o->parent == m.ioas, "%s: a page table is on its IOAS", name);
	o = find_object(z.nested);
	tap__ok(o && o->parent == z.parent, "%s: a nested one on its parent", name);
	o = find_object(z.pasid);
	tap__ok(o && o->parent == m.dev && o->pasid == z.number && o->virt_pasid == 6 &&
			o->attached == z.whole,
		"%s: a PASID of the device", name);
	o = find_object(z.shared);
	tap__ok(o && o->pasid == z.shared_number && o->virt_pasid == IOMMUFD_NONE &&
			o->attached == z.sva,
		"%s: another, attached to a process", name);
	look__objects(&look, ctx_of(m.fd), IOMMUFD_INFO_HWPT_SVA);
	tap__is(look.objects[0].parent, z.sva, "%s: by a page table of it", name);
	tap__err(pasid__detach(m.fd, z.pasid), 0, "%s: detach", name);
	o = find_object(z.pasid);
	tap__ok(o && o->attached == IOMMUFD_NONE, "%s: it is not attached", name);
	close(z.fault_fd);
	close(z.veventq_fd);
	close(z.access_fd);
	close(m.fd);
}

/* ---- areas ---- */

static bool area_is(int i, uint64_t iova, uint64_t length, uint64_t start, uint32_t prot,
		    uint32_t kind, uint32_t tgid)
{
	const struct iommufd_area_info *a = &look.areas[i];

	tap__diag("%#llx+%#llx start %#llx prot %u kind %u runs %llu tgid %u",
		  (unsigned long long)a->iova, (unsigned long long)a->length,
		  (unsigned long long)a->start, a->prot, a->kind, (unsigned long long)a->runs,
		  a->tgid);
	return a->iova == iova && a->length == length && a->start == start && a->prot == prot &&
	       a->kind == kind && a->tgid == tgid;
}

static void areas(void)
{
	static const char name[] = "areas";
	const uint32_t rw = IOMMUFD_PROT_READ | IOMMUFD_PROT_WRITE;
	const uint64_t top = -(uint64_t)P;
	uint64_t iova = AT(8), mid = AT(20);
	uint32_t ctx, bare, us = getpid();
	int buf;

	if (!mock__start(&m, name, 0))
		return;
	ctx = ctx_of(m.fd);
	buf = hooks__dmabuf(m.fd, 4 * P);
	tap__is(look__areas(&look, ctx, m.ioas, 0), 0, "%s: none at first", name);
	tap__err(ioas__map_at(m.fd, m.ioas, mem, 3 * P, AT(0)), 0, "%s: memory", name);
	tap__err(ioas__map(m.fd, m.ioas, mem + 4 * P, P, IOAS_R | IOAS_FIXED, &iova), 0,
		 "%s: to be read", name);
	tap__err(hooks__map_file(&m, m.ioas, buf, P, 2 * P, IOAS_RW | IOAS_FIXED, &mid), 0,
		 "%s: of a dma-buf", name);
	tap__is(look__areas(&look, ctx, m.ioas, 0), 3, "%s: three", name);
	tap__ok(area_is(0, AT(0), 3 * P, (uintptr_t)mem, rw, IOMMUFD_MEMORY_USER, us) &&
			look.areas[0].runs,
		"%s: the first", name);
	tap__ok(area_is(1, AT(8), P, (uintptr_t)mem + 4 * P, IOMMUFD_PROT_READ, IOMMUFD_MEMORY_USER,
			us),
		"%s: the second", name);
	tap__ok(area_is(2, AT(20), 2 * P, P, rw, IOMMUFD_MEMORY_DMABUF, us) ||
			area_is(2, AT(20), 2 * P, P, rw, IOMMUFD_MEMORY_DMABUF, 0),
		"%s: the third", name);
	tap__is(look__areas(&look, ctx, m.ioas, AT(3) - 1), 3, "%s: from a last byte on", name);
	tap__is(look__areas(&look, ctx, m.ioas, AT(3)), 2, "%s: behind it", name);
	tap__is(look.areas[0].iova, AT(8), "%s: the next one is the second", name);
	tap__is(look__areas(&look, ctx, m.ioas, AT(22)), 0, "%s: behind the last one", name);
	tap__is(look__areas(&look, ctx, m.ioas, UINT64_MAX), 0, "%s: at the end", name);
	tap__is(look__areas(&look, ctx, m.dev, 0), 0, "%s: a device has none", name);
	tap__is(look__areas(&look, ctx, 9999, 0), 0, "%s: nor has nothing", name);
	tap__is(look__areas(&look, ctx + 5, m.ioas, 0), 0, "%s: nor no context", name);

	tap__err(ioas__alloc(m.fd, &bare), 0, "%s: all addresses", name);
	tap__err(ioas__map_at(m.fd, bare, mem, P, 0), 0, "%s: the first ones", name);
	tap__err(ioas__map_at(m.fd, bare, mem, P, top), 0, "%s: the last ones", name);
	tap__is(look__areas(&look, ctx, bare, 0), 2, "%s: two", name);
	tap__ok(look.areas[0].iova == 0 && look.areas[1].iova == top && !look.areas[1].runs,
		"%s: at both ends", name);
	tap__is(look__areas(&look, ctx, bare, UINT64_MAX), 1, "%s: from the last address on", name);
	close(buf);
	close(m.fd);
}

/* ---- from other programs ---- */

static void from_policy(void)
{
	static const char name[] = "policy";
	struct hooks_seen seen = {};
	struct policy second = {};
	__u32 zero = 0;

	if (!mock__start(&m, name, 0) ||
	    !tap__err(hooks__load(&pol, HOOK(IOAS_MAP) | HOOK(IOAS_UNMAP), "iterate=1"), 0,
		      "%s: one that looks around", name) ||
	    !tap__err(hooks__load(&second, HOOK(IOAS_MAP), "@name=second @priority=1"), 0,
		      "%s: another", name))
		return;
	tap__err(ioas__map_at(m.fd, m.ioas, mem, 3 * P, AT(0)), 0, "%s: map", name);
	tap__err(ioas__map_at(m.fd, m.ioas, mem + 8 * P, 2 * P, AT(8)), 0, "%s: again", name);
	policy__get(&pol, "seen", &zero, &seen);
	tap__ok(seen.ctxs == 1 && seen.objects == 4 && seen.policies == 2,
		"%s: it saw a context, four objects, two policies", name);
	/* Its own map has its place already; none of its pages is pinned. */
	tap__ok(seen.areas == 2 && seen.area_bytes == 5 * P && seen.pinned_ctx == 3 * P &&
			seen.pinned_uid == 3 * P,
		"%s: and the area before, and the one asked about", name);
	tap__err(ioas__unmap_at(m.fd, m.ioas, AT(0), 3 * P), 0, "%s: unmap", name);
	policy__get(&pol, "seen", &zero, &seen);
	tap__ok(seen.areas == 2 && seen.area_bytes == 5 * P && seen.pinned_ctx == 5 * P,
		"%s: it saw both areas", name);
	policy__unload(&second);
	policy__unload(&pol);
	close(m.fd);
}

static void from_trace(void)
{
	static const char name[] = "trace";
	struct {
		__u64 ctxs, objects, pinned_ctx, pinned_uid;
	} traced = {};
	struct bpf_object *obj = bpf_object__open_file("build/tests/look-trace.bpf.o", NULL);
	struct bpf_map *map = NULL;
	struct bpf_link *link;
	__u32 zero = 0;

	if (!mock__start(&m, name, 0) ||
	    !tap__err(obj ? bpf_object__load(obj) : -errno, 0, "%s: one without sleep", name))
		return;
	ioas__map_at(m.fd, m.ioas, mem, 3 * P, AT(0));
	link = bpf_program__attach(bpf_object__find_program_by_name(obj, "trace_ctxs"));
	tap__ok(link, "%s: attached", name);
	close(iommu__open());
	do {
		map = bpf_object__next_map(obj, map);
	} while (map && !strstr(bpf_map__name(map), ".bss"));
	if (map)
		bpf_map__lookup_elem(map, &zero, sizeof(zero), &traced, sizeof(traced), 0);
	tap__ok(traced.ctxs == 2 && traced.objects == 4 && traced.pinned_ctx == 3 * P &&
			traced.pinned_uid == 3 * P,
		"%s: it saw %llu contexts, %llu objects, %llu and %llu bytes", name, traced.ctxs,
		traced.objects, traced.pinned_ctx, traced.pinned_uid);
	bpf_link__destroy(link);
	bpf_object__close(obj);

	obj = bpf_object__open_file("build/tests/look-trace.bpf.o", NULL);
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "trace_objects"), true);
	tap__err(bpf_object__load(obj), -EACCES, "%s: it may not ask for objects", name);
	bpf_object__close(obj);
	close(m.fd);
}

/* ---- storms ---- */

static atomic_bool stop;
static _Atomic uint32_t fleeting; /* an IOAS that comes and goes */

struct storm {
	pthread_t thread;
	unsigned int nr, rounds, failed;
	int err;
};

static void note(struct storm *s, int ret)
{
	if (!ret)
		return;
	s->failed++;
	s->err = ret;
}

/* Files with a device and memory. */
static void *files_come(void *arg)
{
	struct storm *s = arg;
	struct mock own;

	while (!stop) {
		int ret = mock__open(&own, 0);

		if (!ret) {
			ret = ioas__map_at(own.fd, own.ioas, mem + 32 * P, 2 * P, AT(0));
			close(own.fd);
		}
		note(s, ret);
		s->rounds++;
	}
	return NULL;
}

/* Make address spaces and devices of the file, and destroy each at once. */
static void *objects_come(void *arg)
{
	struct storm *s = arg;
	struct mock dev;
	uint32_t ioas;

	while (!stop) {
		int ret = ioas__alloc(m.fd, &ioas);

		fleeting = ioas;
		if (!ret && s->rounds % 3)
			ret = ioas__map_at(m.fd, ioas, mem + 40 * P, P, AT(0));
		if (!ret && s->rounds % 5 == 0) {
			ret = mock__add(&dev, &m, ioas, 0);
			if (!ret)
				ret = iommu__destroy(m.fd, dev.obj);
		}
		if (!ret)
			ret = iommu__destroy(m.fd, ioas);
		note(s, ret);
		s->rounds++;
	}
	return NULL;
}

/* The areas at AT(0) to AT(STAY) stay, others come and go between them. */
static void *areas_come(void *arg)
{
	struct storm *s = arg;

	while (!stop) {
		note(s,
		     ioas__map_at(m.fd, m.ioas, mem + 50 * P, P, AT(2 * (s->rounds % STAY) + 1)));
		note(s, ioas__unmap_at(m.fd, m.ioas, AT(2 * (s->rounds % STAY) + 1), P));
		s->rounds++;
	}
	return NULL;
}

/* Whether each object that stays is returned once and in order. */
static bool objects_complete(const uint32_t *stay)
{
	int n = look__objects(&look, ctx_of(m.fd), IOMMUFD_INFO_IOAS), found = 0;

	for (int i = 0; i < n && i < LOOK_MAX; i++) {
		if (i && look.objects[i].id <= look.objects[i - 1].id)
			return false;
		for (int j = 0; j < STAY; j++)
			found += look.objects[i].id == stay[j];
	}
	return found == STAY;
}

static bool areas_complete(void)
{
	int n = look__areas(&look, ctx_of(m.fd), m.ioas, 0), found = 0;

	for (int i = 0; i < n && i < LOOK_MAX; i++) {
		if (i && look.areas[i].iova <= look.areas[i - 1].iova)
			return false;
		found += (look.areas[i].iova - MOCK_BASE) / P % 2 == 0;
	}
	return found == STAY;
}

/* The same of many at once, three at a time. */
static bool many_complete(void)
{
	struct look_many many = {
		.walk = { .ctx = ctx_of(m.fd), .ioas = m.ioas, .size = sizeof(*look.many) },
		.room = 3 * sizeof(*look.many),
	};
	uint64_t next = 0;
	int found = 0;

	while (!many.walk.done) {
		int n = look__many(&look, &many);

		if (n < 0)
			return false;
		for (int i = 0; i < n; i++) {
			if (look.many[i].iova < next)
				return false;
			next = look.many[i].iova + look.many[i].length;
			found += (look.many[i].iova - MOCK_BASE) / P % 2 == 0;
		}
	}
	return found == STAY;
}

static bool ctx_complete(void)
{
	uint32_t ctx = ctx_of(m.fd);
	int n = look__ctxs(&look), found = 0;

	for (int i = 0; i < n && i < LOOK_MAX; i++) {
		if (i && look.ctxs[i].ctx <= look.ctxs[i - 1].ctx)
			return false;
		found += look.ctxs[i].ctx == ctx;
		/* Into files that may be on their way out. */
		if (i == n - 1)
			look__objects(&look, look.ctxs[i].ctx, IOMMUFD_INFO_ANY);
	}
	return found == 1;
}

static void storms(void)
{
	static void *(*const work[])(void *) = { files_come, objects_come, areas_come };
	static const char *const what[] = { "files", "objects", "areas" };
	static const char name[] = "storm";
	struct look_many gone = { .room = LOOK_MANY };
	struct storm storm[3] = {};
	unsigned int wrong[4] = {};
	uint32_t stay[STAY];
	int ret = 0;

	if (!mock__start(&m, name, 0))
		return;
	gone.walk.ctx = ctx_of(m.fd);
	gone.walk.size = sizeof(*look.many);
	stay[0] = m.ioas;
	for (int i = 1; i < STAY && !ret; i++)
		ret = ioas__alloc(m.fd, &stay[i]);
	for (int i = 0; i < STAY && !ret; i++)
		ret = ioas__map_at(m.fd, m.ioas, mem + i * P, P, AT(2 * i));
	tap__err(ret, 0, "%s: objects that stay", name);
	/* A policy that looks around in each map and unmap. */
	tap__err(hooks__load(&pol, HOOK(IOAS_MAP) | HOOK(IOAS_UNMAP), "iterate=1"), 0,
		 "%s: a policy", name);
	for (int i = 0; i < 3; i++)
		pthread_create(&storm[i].thread, NULL, work[i], &storm[i]);
	for (int i = 0; i < LOOKS; i++) {
		wrong[0] += !objects_complete(stay);
		wrong[1] += !areas_complete();
		wrong[2] += !ctx_complete();
		wrong[3] += !many_complete();
		gone.walk.ioas = fleeting;
		look__many(&look, &gone);
		look__areas(&look, ctx_of(m.fd), fleeting, 0);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(storm[i].thread, NULL);
	for (int i = 0; i < 3; i++)
		tap__ok(!storm[i].failed && storm[i].rounds, "%s: %s: %u rounds, %u failed (%s)",
			name, what[i], storm[i].rounds, storm[i].failed,
			tap__errname(storm[i].err));
	tap__is(wrong[0], 0, "%s: address spaces that stay are given, once, in order", name);
	tap__is(wrong[1], 0, "%s: so are areas", name);
	tap__is(wrong[2], 0, "%s: so are contexts", name);
	tap__is(wrong[3], 0, "%s: and areas, many at once", name);
	policy__unload(&pol);
	close(m.fd);
}

int main(void)
{
	tap__start();
	mem = mem__small(PAGES * P);
	if (!mem || look__open(&look))
		return tap__bail("no memory, or no BPF");
	contexts();
	objects();
	areas();
	from_policy();
	from_trace();
	storms();
	tap__is(look__ctxs(&look), 0, "no context is left");
	tap__is(mem__pinned(0), 0, "nothing is pinned at the end");
	return tap__done();
}
