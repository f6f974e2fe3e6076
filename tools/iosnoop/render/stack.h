/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks of events: their frames, and their names as text and JSON.
 */
#ifndef _IOSNOOP_STACK_H
#define _IOSNOOP_STACK_H

#include "render/format.h"

/* The frames of one half of a stack, innermost first. */
struct stack_frames {
	const __u64 *addresses;
	unsigned int nr;
	struct symbols_owner owner;
};

/* The frames of the kernel, without those of tracing, and of the process. The event has a stack. */
struct stack_frames stack__kernel_frames(struct symbols *symbols,
					 const struct event_record *record);
struct stack_frames stack__user_frames(const struct event_record *record);

/* The frames of the call that explains a fault; the explanation has a stack. */
void stack__why_frames(const struct why_full *full, const struct event_record *fault,
		       struct stack_frames *kernel, struct stack_frames *user);

/*
 * A frame is a return address, and the call is before it: look up this address, not the frame
 * itself.
 */
static inline __u64 stack__call_address(const struct stack_frames *frames, unsigned int i)
{
	return frames->addresses[i] - 1;
}

/* Write "function+0x12", without offset "function", or "0xffff..." if there is no name. */
#define STACK_FRAME_MAX 320
void stack__name_frame(struct symbols *symbols, const struct stack_frames *frames, unsigned int i,
		       bool with_offset, char text[STACK_FRAME_MAX]);

/* Print the stacks below the line of an event; nothing if the event has none. */
void stack__print(const struct format *format, const struct event_record *record);

/* The same for the stack of the call that explains a fault. */
void stack__print_why(const struct format *format, const struct snoop_event *event);
void stack__put_why_json(const struct format *format, struct json *json,
			 const struct snoop_event *event);

/* Write the keys kernel_stack and user_stack; nothing if the event has no stacks. */
void stack__put_json(const struct format *format, struct json *json,
		     const struct event_record *record);

#endif /* _IOSNOOP_STACK_H */
