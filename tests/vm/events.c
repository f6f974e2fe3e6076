// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of events in include/iommufd_events.h against the kernel's tracepoints: their format
 * files in tracefs, their text, and the arguments that a raw tracepoint program gets.
 *
 * The format file has the names, sizes and signs of an event's fields, but in the order of the
 * record, which is not that of the arguments. BPF shows the order of the arguments: a program on
 * each event keeps the raw arguments of the last hit in a map, one value for each argument of the
 * table, and after a workload the test compares them with the last line of that event in the trace,
 * field by field. A program that reads one argument more than the table has must not attach.
 *
 * The workload is in events/workload.c. It knows the values that some fields must have, and the
 * test compares those with the trace, too.
 *
 * The programs are built here, instruction by instruction, so that the test needs none of our
 * tools. Each is: copy the arguments to the stack, bpf_map_update_elem(map, event, arguments).
 *
 * vm: --mock
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/edu.h"
#include "../lib/tap.h"
#include "../lib/vfio.h"
#include "events/workload.h"
#include "iommufd_events.h"

#define TRACING "/sys/kernel/tracing"
#define EVENTS TRACING "/events/iommufd"
#define MAX_EVENTS 64
#define MAX_FIELDS 12 /* the most that the kernel hands to BPF */

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

static const struct field table[] = { IOMMUFD_EVENTS(OPEN_EVENT, ADD_FIELD)
					      IOMMUFD_COST_EVENTS(OPEN_EVENT, ADD_FIELD) };

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

/* ---- the trace of a workload ---- */

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

/* Compare the values that follow from the calls with the last line of each event. */
static void test_values(char (*lines)[512])
{
	unsigned int nr;
	const struct workload_value *values = workload__values(&nr);

	for (unsigned int i = 0; i < nr_events; i++) {
		unsigned int bad = 0, n = 0;
		uint64_t val;

		for (unsigned int j = 0; j < nr; j++) {
			const struct field *field;
			uint64_t want = values[j].val;

			if (strcmp(values[j].event, events[i].name))
				continue;
			n++;
			field = find_field(&events[i], values[j].field);
			if (field && types[field->type].size == 4)
				want = (uint32_t)want;
			if (!field || !text_value(lines[i], field, &val) || val != want) {
				tap__diag("%s is not 0x%" PRIx64 ":%s", values[j].field, want,
					  lines[i]);
				bad++;
			}
		}
		if (n)
			tap__is(bad, 0, "%s: %u fields have the values of the call", events[i].name,
				n);
		if (!strcmp(events[i].name, "fault_response") && n)
			tap__ok(text_value(lines[i], find_field(&events[i], "ns"), &val) &&
					val > 0 && val < 60000000000ull,
				"%s: it took some time", events[i].name);
	}
}

static void test_order(int map, const char *bdf)
{
	static char lines[MAX_EVENTS][512];
	unsigned int nr;

	write_file(TRACING "/trace", "");
	tap__err(write_file(EVENTS "/enable", "1"), 0, "enable all events");
	tap__err(workload__run(bdf), 0, "a workload");
	tap__err(write_file(EVENTS "/enable", "0"), 0, "disable them");
	read_trace(lines);
	workload__values(&nr);
	for (uint32_t i = 0; i < nr_events; i++) {
		static const char order[] = "raw arguments are in the order of the table";
		uint64_t args[MAX_FIELDS] = { 0 };
		union bpf_attr attr = {
			.map_fd = map,
			.key = (uintptr_t)&i,
			.value = (uintptr_t)args,
		};

		if (!lines[i][0] && (!bdf || !nr))
			tap__skip("no edu device that vfio-pci takes, or no mock", "%s: %s",
				  events[i].name, order);
		else if (!lines[i][0] && !strncmp(events[i].name, "policy_", 7))
			tap__skip("no policy is loaded here", "%s: %s", events[i].name, order);
		else
			tap__ok(!bpf(BPF_MAP_LOOKUP_ELEM, &attr) && lines[i][0] &&
					compare(&events[i], lines[i], args),
				"%s: %s", events[i].name, order);
	}
	test_values(lines);
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
