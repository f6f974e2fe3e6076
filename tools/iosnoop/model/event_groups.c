// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of events and groups: the values of -e, and the default.
 */
#include <errno.h>
#include <string.h>

#include "model/model.h"
#include "msg.h"

#define BIT(name) EVENT_MASK(EVENT_##name)

#define IOAS_EVENTS \
	(BIT(ioas_map) | BIT(ioas_map_file) | BIT(ioas_unmap) | BIT(ioas_copy) | \
	 BIT(ioas_change_process))
#define PIN_EVENTS (BIT(pin) | BIT(unpin))
#define DEVICE_EVENTS \
	(BIT(device_bind) | BIT(device_unbind) | BIT(device_attach) | BIT(device_replace) | \
	 BIT(device_detach))
#define PASID_EVENTS \
	(BIT(pasid_alloc) | BIT(pasid_free) | BIT(pasid_attach) | BIT(pasid_replace) | \
	 BIT(pasid_detach) | BIT(pasid_translate))
#define ACCESS_EVENTS (BIT(access_pin) | BIT(access_unpin) | BIT(access_rw))
#define TABLE_EVENTS (BIT(hwpt_alloc) | BIT(hwpt_invalidate) | BIT(dirty_read))
#define FAULT_EVENTS (BIT(fault_report) | BIT(fault_response) | BIT(dma_fault) | BIT(io_page_fault))
#define POLICY_EVENTS BIT(policy_verdict)
#define TYPE1_CALLS (BIT(type1_map) | BIT(type1_unmap) | BIT(type1_dirty))
#define TYPE1_EVENTS (TYPE1_CALLS | BIT(type1_pin) | BIT(type1_unpin) | BIT(type1_rw))
#define OBJECT_EVENTS (BIT(ctx_open) | BIT(ctx_close) | BIT(object_alloc) | BIT(object_destroy))

/*
 * The default leaves out events that repeat others (pin and unpin of maps), and those that an
 * emulated device or a guest can cause thousands of times a second.
 */
#define DEFAULT_EVENTS \
	(IOAS_EVENTS | DEVICE_EVENTS | (PASID_EVENTS & ~BIT(pasid_translate)) | FAULT_EVENTS | \
	 POLICY_EVENTS | TYPE1_CALLS | BIT(hwpt_alloc) | BIT(dirty_read))

static const struct {
	const char *name;
	__u64 events;
/* clang-format off */
} groups[] = {
	{ "ioas", IOAS_EVENTS },
	{ "pins", PIN_EVENTS },
	{ "device", DEVICE_EVENTS },
	{ "pasid", PASID_EVENTS },
	{ "access", ACCESS_EVENTS },
	{ "table", TABLE_EVENTS },
	{ "fault", FAULT_EVENTS },
	{ "type1", TYPE1_EVENTS },
	{ "object", OBJECT_EVENTS },
	{ "default", DEFAULT_EVENTS },
	{ "all", ALL_EVENTS },
};

/* clang-format on */

#define NR_GROUPS (sizeof(groups) / sizeof(groups[0]))

/* Find a group, else an event: "fault" is the group of all kinds of faults. */
static __u64 find_events(const char *name, size_t size, __u64 *named)
{
	enum event_id event;
	unsigned int i;

	for (i = 0; i < NR_GROUPS; i++)
		if (strlen(groups[i].name) == size && !memcmp(groups[i].name, name, size))
			return groups[i].events;
	event = event__by_name(name, size);
	if (event >= NR_EVENTS)
		return 0;
	*named |= EVENT_MASK(event);
	return EVENT_MASK(event);
}

/* Write the names of events, separated: "map, unmap". */
static size_t list_events(char *text, size_t size, __u64 events, const char *separator)
{
	size_t length = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < NR_EVENTS && length < size; i++)
		if (events & EVENT_MASK(i))
			length += snprintf(text + length, size - length, "%s%s",
					   length ? separator : "", event__short_name(i));
	return length;
}

__u64 event_groups__default(void)
{
	return DEFAULT_EVENTS;
}

int event_groups__parse(const char *list, __u64 *events, __u64 *named)
{
	char known[1024];
	size_t size;
	__u64 found;

	for (;; list += size + 1) {
		size = strcspn(list, ",");
		found = find_events(list, size, named);
		if (!found) {
			list_events(known, sizeof(known), ALL_EVENTS, ", ");
			msg("--event: unknown event '%.*s'; the events are %s; see --help for "
			    "groups",
			    (int)(size < 32 ? size : 32), list, known);
			return -EINVAL;
		}
		*events |= found;
		if (!list[size])
			return 0;
	}
}

/* Print a list with commas in lines of less than 80 columns, the first one after a head. */
static void print_wrapped(FILE *out, const char *head, char *list)
{
	unsigned int column = fprintf(out, "%s", head), indent = 10;
	char *word, *rest = list;

	while ((word = strsep(&rest, ","))) {
		if (column + strlen(word) + 1 > 79) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			word += *word == ' ';
		}
		column += fprintf(out, "%s%s", word, rest ? "," : "");
	}
	fprintf(out, "\n");
}

void event_groups__print(FILE *out)
{
	char list[1024], head[32];
	unsigned int i;

	list_events(list, sizeof(list), ALL_EVENTS, ", ");
	print_wrapped(out, "Events:   ", list);
	fprintf(out, "Groups (without -e: default):\n");
	for (i = 0; i < NR_GROUPS; i++) {
		if (groups[i].events == ALL_EVENTS) {
			fprintf(out, "  all     all of them\n");
			continue;
		}
		snprintf(head, sizeof(head), "  %-7s ", groups[i].name);
		list_events(list, sizeof(list), groups[i].events, ", ");
		print_wrapped(out, head, list);
	}
}

void event_groups__print_words(FILE *out)
{
	unsigned int i;

	for (i = 0; i < NR_EVENTS; i++)
		fprintf(out, "%s\n", event__short_name(i));
	for (i = 0; i < NR_GROUPS; i++)
		/* "fault" was printed as an event. */
		if (event__by_name(groups[i].name, strlen(groups[i].name)) >= NR_EVENTS)
			fprintf(out, "%s\n", groups[i].name);
}
