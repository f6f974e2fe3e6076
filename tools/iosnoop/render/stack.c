// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks, see stack.h.
 */
#include <string.h>

#include "render/stack.h"
#include "text.h"

#define INDENT 12

/* Whether a kernel function is part of tracing; the innermost frames are. */
static bool is_of_tracing(const char *name)
{
	/* clang-format off */
	static const char *const prefixes[] = {
		"bpf_prog_", "bpf_trace_run", "__bpf_trace_", "__traceiter_", "bpf_get_stack",
		"kprobe_", "kretprobe_", "trampoline_", "trace_call_bpf", "ftrace_",
	};
	/* clang-format on */
	unsigned int i;

	for (i = 0; name && i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static void skip_tracing(struct symbols *symbols, struct stack_frames *frames)
{
	__u32 offset;
	bool is_new;

	while (frames->nr &&
	       is_of_tracing(symbols__find(symbols, &frames->owner, stack__call_address(frames, 0),
					   &offset, &is_new))) {
		frames->addresses++;
		frames->nr--;
	}
}

struct stack_frames stack__kernel_frames(struct symbols *symbols, const struct event_record *record)
{
	const struct event_stack *stack = event__stack(record);
	struct stack_frames frames = { stack->kernel, stack->nr_kernel, {} };

	skip_tracing(symbols, &frames);
	return frames;
}

void stack__why_frames(const struct why_full *full, const struct event_record *fault,
		       struct stack_frames *kernel, struct stack_frames *user)
{
	const struct event_stack *stack = &full->stack;
	__u64 ago_ns = full->why.ago_ns;

	*kernel = (struct stack_frames){ stack->kernel, stack->nr_kernel, {} };
	*user = (struct stack_frames){
		.addresses = stack->user,
		.nr = stack->nr_user,
		.owner = { full->why.tgid, EVENT_NONE,
			   fault->time_ns - (ago_ns < fault->time_ns ? ago_ns : 0) },
	};
}

struct stack_frames stack__user_frames(const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const struct event_stack *stack = event__stack(record);

	return (struct stack_frames){
		.addresses = stack->user,
		.nr = stack->nr_user,
		.owner = { caller->tgid, record->tid, record->time_ns },
	};
}

void stack__name_frame(struct symbols *symbols, const struct stack_frames *frames, unsigned int i,
		       bool with_offset, char text[STACK_FRAME_MAX])
{
	char clean[STACK_FRAME_MAX - 32];
	const char *name;
	__u32 offset;
	bool is_new;

	name = symbols__find(symbols, &frames->owner, stack__call_address(frames, i), &offset,
			     &is_new);
	if (!name) {
		snprintf(text, STACK_FRAME_MAX, "0x%llx", frames->addresses[i]);
		return;
	}
	text__clean(clean, sizeof(clean), name, strlen(name), sizeof(clean), false);
	if (with_offset)
		snprintf(text, STACK_FRAME_MAX, "%s+0x%x", clean, offset + 1);
	else
		snprintf(text, STACK_FRAME_MAX, "%s", clean);
}

static void print_frames(const struct format *format, const struct stack_frames *frames,
			 unsigned int most)
{
	char text[STACK_FRAME_MAX];
	unsigned int i;

	for (i = 0; i < frames->nr; i++) {
		stack__name_frame(format->symbols, frames, i, true, text);
		fprintf(format->out, "%*s%s\n", INDENT, "", text);
	}
	if (frames->nr == most)
		fprintf(format->out, "%*s... (more than %u)\n", INDENT, "", most);
}

void stack__print(const struct format *format, const struct event_record *record)
{
	struct stack_frames kernel, user;

	if (!event__stack(record))
		return;
	kernel = stack__kernel_frames(format->symbols, record);
	user = stack__user_frames(record);
	print_frames(format, &kernel, EVENT_KERNEL_FRAMES);
	if (user.nr)
		fprintf(format->out, "%*s--\n", INDENT, "");
	print_frames(format, &user, EVENT_USER_FRAMES);
}

static void put_frames(const struct format *format, struct json *json, const char *key,
		       const struct stack_frames *frames)
{
	char text[STACK_FRAME_MAX];
	unsigned int i;

	json__array(json, key);
	for (i = 0; i < frames->nr; i++) {
		stack__name_frame(format->symbols, frames, i, true, text);
		json__string(json, NULL, text);
	}
	json__end(json);
}

void stack__put_json(const struct format *format, struct json *json,
		     const struct event_record *record)
{
	struct stack_frames kernel, user;

	if (!event__stack(record))
		return;
	kernel = stack__kernel_frames(format->symbols, record);
	user = stack__user_frames(record);
	put_frames(format, json, "kernel_stack", &kernel);
	put_frames(format, json, "user_stack", &user);
}

static bool get_why_frames(const struct format *format, const struct snoop_event *event,
			   struct stack_frames *kernel, struct stack_frames *user)
{
	if (!event->why || !(event->why->why.flags & WHY_HAS_STACK))
		return false;
	stack__why_frames(event->why, event->record, kernel, user);
	skip_tracing(format->symbols, kernel);
	return true;
}

void stack__print_why(const struct format *format, const struct snoop_event *event)
{
	struct stack_frames kernel, user;

	if (!get_why_frames(format, event, &kernel, &user))
		return;
	print_frames(format, &kernel, EVENT_KERNEL_FRAMES);
	if (user.nr)
		fprintf(format->out, "%*s--\n", INDENT, "");
	print_frames(format, &user, EVENT_USER_FRAMES);
}

void stack__put_why_json(const struct format *format, struct json *json,
			 const struct snoop_event *event)
{
	struct stack_frames kernel, user;

	if (!get_why_frames(format, event, &kernel, &user))
		return;
	put_frames(format, json, "kernel_stack", &kernel);
	put_frames(format, json, "user_stack", &user);
}
