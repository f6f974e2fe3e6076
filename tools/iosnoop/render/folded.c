// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folded stacks (--folded), the input of flame graphs: each different stack with its number of
 * occurrences, counted in a search tree and printed at the end.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "msg.h"
#include "render/render.h"
#include "render/stack.h"

#define FOLDED_MAX 16384

struct folded_stack {
	char *text;
	__u64 count;
};

struct folded {
	struct renderer renderer;
	const struct format *format;
	void *tree;
	__u64 not_counted; /* for lack of memory */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct folded_stack *)a)->text,
		      ((const struct folded_stack *)b)->text);
}

/* Semicolons separate the names of functions, so there must be none within a name. */
static void replace_semicolons(char *text)
{
	for (; *text; text++)
		if (*text == ';')
			*text = ':';
}

/* Append the frames, the outermost first. */
static size_t fold(struct symbols *symbols, const struct stack_frames *frames, char *text,
		   size_t length, const char *suffix)
{
	char frame[STACK_FRAME_MAX];
	unsigned int i;

	for (i = frames->nr; i-- && length + STACK_FRAME_MAX + 8 < FOLDED_MAX;) {
		stack__name_frame(symbols, frames, i, false, frame);
		replace_semicolons(frame);
		length += snprintf(text + length, FOLDED_MAX - length, ";%s%s", frame, suffix);
	}
	return length;
}

static void count(struct folded *folded, char *text)
{
	struct folded_stack key = { .text = text }, **found, *stack;

	found = tfind(&key, &folded->tree, compare);
	if (found) {
		(*found)->count++;
		return;
	}
	stack = calloc(1, sizeof(*stack));
	if (stack) {
		stack->count = 1;
		stack->text = strdup(text);
	}
	if (stack && stack->text && tsearch(stack, &folded->tree, compare))
		return;
	folded->not_counted++;
	if (stack)
		free(stack->text);
	free(stack);
}

static void count_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct folded *folded = (struct folded *)renderer;
	const struct format *format = folded->format;
	char text[FOLDED_MAX], comm[4 * EVENT_COMM_LEN], machine[4 * MACHINE_MAX];
	struct stack_frames kernel, user;
	size_t length;

	if (!event__stack(event->record))
		return;
	kernel = stack__kernel_frames(format->symbols, event->record);
	user = stack__user_frames(event->record);
	format__comm(format, event, EVENT_COMM_LEN, comm, sizeof(comm));
	replace_semicolons(comm);
	format__machine(format, event->machine, machine, sizeof(machine));
	replace_semicolons(machine);
	length = snprintf(text, sizeof(text), "%s%s%s", *event->machine ? machine : "",
			  *event->machine ? ";" : "", comm);
	length = fold(format->symbols, &user, text, length, "");
	fold(format->symbols, &kernel, text, length, "_[k]");
	count(folded, text);
}

static void visit(const void *node, VISIT which, void *closure)
{
	const struct folded_stack *stack = *(struct folded_stack *const *)node;
	const struct folded *folded = closure;

	if (which == postorder || which == leaf)
		fprintf(folded->format->out, "%s %llu\n", stack->text, stack->count);
}

static void print_stacks(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	struct folded *folded = (struct folded *)renderer;

	(void)now_ns;
	(void)result;
	twalk_r(folded->tree, visit, folded);
	if (folded->not_counted)
		fprintf(folded->format->out, "[not_counted] %llu\n", folded->not_counted);
}

static void free_stack(void *node)
{
	struct folded_stack *stack = node;

	free(stack->text);
	free(stack);
}

static void free_folded(struct renderer *renderer)
{
	struct folded *folded = (struct folded *)renderer;

	tdestroy(folded->tree, free_stack);
	free(folded);
}

struct renderer *folded__new(const struct format *format)
{
	struct folded *folded = calloc(1, sizeof(*folded));

	if (!folded) {
		msg("not enough memory");
		return NULL;
	}
	folded->renderer = (struct renderer){
		.event = count_event,
		.end = print_stacks,
		.free = free_folded,
	};
	folded->format = format;
	return &folded->renderer;
}
