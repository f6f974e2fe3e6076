// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks of events: below their lines (-k), in JSON, in recordings, and folded (--folded).
 *
 * A frame is a return address, also the innermost, which is behind a system call or a call of the
 * tracing: the call is before it, so that is what is looked up.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "iosnoop.h"
#include "text.h"

#define FRAME_MAX 320
#define FOLDED_MAX 16384

struct folded {
	char *text;
	__u64 count;
};

struct stacks {
	void *tree;
	__u64 not_counted;
};

/* What is common to the frames of a stack. */
struct frames {
	const __u64 *addresses;
	unsigned int nr;
	__u32 tgid;   /* 0: the kernel's */
};

static __u32 process_of(const struct event_record *record)
{
	return ((const struct args_caller *)record->args)->tgid;
}

static __u64 looked_up(const struct frames *frames, unsigned int i)
{
	return frames->addresses[i] - 1;
}

/* The first frames are those of the tracing itself. */
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

static struct frames kernel_frames(const struct output *output, const struct event_stack *stack)
{
	struct frames frames = { stack->kernel, stack->nr_kernel, 0 };
	__u32 offset;
	bool is_new;

	while (frames.nr && is_of_tracing(symbols__find(output->symbols, 0, looked_up(&frames, 0),
							&offset, &is_new))) {
		frames.addresses++;
		frames.nr--;
	}
	return frames;
}

static struct frames user_frames(const struct event_stack *stack, const struct event_record *record)
{
	return (struct frames){ stack->user, stack->nr_user, process_of(record) };
}

/* "function+0x12", or "0xffff..." */
static void name_frame(struct output *output, const struct frames *frames, unsigned int i,
		       bool with_offset, char text[FRAME_MAX])
{
	__u64 address = looked_up(frames, i);
	char clean[FRAME_MAX - 32];
	const char *name;
	__u32 offset;
	bool is_new;

	name = symbols__find(output->symbols, frames->tgid, address, &offset, &is_new);
	if (!name) {
		snprintf(text, FRAME_MAX, "0x%llx", frames->addresses[i]);
		return;
	}
	text__clean(clean, sizeof(clean), name, strlen(name), sizeof(clean), false);
	if (with_offset)
		snprintf(text, FRAME_MAX, "%s+0x%x", clean, offset + 1);
	else
		snprintf(text, FRAME_MAX, "%s", clean);
}

static void print_frames(struct output *output, const struct frames *frames, unsigned int most)
{
	char text[FRAME_MAX];
	unsigned int i;

	for (i = 0; i < frames->nr; i++) {
		name_frame(output, frames, i, true, text);
		printf("%*s%s\n", 12, "", text);
	}
	if (frames->nr == most)
		printf("%*s... (more than %u)\n", 12, "", most);
}

void stacks__print(struct output *output, const struct event_record *record)
{
	const struct event_stack *stack = event__stack(record);
	struct frames kernel, user;

	if (!stack)
		return;
	kernel = kernel_frames(output, stack);
	user = user_frames(stack, record);
	print_frames(output, &kernel, EVENT_KERNEL_FRAMES);
	if (user.nr)
		printf("%*s--\n", 12, "");
	print_frames(output, &user, EVENT_USER_FRAMES);
}

static void put_json(struct output *output, const char *key, const struct frames *frames)
{
	char text[FRAME_MAX];
	unsigned int i;

	json__array(&output->json, key);
	for (i = 0; i < frames->nr; i++) {
		name_frame(output, frames, i, true, text);
		json__string(&output->json, NULL, text);
	}
	json__end(&output->json);
}

void stacks__put_json(struct output *output, const struct event_record *record)
{
	const struct event_stack *stack = event__stack(record);
	struct frames kernel, user;

	if (!stack || !output->symbols)
		return;
	kernel = kernel_frames(output, stack);
	user = user_frames(stack, record);
	put_json(output, "kernel_stack", &kernel);
	put_json(output, "user_stack", &user);
}

static void record_frames(struct output *output, const struct frames *frames)
{
	const char *name;
	unsigned int i;
	__u64 address;
	__u32 offset;
	bool is_new;

	for (i = 0; i < frames->nr; i++) {
		address = looked_up(frames, i);
		name = symbols__find(output->symbols, frames->tgid, address, &offset, &is_new);
		if (name && is_new)
			recording__put_symbol(output->recording, address, frames->tgid, offset,
					      name);
	}
}

void stacks__record(struct output *output, const struct event_record *record)
{
	const struct event_stack *stack = event__stack(record);
	union {
		struct event_record record;
		char bytes[EVENT_RECORD_MAX];
	} copy;
	struct frames kernel, user;
	size_t size = event__size(record);

	if (stack && output->symbols) {
		kernel = (struct frames){ stack->kernel, stack->nr_kernel, 0 };
		user = user_frames(stack, record);
		record_frames(output, &kernel);
		record_frames(output, &user);
	}
	/* What this machine knows about the process now, no replay will. */
	memcpy(copy.bytes, record, size);
	output__raw_comm(output, record, copy.record.comm);
	recording__put(output->recording, RECORDING_EVENT, copy.bytes, size);
}

/* ---- folded ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct folded *)a)->text, ((const struct folded *)b)->text);
}

struct stacks *stacks__new(void)
{
	return calloc(1, sizeof(struct stacks));
}

/* From the outermost frame to the innermost; semicolons are the format's own. */
static size_t fold(struct output *output, const struct frames *frames, char *text, size_t length,
		   const char *suffix)
{
	char frame[FRAME_MAX], *at;
	unsigned int i;

	for (i = frames->nr; i-- && length + FRAME_MAX + 8 < FOLDED_MAX;) {
		name_frame(output, frames, i, false, frame);
		for (at = frame; *at; at++)
			if (*at == ';')
				*at = ':';
		length += snprintf(text + length, FOLDED_MAX - length, ";%s%s", frame, suffix);
	}
	return length;
}

void stacks__add(struct stacks *stacks, struct output *output, const struct event_record *record)
{
	const struct event_stack *stack = event__stack(record);
	char text[FOLDED_MAX], comm[4 * EVENT_COMM_LEN], *at;
	struct folded key = { .text = text }, **found, *folded;
	struct frames kernel, user;
	size_t length;

	if (!stack)
		return;
	kernel = kernel_frames(output, stack);
	user = user_frames(stack, record);
	output__comm(output, record, EVENT_COMM_LEN, comm, sizeof(comm));
	for (at = comm; *at; at++)
		if (*at == ';')
			*at = ':';
	length = snprintf(text, sizeof(text), "%s", comm);
	length = fold(output, &user, text, length, "");
	fold(output, &kernel, text, length, "_[k]");
	found = tfind(&key, &stacks->tree, compare);
	if (found) {
		(*found)->count++;
		return;
	}
	folded = calloc(1, sizeof(*folded));
	if (folded) {
		folded->count = 1;
		folded->text = strdup(text);
	}
	if (folded && folded->text && tsearch(folded, &stacks->tree, compare))
		return;
	stacks->not_counted++;
	if (folded)
		free(folded->text);
	free(folded);
}

static void visit(const void *node, VISIT which, void *closure)
{
	const struct folded *folded = *(struct folded *const *)node;

	(void)closure;
	if (which == postorder || which == leaf)
		printf("%s %llu\n", folded->text, folded->count);
}

void stacks__print_folded(struct stacks *stacks, struct output *output)
{
	twalk_r(stacks->tree, visit, output);
	if (stacks->not_counted)
		printf("[not_counted] %llu\n", stacks->not_counted);
}

static void free_folded(void *node)
{
	struct folded *folded = node;

	free(folded->text);
	free(folded);
}

void stacks__free(struct stacks *stacks)
{
	if (!stacks)
		return;
	tdestroy(stacks->tree, free_folded);
	free(stacks);
}
