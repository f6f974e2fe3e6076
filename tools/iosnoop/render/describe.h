/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events in words, for the narrow table.
 */
#ifndef _IOSNOOP_DESCRIBE_H
#define _IOSNOOP_DESCRIBE_H

#include "errname.h"
#include "event.h"

/*
 * Describe an event without a range of IOVA: the objects and addresses it is about. answer: the
 * response to a page request that is shown on the same line, or NULL.
 */
#define DESCRIBE_MAX 256
void describe__event(const struct event_record *record, const struct event_record *answer,
		     char text[DESCRIBE_MAX]);

/* How an event ended: "ok", the name of an error, FAULT, or a response code. */
const char *describe__result(const struct event_record *record, char buffer[ERRNAME_MAX]);

#endif /* _IOSNOOP_DESCRIBE_H */
