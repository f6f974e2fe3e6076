// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of events in include/iommufd_events.h against what the kernel has: the tracepoints'
 * format files in tracefs, their text, and the arguments that a raw tracepoint program gets.
 *
 * The format file has the names, sizes and signs of an event's fields, but in the order of the
 * record, which is not that of the arguments. That one is looked at with BPF: on each event a
 * program is attached that keeps the raw arguments of the last hit in a map, one value for each
 * argument of the table, and after a workload they are compared with the last line of that event
 * in the trace, field by field. That there are no more arguments than in the table is seen from a
 * program that reads one more: the kernel refuses to attach it.
 *
 * The workload has devices of the mock, which hit what a real device here cannot, and notes down
 * what it did: what the events say of that is compared, too.
 *
 * The programs are put together here, instruction by instruction, so that nothing of our tools is
 * needed. Each is: copy the arguments to the stack, bpf_map_update_elem(map, event, arguments).
 *
 * vm: --mock
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/ext.h"
#include "../lib/iommu.h"
#include "../lib/mem.h"
#include "../lib/mock.h"
#include "../lib/tap.h"
#include "../lib/vfio.h"
#include "iommufd_events.h"

#define TRACING "/sys/kernel/tracing"
#define EVENTS TRACING "/events/iommufd"
#define MAX_EVENTS 64
#define MAX_FIELDS 12 /* the most that the kernel hands to BPF */
#define BASE 0x10000000ull

enum type { u32, u64, s32 };

static const struct {
	const char *name;
	unsigned int size;
	bool is_signed;
} types[] = {
	[u32] = { "u32", 4, false },
	[u64] = { "u64", 8, false },
	[s32] = { "int", 4, true },
};

struct field {
	const char *name; /* NULL: opens an event, whose name is in event */
	const char *event;
	enum type type;
};

#define OPEN_EVENT(name, short, summary) { NULL, #name, u32 },
#define ADD_FIELD(name, type, unit, summary) { #name, NULL, type },

static const struct field table[] = { IOMMUFD_EVENTS(OPEN_EVENT, ADD_FIELD) };

struct event {
	const char *name;
	const struct field *fields;
	unsigned int nr;
	int link;  /* of the BPF program, or -errno */
};

static struct event events[MAX_EVENTS];
static unsigned int nr_events;

static void read_table(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].event && nr_events < MAX_EVENTS)
			events[nr_events++] =
				(struct event){ table[i].event, &table[i + 1], 0, -1 };
		else
			events[nr_events - 1].nr++;
	}
}

static const struct field *find_field(const struct event *event, const char *name)
{
	for (unsigned int i = 0; i < event->nr; i++)
		if (!strcmp(event->fields[i].name, name))
			return &event->fields[i];
	return NULL;
}

/* ---- format files ---- */

/* A line "field:TYPE NAME; offset:N; size:N; signed:N;" of a format file, but for common fields. */
static bool check_field(const struct event *event, const char *line, unsigned int *found)
{
	const struct field *field;
	unsigned int size, is_signed;
	char type[64], name[64];

	if (sscanf(line, " field:%63s %63[^;]; offset:%*u; size:%u; signed:%u;", type, name, &size,
		   &is_signed) != 4 ||
	    !strncmp(name, "common_", 7) || !strcmp(type, "unsigned"))
		return true;
	field = find_field(event, name);
	if (!field) {
		tap__diag("%s %s is not in the table", type, name);
		return false;
	}
	++*found;
	if (strcmp(type, types[field->type].name) || size != types[field->type].size ||
	    is_signed != types[field->type].is_signed) {
		tap__diag("%s: %s of %u bytes%s, in the table %s", name, type, size,
			  is_signed ? ", signed" : "", types[field->type].name);
		return false;
	}
	return true;
}

/* The line "print fmt": shows each field under its name. */
static bool check_text(const struct event *event, const char *line)
{
	bool good = true;
	char key[64];

	for (unsigned int i = 0; i < event->nr; i++) {
		snprintf(key, sizeof(key), "%c%s=", i ? ' ' : '"', event->fields[i].name);
		if (!strstr(line, key)) {
			tap__diag("%s is not in the text", event->fields[i].name);
			good = false;
		}
	}
	return good;
}

static void test_format(const struct event *event)
{
	bool fields = true, text = false;
	unsigned int found = 0;
	char line[2048];
	FILE *f;

	snprintf(line, sizeof(line), EVENTS "/iommufd_%s/format", event->name);
	f = fopen(line, "r");
	if (!tap__ok(f, "%s is in tracefs", event->name))
		return;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "print fmt:", 10))
			fields &= check_field(event, line, &found);
		else
			text = check_text(event, line);
	}
	fclose(f);
	tap__ok(fields, "%s: each field is in the table, of the same type", event->name);
	tap__is(found, event->nr, "%s: each field of the table is there", event->name);
	tap__ok(text, "%s: the text shows all of them", event->name);
}

static bool in_table(const char *name)
{
	for (unsigned int i = 0; i < nr_events; i++)
		if (!strcmp(events[i].name, name))
			return true;
	return false;
}

static void test_directory(void)
{
	unsigned int found = 0, more = 0;
	DIR *dir = opendir(EVENTS);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		found++;
		if (strncmp(entry->d_name, "iommufd_", 8) || !in_table(entry->d_name + 8)) {
			tap__diag("%s is not in the table", entry->d_name);
			more++;
		}
	}
	if (dir)
		closedir(dir);
	tap__is(more, 0, "no event of tracefs is missing from the table");
	tap__is(found, nr_events, "there are %u events", nr_events);
}

/* ---- raw arguments ---- */

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8 * MAX_FIELDS,
		.max_entries = MAX_EVENTS,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

#define INSN(op, d, s, o, i) \
	((struct bpf_insn){ .code = op, .dst_reg = d, .src_reg = s, .off = o, .imm = i })

/* Attach a program that keeps nr arguments of an event under a key; returns its link. */
static int attach(const char *name, unsigned int nr, int map, uint32_t key)
{
	struct bpf_insn prog[3 * MAX_FIELDS + 16];
	union bpf_attr attr = { 0 };
	char tracepoint[64];
	unsigned int n = 0;
	int fd, link;

	for (unsigned int i = 0; i < MAX_FIELDS; i++) {
		if (i < nr)
			prog[n++] = INSN(BPF_LDX | BPF_MEM | BPF_DW, 2, 1, 8 * i, 0);
		else
			prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
		prog[n++] =
			INSN(BPF_STX | BPF_MEM | BPF_DW, 10, 2, -8 * MAX_FIELDS + 8 * (int)i, 0);
	}
	prog[n++] = INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -8 * MAX_FIELDS - 8, (int)key);
	prog[n++] = INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map);
	prog[n++] = INSN(0, 0, 0, 0, 0);
	prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	prog[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8 * MAX_FIELDS - 8);
	prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, 3, 10, 0, 0);
	prog[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -8 * MAX_FIELDS);
	prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, BPF_ANY);
	prog[n++] = INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_update_elem);
	prog[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	prog[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uintptr_t)prog;
	attr.insn_cnt = n;
	attr.license = (uintptr_t)"GPL";
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return fd;

	memset(&attr, 0, sizeof(attr));
	snprintf(tracepoint, sizeof(tracepoint), "iommufd_%s", name);
	attr.raw_tracepoint.name = (uintptr_t)tracepoint;
	attr.raw_tracepoint.prog_fd = fd;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	close(fd);
	return link;
}

static void test_attach(int map)
{
	for (unsigned int i = 0; i < nr_events; i++) {
		struct event *event = &events[i];

		event->link = attach(event->name, event->nr, map, i);
		tap__ok(event->link >= 0, "%s: %u raw arguments can be read", event->name,
			event->nr);
		if (event->nr < MAX_FIELDS)
			tap__err(attach(event->name, event->nr + 1, map, i), -EINVAL,
				 "%s: and no more", event->name);
	}
}

/* ---- a workload that hits the events, with values that differ ---- */

static int read_dirty(int fd, uint32_t hwpt)
{
	uint64_t bitmap = 0;
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR,
		.iova = 5 * BASE,
		.length = 4 * MEM_PAGE,
		.page_size = 2 * MEM_PAGE,
		.data = (uintptr_t)&bitmap,
	};

	return iommu__ioctl(fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* What an event has to say, from what was done. */
struct said {
	const char *event, *field;
	uint64_t val;
};

static struct said said[128];
static unsigned int nr_said;

static void expect(const char *event, const char *field, uint64_t val)
{
	if (nr_said < sizeof(said) / sizeof(said[0]))
		said[nr_said++] = (struct said){ event, field, val };
}

/* Three pages pinned, written and returned by something without DMA. */
static int use_access(int fd, uint32_t ioas, char *mem)
{
	struct iommu_test_cmd create = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = ioas,
		.create_access.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
	};
	struct iommu_test_cmd pin = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.access_pages = {
			.flags = MOCK_FLAGS_ACCESS_WRITE, .iova = BASE + 2 * MEM_PAGE,
			.length = 3 * MEM_PAGE, .uptr = (uintptr_t)mem + 2 * MEM_PAGE,
		},
	};
	struct iommu_test_cmd unpin = { .op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES };
	char data[77] = {};
	struct iommu_test_cmd rw = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.access_rw = {
			.iova = BASE + 5, .length = sizeof(data), .uptr = (uintptr_t)data,
			.flags = MOCK_ACCESS_RW_WRITE,
		},
	};
	int ret = mock__test(fd, &create);

	if (ret)
		return ret;
	pin.id = create.create_access.out_access_fd;
	unpin.id = pin.id;
	rw.id = pin.id;
	ret = mock__test(fd, &pin);
	unpin.destroy_access_pages.access_pages_id = pin.access_pages.out_access_pages_id;
	if (!ret)
		ret = mock__test(fd, &rw);
	if (!ret)
		ret = mock__test(fd, &unpin);
	close(pin.id);
	expect("access_pin", "ioas", ioas);
	expect("access_pin", "iova", BASE + 2 * MEM_PAGE);
	expect("access_pin", "length", 3 * MEM_PAGE);
	expect("access_unpin", "iova", BASE + 2 * MEM_PAGE);
	expect("access_unpin", "length", 3 * MEM_PAGE);
	expect("access_rw", "iova", BASE + 5);
	expect("access_rw", "length", sizeof(data));
	expect("access_rw", "ret", 0);
	return ret;
}

static int hwpt_alloc(int fd, uint32_t dev, uint32_t pt, uint32_t flags, uint32_t fault,
		      uint32_t iotlb, uint32_t *id)
{
	struct iommu_hwpt_selftest data = { .iotlb = iotlb };
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pt_id = pt,
		.data_type = iotlb ? IOMMU_HWPT_DATA_SELFTEST : 0,
		.data_len = iotlb ? sizeof(data) : 0,
		.data_uptr = (uintptr_t)&data,
		.fault_id = fault,
	};
	int ret = iommu__ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	*id = cmd.out_hwpt_id;
	return ret;
}

/* Three requests, of which the second is none. */
static int invalidate(int fd, uint32_t dev, uint32_t ioas)
{
	struct iommu_hwpt_invalidate_selftest inv[3] = { [1] = { .flags = 1u << 31 } };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.data_uptr = (uintptr_t)inv,
		.entry_num = 3,
		.data_type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
		.entry_len = sizeof(*inv),
	};
	uint32_t parent;
	int ret = hwpt_alloc(fd, dev, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, &parent);

	if (!ret)
		ret = hwpt_alloc(fd, dev, parent, 0, 0, IOMMU_TEST_IOTLB_DEFAULT, &cmd.hwpt_id);
	if (ret)
		return ret;
	ret = iommu__ioctl(fd, IOMMU_HWPT_INVALIDATE, &cmd);
	expect("hwpt_invalidate", "id", cmd.hwpt_id);
	expect("hwpt_invalidate", "type", IOMMU_HWPT_INVALIDATE_DATA_SELFTEST);
	expect("hwpt_invalidate", "asked", 3);
	expect("hwpt_invalidate", "done", 1);
	expect("hwpt_invalidate", "ret", ret);
	return cmd.entry_num == 1 && ret ? 0 : -EBADMSG;
}

/* A group of three page requests, read and refused. */
static int page_request(int fd, struct mock *dev, uint32_t ioas)
{
	struct iommu_fault_alloc fault = { .size = sizeof(fault) };
	struct iommufd_mock_cmd request = {
		.op = MOCK_OP_PAGE_REQUEST,
		.id = dev->dev,
		.page_request = {
			.grpid = 77, .perm = IOMMU_PGFAULT_PERM_WRITE, .requests = 3,
			.addr = 7 * BASE,
		},
	};
	struct iommu_hwpt_page_response answer = { .code = IOMMUFD_PAGE_RESP_INVALID };
	struct iommu_hwpt_pgfault faults[3];
	struct pollfd poll_fault = { .events = POLLIN };
	uint32_t hwpt;
	int ret = iommu__ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &fault);

	if (ret)
		return ret;
	poll_fault.fd = fault.out_fault_fd;
	ret = hwpt_alloc(fd, dev->dev, ioas, IOMMU_HWPT_FAULT_ID_VALID, fault.out_fault_id, 0,
			 &hwpt);
	if (!ret)
		ret = mock__replace(dev, hwpt);
	if (!ret)
		ret = mock__ext(fd, &request);
	if (!ret && (poll(&poll_fault, 1, TAP_PATIENCE_MS) != 1 ||
		     read(fault.out_fault_fd, faults, sizeof(faults)) != sizeof(faults)))
		ret = -EIO;
	answer.cookie = faults[0].cookie;
	if (!ret && write(fault.out_fault_fd, &answer, sizeof(answer)) != sizeof(answer))
		ret = -EIO;
	if (!ret)
		ret = mock__replace(dev, ioas);
	close(fault.out_fault_fd);

	expect("fault_report", "device", dev->dev);
	expect("fault_report", "hwpt", hwpt);
	expect("fault_report", "fault", fault.out_fault_id);
	expect("fault_report", "pasid", 0);
	expect("fault_report", "grpid", 77);
	expect("fault_report", "addr", faults[2].addr);
	expect("fault_report", "perm", IOMMU_PGFAULT_PERM_WRITE);
	expect("fault_report", "requests", 3);
	expect("fault_report", "sbdf", UINT32_MAX);
	expect("fault_report", "tgid", getpid());
	expect("fault_response", "device", dev->dev);
	expect("fault_response", "fault", fault.out_fault_id);
	expect("fault_response", "grpid", 77);
	expect("fault_response", "cookie", answer.cookie);
	expect("fault_response", "code", IOMMUFD_PAGE_RESP_INVALID);
	expect("fault_response", "addr", faults[2].addr);
	expect("fault_response", "tgid", getpid());
	return ret;
}

/* An unprivileged process pins 30 pages with a limit of 20. */
static int exceed(int fd, uint32_t ioas, char *mem)
{
	struct rlimit old, few = { 20 * MEM_PAGE, RLIM_INFINITY };
	int ret;

	getrlimit(RLIMIT_MEMLOCK, &old);
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &few);
	if (setresuid(54321, 54321, 0))
		return -errno;
	ret = ioas__map_at(fd, ioas, mem, 30 * MEM_PAGE, 5 * BASE);
	if (setresuid(0, 0, 0))
		return -errno;
	setrlimit(RLIMIT_MEMLOCK, &old);
	expect("refused", "reason", 1);
	expect("refused", "sbdf", UINT32_MAX);
	expect("refused", "limit", 20 * MEM_PAGE);
	expect("refused", "need", 30 * MEM_PAGE);
	expect("refused", "present", 0);
	expect("refused", "ret", -ENOMEM);
	return ret == -ENOMEM ? 0 : -EBADMSG;
}

static void expect_pasid(const char *event, uint32_t id, uint32_t dev, uint32_t number)
{
	expect(event, "id", id);
	expect(event, "device", dev);
	expect(event, "pasid", number);
	expect(event, "virt_pasid", 21);
}

static void expect_pasid_tables(const char *event, uint32_t pt, uint32_t hwpt)
{
	expect(event, "pt", pt);
	expect(event, "hwpt", hwpt);
}

/* A device with a PASID object, that a guest knows as 21, goes from an IOAS to a HWPT. */
static int use_pasid(int fd, uint32_t ioas)
{
	uint32_t whole, hwpt, automatic, id, number;
	struct mock dev;
	int ret = mock__device(&dev, fd, ioas, MOCK_FLAGS_DEVICE_PASID);

	if (!ret)
		ret = hwpt_alloc(fd, dev.dev, ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, &whole);
	if (!ret)
		ret = mock__replace(&dev, whole);
	if (!ret)
		ret = hwpt_alloc(fd, dev.dev, ioas, IOMMUFD_NEW_HWPT_ALLOC_PASID, 0, 0, &hwpt);
	if (!ret)
		ret = pasid__alloc(fd, dev.dev, IOMMU_EXT_PASID_VIRT, 0, 21, &id, &number);
	if (!ret)
		ret = mock__queue(&dev, 0, MOCK_QUEUE_GUEST, 21, NULL, NULL);
	if (!ret)
		ret = pasid__attach(fd, id, ioas, &automatic);
	if (!ret)
		ret = pasid__replace(fd, id, hwpt, NULL);
	if (!ret)
		ret = pasid__detach(fd, id);
	if (!ret)
		ret = iommu__destroy(fd, id);
	if (!ret)
		ret = iommu__destroy(fd, dev.obj);
	if (ret)
		return ret;

	expect_pasid("pasid_alloc", id, dev.dev, number);
	expect("pasid_alloc", "flags", IOMMU_EXT_PASID_VIRT);
	expect("pasid_alloc", "ret", 0);
	expect_pasid("pasid_free", id, dev.dev, number);
	expect_pasid("pasid_attach", id, dev.dev, number);
	expect_pasid_tables("pasid_attach", ioas, automatic);
	expect("pasid_attach", "ret", 0);
	expect_pasid("pasid_replace", id, dev.dev, number);
	expect_pasid_tables("pasid_replace", hwpt, hwpt);
	expect("pasid_replace", "old_hwpt", automatic);
	expect("pasid_replace", "ret", 0);
	expect_pasid("pasid_detach", id, dev.dev, number);
	expect_pasid_tables("pasid_detach", hwpt, hwpt);
	expect("pasid_translate", "device", dev.dev);
	expect("pasid_translate", "virt_pasid", 21);
	expect("pasid_translate", "pt", IOMMU_EXT_NONE);
	expect("pasid_translate", "pasid", number);
	expect("pasid_translate", "ret", 0);
	return 0;
}

/* Two pages of a file of seven, from the third one on. */
static int map_file(int fd, uint32_t ioas)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOAS_R | IOAS_FIXED,
		.ioas_id = ioas,
		.start = 2 * MEM_PAGE,
		.length = 2 * MEM_PAGE,
		.iova = 6 * BASE,
	};
	int ret;

	cmd.fd = memfd_create("events", MFD_CLOEXEC);
	if (cmd.fd < 0 || ftruncate(cmd.fd, 7 * MEM_PAGE))
		return -errno;
	ret = iommu__ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
	close(cmd.fd);
	expect("ioas_map_file", "ioas", ioas);
	expect("ioas_map_file", "iova", 6 * BASE);
	expect("ioas_map_file", "length", 2 * MEM_PAGE);
	expect("ioas_map_file", "user_va", 2 * MEM_PAGE);
	expect("ioas_map_file", "pages", 2);
	expect("ioas_map_file", "ret", 0);
	return ret;
}

/* What the mock's devices are for; a machine without the mock goes without. */
static int mock_workload(int fd, char *mem)
{
	struct mock dev;
	uint32_t ioas;
	int ret = ioas__alloc(fd, &ioas);

	if (!ret)
		ret = mock__device(&dev, fd, ioas, 0);
	if (ret == -ENOTTY)
		return 0;
	if (!ret)
		ret = ioas__map_at(fd, ioas, mem, 23 * MEM_PAGE, BASE);
	if (!ret)
		ret = map_file(fd, ioas);
	if (!ret)
		ret = use_access(fd, ioas, mem);
	if (!ret)
		ret = invalidate(fd, dev.dev, ioas);
	if (!ret)
		ret = page_request(fd, &dev, ioas);
	if (!ret)
		ret = use_pasid(fd, ioas);
	if (!ret)
		ret = exceed(fd, ioas, mem);
	return ret ? ret : iommu__destroy(fd, dev.obj);
}

static int workload(const char *bdf)
{
	struct vfio_dev dev = { .fd = -1 };
	char *mem = mem__small(64 * MEM_PAGE);
	uint64_t to = 3 * BASE;
	uint32_t a = 0, b = 0;
	int ret, fd;

	fd = iommu__open();
	ret = fd < 0 ? fd : ioas__alloc(fd, &b);
	if (!ret)
		ret = ioas__alloc(fd, &a);
	if (!ret)
		ret = mock_workload(fd, mem);
	if (!ret && bdf)
		ret = vfio__open(&dev, bdf);
	if (!ret && bdf)
		ret = vfio__bind(&dev, fd);
	if (!ret && bdf)
		ret = vfio__attach_ioas(&dev, b);
	if (!ret && bdf)
		ret = vfio__attach_ioas(&dev, a);
	if (!ret)
		ret = ioas__map_at(fd, a, mem, 23 * MEM_PAGE, BASE);
	if (!ret)
		ret = ioas__copy(fd, b, a, BASE + MEM_PAGE, 7 * MEM_PAGE, IOAS_R | IOAS_FIXED, &to);
	if (!ret)
		ret = ioas__unmap_at(fd, b, to, 7 * MEM_PAGE);
	/* The last map, and of these all that is looked at, fails. */
	if (!ret && ioas__map_at(fd, a, mem, 5 * MEM_PAGE, BASE) != -EEXIST)
		ret = -EBADMSG;
	if (!ret && read_dirty(fd, 12345) != -ENOENT)
		ret = -EBADMSG;
	if (!ret && bdf)
		ret = vfio__detach(&dev);
	vfio__close(&dev);
	if (fd >= 0)
		close(fd);
	mem__free(mem, 64 * MEM_PAGE);
	return ret;
}

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int ret;

	if (!f)
		return -errno;
	ret = fputs(text, f) < 0 ? -EIO : 0;
	return fclose(f) ? -errno : ret;
}

/* The last line of each event in the trace. */
static void read_trace(char (*lines)[512])
{
	static char line[4096];
	FILE *f = fopen(TRACING "/trace", "r");

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, ": iommufd_");

		for (unsigned int i = 0; at && i < nr_events; i++) {
			size_t length = strlen(events[i].name);

			if (!strncmp(at + 10, events[i].name, length) && at[10 + length] == ':')
				snprintf(lines[i], 512, "%s", at + 10 + length + 1);
		}
	}
	if (f)
		fclose(f);
}

/* The value of a field in the text, as wide as the field; ids that are not there are -1. */
static bool text_value(const char *text, const struct field *field, uint64_t *val)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), " %s=", field->name);
	at = strstr(text, key);
	if (!at)
		return false;
	*val = strtoull(at + strlen(key), NULL, 0);
	if (types[field->type].size == 4)
		*val = (uint32_t)*val;
	return true;
}

static bool compare(const struct event *event, const char *text, const uint64_t *args)
{
	unsigned int same = 0;
	uint64_t val = 0;

	for (unsigned int i = 0; i < event->nr; i++) {
		const struct field *field = &event->fields[i];

		if (text_value(text, field, &val) && val == args[i])
			same++;
		else
			tap__diag("%s: raw argument %u is 0x%" PRIx64 ", the text has 0x%" PRIx64,
				  field->name, i, args[i], val);
	}
	return same == event->nr;
}

/* What was noted down against the last line of each event. */
static void test_said(char (*lines)[512])
{
	for (unsigned int i = 0; i < nr_events; i++) {
		unsigned int bad = 0, n = 0;
		uint64_t val;

		for (unsigned int j = 0; j < nr_said; j++) {
			const struct field *field;
			uint64_t want = said[j].val;

			if (strcmp(said[j].event, events[i].name))
				continue;
			n++;
			field = find_field(&events[i], said[j].field);
			if (field && types[field->type].size == 4)
				want = (uint32_t)want;
			if (!field || !text_value(lines[i], field, &val) || val != want) {
				tap__diag("%s is not 0x%" PRIx64 ":%s", said[j].field, want,
					  lines[i]);
				bad++;
			}
		}
		if (n)
			tap__is(bad, 0, "%s: %u fields say what was done", events[i].name, n);
		if (!strcmp(events[i].name, "fault_response") && n)
			tap__ok(text_value(lines[i], find_field(&events[i], "ns"), &val) &&
					val > 0 && val < 60000000000ull,
				"%s: it took some time", events[i].name);
	}
}

static void test_order(int map, const char *bdf)
{
	static char lines[MAX_EVENTS][512];

	write_file(TRACING "/trace", "");
	tap__err(write_file(EVENTS "/enable", "1"), 0, "enable all events");
	tap__err(workload(bdf), 0, "a workload");
	tap__err(write_file(EVENTS "/enable", "0"), 0, "disable them");
	read_trace(lines);
	for (uint32_t i = 0; i < nr_events; i++) {
		static const char what[] = "raw arguments are in the order of the table";
		uint64_t args[MAX_FIELDS] = { 0 };
		union bpf_attr attr = {
			.map_fd = map,
			.key = (uintptr_t)&i,
			.value = (uintptr_t)args,
		};

		if (!lines[i][0] && (!bdf || !nr_said))
			tap__skip("no edu device that vfio-pci takes, or no mock", "%s: %s",
				  events[i].name, what);
		else if (!lines[i][0] && !strcmp(events[i].name, "policy_verdict"))
			tap__skip("no policy is loaded here", "%s: %s", events[i].name, what);
		else
			tap__ok(!bpf(BPF_MAP_LOOKUP_ELEM, &attr) && lines[i][0] &&
					compare(&events[i], lines[i], args),
				"%s: %s", events[i].name, what);
	}
	test_said(lines);
}

int main(void)
{
	char bdf[16];
	bool device;
	int map;

	tap__start();
	if (access(EVENTS, F_OK))
		return tap__skip_all("this iommufd has no tracepoints, or tracefs is not mounted");
	read_table();
	for (unsigned int i = 0; i < nr_events; i++)
		test_format(&events[i]);
	test_directory();
	map = make_map();
	if (map < 0) {
		tap__skip(tap__errname(map), "raw arguments: no BPF");
		return tap__done();
	}
	test_attach(map);
	device = !pci__find(EDU_VENDOR, EDU_DEVICE, 0, bdf) && !pci__bind(bdf);
	test_order(map, device ? bdf : NULL);
	return tap__done();
}
