/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fields that --fields and --csv show: those of all events, under their JSON keys, and some
 * that are derived, like pid and cause. A field has a value for each event that has it, and is
 * empty for all others.
 */
#ifndef _IOSNOOP_FIELD_H
#define _IOSNOOP_FIELD_H

#include <stdio.h>

#include "render/format.h"

#define FIELD_LIST_MAX 80
#define FIELD_VALUE_MAX 256

/* Fields that are more than one argument of an event. */
enum derived_field {
	FIELD_TIME_NS,
	FIELD_TIME,
	FIELD_EVENT,
	FIELD_MACHINE,
	FIELD_PID,
	FIELD_TID,
	FIELD_COMM,
	FIELD_ERROR,
	FIELD_CAUSE,
	FIELD_WHY,
	FIELD_PROT,
	FIELD_RESPONSE,
	FIELD_HOOK,
	FIELD_POLICY,
	FIELD_LOST,
	NR_DERIVED_FIELDS,
	FIELD_ARGUMENT = NR_DERIVED_FIELDS, /* any other field */
};

struct field {
	char name[EVENT_KEY_MAX];
	enum derived_field derived;
	/* FIELD_ARGUMENT: */
	enum event_unit unit;
	__s8 arg[NR_EVENTS]; /* the argument of each event, or -1 */
};

struct field_list {
	unsigned int nr;
	struct field fields[FIELD_LIST_MAX];
};

/* Parse names separated by commas. Returns 0, or -EINVAL after a message. */
int field_list__parse(struct field_list *list, const char *names);
/* All fields of these events, each once. */
void field_list__fill(struct field_list *list, __u64 events);

/* Check the value of --fields. Returns 0, or -EINVAL after a message. */
int fields__check(const char *names);
/* Print all names, in one line or one per line. */
void fields__print_known(FILE *out);
void fields__print_words(FILE *out);

/*
 * Write the value of a field; "" if the event does not have it. raw: as in JSON, else with units
 * for people.
 */
void field__format(const struct field *field, const struct format *format,
		   const struct snoop_event *event, bool raw, char text[FIELD_VALUE_MAX]);

/* How the field is shown in a column. */
unsigned int field__width(const struct field *field, bool raw);
bool field__is_left(const struct field *field);

#endif /* _IOSNOOP_FIELD_H */
