// SPDX-License-Identifier: GPL-2.0-only
/*
 * The JSON writer: commas, nesting, extreme numbers, lines longer than its buffer; and the keys and
 * values of events, which follow from the table of events.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "event.h"
#include "json.h"

static char *out;
static size_t out_size;

static FILE *begin(struct json *json)
{
	FILE *file = open_memstream(&out, &out_size);

	if (!file)
		exit(tap__bail("open_memstream"));
	json__init(json, file);
	return file;
}

static void end(FILE *file, const char *want, const char *name)
{
	fclose(file);
	if (!tap__ok(!strcmp(out, want), "%s", name))
		tap__diag("got  %s\nwant %s", out, want);
	free(out);
}

static void test_structure(void)
{
	struct json json;
	FILE *file = begin(&json);

	json__object(&json, NULL);
	json__end(&json);
	json__line(&json);
	json__object(&json, NULL);
	json__array(&json, "empty");
	json__end(&json);
	json__array(&json, "mixed");
	json__u64(&json, NULL, 1);
	json__object(&json, NULL);
	json__bool(&json, "yes", true);
	json__bool(&json, "no", false);
	json__end(&json);
	json__null(&json, NULL);
	json__end(&json);
	json__string(&json, "after", "x");
	json__end(&json);
	json__line(&json);
	end(file,
	    "{}\n{\"empty\":[],\"mixed\":[1,{\"yes\":true,\"no\":false},null],"
	    "\"after\":\"x\"}\n",
	    "commas and nesting");
}

static void test_numbers(void)
{
	struct json json;
	FILE *file = begin(&json);

	json__array(&json, NULL);
	json__u64(&json, NULL, 0);
	json__u64(&json, NULL, ~0ULL);
	json__s64(&json, NULL, -12);
	json__s64(&json, NULL, 12);
	json__s64(&json, NULL, (__s64)(1ULL << 63));
	json__hex(&json, NULL, 0);
	json__hex(&json, NULL, 0x10a0);
	json__hex(&json, NULL, ~0ULL);
	json__decimal(&json, NULL, 4203, 2);
	json__decimal(&json, NULL, 7, 3);
	json__decimal(&json, NULL, 12, 0);
	json__end(&json);
	json__line(&json);
	end(file,
	    "[0,18446744073709551615,-12,12,-9223372036854775808,\"0x0\",\"0x10a0\","
	    "\"0xffffffffffffffff\",42.03,0.007,12]\n",
	    "numbers");
}

static void test_long_line(void)
{
	char text[5 * JSON_BUFFER], want[6 * JSON_BUFFER];
	struct json json;
	FILE *file = begin(&json);
	size_t length = 0;
	int i;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	json__array(&json, NULL);
	want[length++] = '[';
	for (i = 0; i < 200; i++) {
		json__u64(&json, NULL, i);
		length += sprintf(want + length, "%s%d", i ? "," : "", i);
	}
	json__string(&json, NULL, text);
	length += sprintf(want + length, ",\"%s\"]\n", text);
	json__end(&json);
	json__line(&json);
	end(file, want, "a line longer than the buffer");
}

/* A record on the stack, with space for the maximum number of arguments. */
struct any_record {
	struct event_record head;
	__u64 args[EVENT_MAX_ARGS];
};

static void test_events(void)
{
	struct any_record map = { .head = { .event = EVENT_ioas_map, .nr_args = 12 },
				  .args = { 1, 77, 2, 0xffffffff00001000, 0x3000, 0x7f0000001000, 7,
					    3, 1, 1200, 340, (__u32)-12 } };
	struct any_record attach = { .head = { .event = EVENT_device_attach, .nr_args = 9 },
				     .args = { 1, 77, 5, 0x00010420, EVENT_NONE, 2, 3, 99, 0 } };
	struct json json;
	FILE *file = begin(&json);

	json__object(&json, NULL);
	event__put_json(&map.head, &json);
	json__end(&json);
	json__line(&json);
	end(file,
	    "{\"ctx\":1,\"tgid\":77,\"ioas\":2,\"iova\":\"0xffffffff00001000\","
	    "\"length_bytes\":12288,\"user_va\":\"0x7f0000001000\",\"flags\":\"0x7\",\"pages\":3,"
	    "\"runs\":1,\"pin_ns\":1200,\"map_ns\":340,\"ret\":-12,\"error\":\"ENOMEM\"}\n",
	    "a map that failed");

	file = begin(&json);
	json__object(&json, NULL);
	event__put_json(&attach.head, &json);
	json__end(&json);
	json__line(&json);
	end(file,
	    "{\"ctx\":1,\"tgid\":77,\"device\":5,\"bdf\":\"0001:04:04.0\",\"pasid\":null,"
	    "\"ioas\":2,\"hwpt\":3,\"ns\":99,\"ret\":0,\"error\":null}\n",
	    "an attach");

	tap__ok(event__is_valid(&map.head, sizeof(map)), "a complete record is valid");
	tap__ok(!event__is_valid(&map.head, sizeof(map) - 8), "a truncated record is invalid");
	tap__ok(!event__is_valid(&map.head, 8), "a few bytes are invalid");
	map.head.event = NR_EVENTS;
	tap__ok(!event__is_valid(&map.head, sizeof(map)),
		"a record of an unknown event is invalid");
	map.head.event = EVENT_ioas_map;
	map.head.nr_args = 11;
	tap__ok(!event__is_valid(&map.head, sizeof(map)),
		"a record without its last argument is invalid");
}

static void test_names(void)
{
	unsigned int event, other, wrong = 0;

	for (event = 0; event < NR_EVENTS; event++) {
		const char *name = event_infos[event].name;

		if (event_infos[event].nr_fields > EVENT_MAX_ARGS ||
		    event__by_name(name, strlen(name)) != event)
			wrong++;
		for (other = 0; other < event; other++)
			if (!strcmp(event__short_name(event), event__short_name(other)))
				wrong++;
	}
	tap__is(wrong, 0, "each event has unique names and not too many fields");
	tap__ok(event__by_name("map", 3) == EVENT_ioas_map, "the name map means ioas_map");
	tap__ok(event__by_name("mapping", 3) == EVENT_ioas_map,
		"the name may be the beginning of a longer text");
	tap__ok(event__by_name("ma", 2) == NR_EVENTS, "ma is not an event");
	tap__ok(event__by_name("", 0) == NR_EVENTS, "an empty name is not an event");
}

int main(void)
{
	tap__start();
	test_structure();
	test_numbers();
	test_long_line();
	test_events();
	test_names();
	return tap__done();
}
