// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filters: the values that options accept and refuse, and the records that match. BPF programs use
 * the same function; tests/vm/iosnoop-filters tests them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "filter.h"
#include "msg.h"
#include "parse.h"

struct any_record {
	struct event_record head;
	__u64 args[EVENT_MAX_ARGS];
};

/* A map of 8 KiB by process 77 in IOAS 5 of context 3, which took 1500 ns. */
static struct any_record a_map(void)
{
	struct any_record map = {
		.head = { .event = EVENT_ioas_map, .nr_args = 12, .comm = "qemu-web1" },
		.args = { 3, 77, 5, 0x1000, 8192, 0x7f0000000000, 7, 2, 1, 1000, 500, 0 },
	};

	return map;
}

static bool matches(__u32 which, const char *arg, const struct event_record *record)
{
	struct iommufd_filter filter = {};

	if (filter__set(&filter, which, "--option", arg))
		tap__diag("'%s' was refused", arg);
	return filter__matches(&filter, record);
}

static void test_match(void)
{
	struct any_record map = a_map();
	struct any_record attach = {
		.head = { .event = EVENT_device_attach, .nr_args = 9 },
		.args = { 3, 77, 5, 0x00010420, 9, 2, 3, 99, (__u32)-EBUSY },
	};
	struct any_record unbind = {
		.head = { .event = EVENT_device_unbind, .nr_args = 5 },
		.args = { 3, 77, 5, EVENT_NONE, 1 },
	};
	struct any_record pin = {
		.head = { .event = EVENT_pin, .nr_args = 7 },
		.args = { 3, 77, 0x1000, 3, 1, 50, 0 },
	};
	struct any_record response = {
		.head = { .event = EVENT_fault_response, .nr_args = 11 },
		.args = { 3, 77, 5, 6, 0, 1, 2, 1, 700, EVENT_NONE, 0x1000 },
	};

	tap__ok(matches(EVENT_FILTER_TGID, "77", &map.head) &&
			!matches(EVENT_FILTER_TGID, "78", &map.head),
		"a process");
	tap__ok(matches(EVENT_FILTER_CTX, "3", &map.head) &&
			!matches(EVENT_FILTER_CTX, "0", &map.head),
		"a context");
	tap__ok(matches(EVENT_FILTER_IOAS, "5", &map.head) &&
			!matches(EVENT_FILTER_IOAS, "6", &map.head) &&
			!matches(EVENT_FILTER_IOAS, "5", &unbind.head),
		"an IOAS");
	tap__ok(matches(EVENT_FILTER_DEVICE, "0001:04:04.0", &attach.head) &&
			!matches(EVENT_FILTER_DEVICE, "04:04.0", &attach.head) &&
			!matches(EVENT_FILTER_DEVICE, "04:04.0", &map.head) &&
			!matches(EVENT_FILTER_DEVICE, "ffff:ff:1f.7", &map.head),
		"a device");
	tap__ok(matches(EVENT_FILTER_PASID, "9", &attach.head) &&
			!matches(EVENT_FILTER_PASID, "0", &attach.head) &&
			!matches(EVENT_FILTER_PASID, "0", &map.head),
		"a PASID");
	tap__ok(matches(EVENT_FILTER_LATENCY, "1500ns", &map.head) &&
			!matches(EVENT_FILTER_LATENCY, "1501ns", &map.head) &&
			!matches(EVENT_FILTER_LATENCY, "1ns", &unbind.head),
		"a latency; for a map the sum of both times");
	tap__ok(matches(EVENT_FILTER_LENGTH, "8K", &map.head) &&
			!matches(EVENT_FILTER_LENGTH, "8193", &map.head) &&
			matches(EVENT_FILTER_LENGTH, "12K", &pin.head) &&
			!matches(EVENT_FILTER_LENGTH, "1", &attach.head),
		"a length; for a pin the size of its pages");
	tap__ok(!matches(EVENT_FILTER_FAILED, NULL, &map.head) &&
			matches(EVENT_FILTER_FAILED, NULL, &attach.head) &&
			matches(EVENT_FILTER_FAILED, NULL, &response.head),
		"failures");
	tap__ok(matches(EVENT_FILTER_COMM, "qemu-web1", &map.head) &&
			!matches(EVENT_FILTER_COMM, "qemu-web", &map.head) &&
			matches(EVENT_FILTER_COMM, "qemu-web*", &map.head) &&
			!matches(EVENT_FILTER_COMM, "qemu-x*", &map.head) &&
			!matches(EVENT_FILTER_COMM, "qemu-web1", &attach.head),
		"a name or its prefix");
	memcpy(map.head.comm, "exactly-15-byte", 16);
	tap__ok(matches(EVENT_FILTER_COMM, "exactly-15-bytes-are-kept", &map.head),
		"a longer name is truncated like in the kernel");
}

/* Whether a map of 8 KiB at 0x1000, or a fault of the page at 0x1000, passes. */
static void touches(const char *range, bool map_passes, bool fault_passes)
{
	struct any_record map = a_map();
	struct any_record fault = {
		.head = { .event = EVENT_dma_fault, .nr_args = 7 },
		.args = { 3, 77, 0x20, EVENT_NONE, 0x1000, 1, 5 },
	};

	tap__ok(matches(EVENT_FILTER_IOVA, range, &map.head) == map_passes, "a map and %s", range);
	tap__ok(matches(EVENT_FILTER_IOVA, range, &fault.head) == fault_passes, "a fault and %s",
		range);
}

static void test_iova(void)
{
	struct any_record map = a_map();
	struct any_record attach = {
		.head = { .event = EVENT_device_attach, .nr_args = 9 },
		.args = { 3, 77, 5, 0x00010420, 9, 2, 3, 99, 0 },
	};

	touches("0x1000", true, true);
	touches("0x1fff", true, true);
	touches("0x2fff", true, false);
	touches("0x3000", false, false);
	touches("0xfff", false, false);
	touches("0-0xfff", false, false);
	touches("0-0x1000", true, true);
	touches("0x2000-0xffffffffffffffff", true, false);
	touches("4K+1", true, true);
	tap__ok(!matches(EVENT_FILTER_IOVA, "0-0xffffffffffffffff", &attach.head),
		"an event without an address does not pass");
	map.args[4] = ~0ULL;
	tap__ok(matches(EVENT_FILTER_IOVA, "0x100000000", &map.head), "a length that wraps");
}

static void test_refused(void)
{
	static const struct {
		__u32 which;
		const char *arg;
	} bad[] = {
		{ EVENT_FILTER_TGID, "0" },
		{ EVENT_FILTER_TGID, "-1" },
		{ EVENT_FILTER_TGID, "7x" },
		{ EVENT_FILTER_TGID, "" },
		{ EVENT_FILTER_CTX, "4294967295" },
		{ EVENT_FILTER_IOAS, "4294967296" },
		{ EVENT_FILTER_PASID, "1048576" },
		{ EVENT_FILTER_LATENCY, "100x" },
		{ EVENT_FILTER_LENGTH, "4X" },
		{ EVENT_FILTER_COMM, "" },
		{ EVENT_FILTER_UID, "no-such-user-here" },
		{ EVENT_FILTER_UID, "4294967295" },
		{ EVENT_FILTER_DEVICE, "00:20.0" },
		{ EVENT_FILTER_DEVICE, "00:1f.8" },
		{ EVENT_FILTER_DEVICE, "00:1f" },
		{ EVENT_FILTER_DEVICE, "12345:00:1f.0" },
		{ EVENT_FILTER_DEVICE, "00:1f.0 " },
		{ EVENT_FILTER_DEVICE, "" },
		{ EVENT_FILTER_DEVICE, "a/name" },
		{ EVENT_FILTER_DEVICE, "100:1f.0" },
		{ EVENT_FILTER_DEVICE, ":00:1f.0" },
		{ EVENT_FILTER_CGROUP, "/no/such/cgroup" },
	};
	struct iommufd_filter filter = {}, empty = {};
	unsigned int i, taken = 0;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!filter__set(&filter, bad[i].which, "--option", bad[i].arg)) {
			tap__diag("'%s' was accepted", bad[i].arg);
			taken++;
		}
	tap__is(taken, 0, "invalid values are refused");
	tap__ok(filter.use == empty.use, "refused values do not change the filter");
}

static void test_device(void)
{
	static const char uuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
	struct event_subject subject = { .sbdf = EVENT_NONE, .device = 2 };
	struct iommufd_filter filter = {};
	char cut[32] = "", other[32] = "iommufd-mock.0.auto";

	memcpy(cut, uuid, sizeof(cut) - 1);
	tap__err(filter__set(&filter, EVENT_FILTER_DEVICE, "--device", uuid), 0,
		 "the UUID of a mediated device");
	tap__ok(filter__has_device(&filter, EVENT_NONE, cut) &&
			!filter__has_device(&filter, EVENT_NONE, other) &&
			!filter__has_device(&filter, 0x20, ""),
		"it is the device of this name, of which the driver knows 31 bytes");
	tap__ok(!iommufd_filter__match(&filter, &subject), "an event of another one does not pass");
	subject.is_named = 1;
	tap__ok(iommufd_filter__match(&filter, &subject), "one of this device does");
	tap__err(filter__set(&filter, EVENT_FILTER_DEVICE, "--device", "00:04.0"), 0, "an address");
	tap__ok(filter__has_device(&filter, 0x20, "0000:00:04.0") &&
			!filter__has_device(&filter, EVENT_NONE, cut),
		"it is the device of this address");
}

static void test_sbdf(void)
{
	char why[PARSE_WHY_MAX];
	__u32 sbdf = 0;

	tap__ok(!parse__sbdf("ffff:ff:1f.7", &sbdf, why) && sbdf == 0xffffffff,
		"the last PCI address");
	tap__ok(!parse__sbdf("0:3.0", &sbdf, why) && sbdf == 0x18, "a short PCI address");
	tap__ok(parse__sbdf("x", &sbdf, why) && strstr(why, "'x' is not a PCI address"),
		"the reason for refusing a PCI address");
}

static void test_json(void)
{
	struct iommufd_filter filter = {};
	char text[512] = "";
	struct json json;
	FILE *file = fmemopen(text, sizeof(text), "w");

	filter__set(&filter, EVENT_FILTER_COMM, "-c", "dpdk*");
	filter__set(&filter, EVENT_FILTER_DEVICE, "--device", "00:04.0");
	filter__set(&filter, EVENT_FILTER_LATENCY, "-m", "2us");
	filter__set(&filter, EVENT_FILTER_MACHINE, "--machine", "vm*");
	filter__set(&filter, EVENT_FILTER_IOVA, "--iova", "0x1000+4K");
	json__init(&json, file);
	json__object(&json, NULL);
	filter__put_json(&filter, &json);
	json__end(&json);
	json__line(&json);
	fclose(file);
	tap__ok(!strcmp(text, "{\"filter\":{\"tgid\":null,\"comm\":\"dpdk*\",\"uid\":null,"
			      "\"cgroup\":null,\"machine\":\"vm*\",\"ctx\":null,"
			      "\"ioas\":null,\"bdf\":\"0000:00:04.0\",\"device\":null,"
			      "\"pasid\":null,\"failed\":false,\"min_latency_ns\":2000,"
			      "\"min_length_bytes\":0,\"iova_first\":\"0x1000\","
			      "\"iova_last\":\"0x1fff\"}}\n"),
		"as JSON");
	if (strlen(text) < 10)
		tap__diag("%s", text);
}

int main(void)
{
	tap__start();
	msg__set_tool("unit-filter");
	test_match();
	test_iova();
	test_refused();
	test_device();
	test_sbdf();
	test_json();
	return tap__done();
}
