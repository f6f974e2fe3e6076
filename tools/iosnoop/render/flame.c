// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flame graph of a report page: a tree of stacks, from the process over its outermost function
 * to the innermost one of the kernel. The width of a box is the share of bytes pinned below it.
 */
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "msg.h"
#include "render/page.h"

#define MAX_NODES 50000u
#define MAX_DEPTH 128u

/* Of the chart, in units of its own; a box that is narrower than MIN_WIDTH is left out. */
#define WIDTH 1000.0
#define ROW_HEIGHT 17
#define MIN_WIDTH 0.4
#define CHAR_WIDTH 6.6

struct node {
	char *name;
	bool is_kernel;
	__u64 bytes;
	struct node *children; /* a list, the newest first */
	struct node *next;
};

struct flame {
	struct node root;
	unsigned int nr_nodes;
	__u64 left_out; /* bytes of stacks that found no room */
};

struct flame *flame__new(void)
{
	struct flame *flame = calloc(1, sizeof(*flame));

	if (!flame)
		msg("not enough memory");
	return flame;
}

static struct node *get_child(struct flame *flame, struct node *parent, const char *name,
			      bool is_kernel)
{
	struct node *node;

	for (node = parent->children; node; node = node->next)
		if (node->is_kernel == is_kernel && !strcmp(node->name, name))
			return node;
	if (flame->nr_nodes == MAX_NODES)
		return NULL;
	node = calloc(1, sizeof(*node));
	if (node)
		node->name = strdup(name);
	if (!node || !node->name) {
		free(node);
		return NULL;
	}
	node->is_kernel = is_kernel;
	node->next = parent->children;
	parent->children = node;
	flame->nr_nodes++;
	return node;
}

/* Add frames, the outermost first. Returns the innermost node, or NULL without room. */
static struct node *add_frames(struct flame *flame, struct node *node, const struct format *format,
			       const struct stack_frames *frames, bool is_kernel, __u64 bytes)
{
	char text[STACK_FRAME_MAX];
	unsigned int i;

	for (i = frames->nr; i-- && node;) {
		stack__name_frame(format->symbols, frames, i, false, text);
		node = get_child(flame, node, text, is_kernel);
		if (node)
			node->bytes += bytes;
	}
	return node;
}

void flame__add(struct flame *flame, const struct format *format, const struct snoop_event *event,
		__u64 bytes)
{
	char name[4 * MACHINE_MAX];
	struct stack_frames kernel, user;
	struct node *node;

	if (!format->symbols || !event__stack(event->record))
		return;
	kernel = stack__kernel_frames(format->symbols, event->record);
	user = stack__user_frames(event->record);
	format__name(format, event, MACHINE_MAX, name, sizeof(name));
	flame->root.bytes += bytes;
	node = get_child(flame, &flame->root, name, false);
	if (node) {
		node->bytes += bytes;
		node = add_frames(flame, node, format, &user, false, bytes);
	}
	if (node)
		node = add_frames(flame, node, format, &kernel, true, bytes);
	if (!node)
		flame->left_out += bytes;
}

__u64 flame__bytes(const struct flame *flame)
{
	return flame->root.bytes;
}

/* ---- the chart ---- */

static unsigned int depth_of(const struct node *node, double width, double scale)
{
	unsigned int depth = 0, below;
	const struct node *child;

	if (width < MIN_WIDTH)
		return 0;
	for (child = node->children; child; child = child->next) {
		below = depth_of(child, child->bytes * scale, scale);
		depth = below > depth ? below : depth;
	}
	return depth < MAX_DEPTH ? depth + 1 : depth;
}

static unsigned int hash(const char *text)
{
	unsigned int value = 5381;

	for (; *text; text++)
		value = value * 33 + (unsigned char)*text;
	return value;
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

struct chart {
	FILE *out;
	const struct flame *flame;
	double scale; /* units per byte */
	unsigned int depth;
};

static void print_node(const struct chart *chart, const struct node *node, const char *name,
		       double x, unsigned int level);

/* Print the children by name, so that the page is the same for the same recording. */
static void print_children(const struct chart *chart, const struct node *node, double x,
			   unsigned int level)
{
	const struct node *child, **order;
	unsigned int nr = 0, i;

	for (child = node->children; child; child = child->next)
		nr++;
	order = nr ? calloc(nr, sizeof(*order)) : NULL;
	if (!order)
		return;
	for (i = 0, child = node->children; child; child = child->next)
		order[i++] = child;
	qsort(order, nr, sizeof(*order), compare_nodes);
	for (i = 0; i < nr; i++) {
		print_node(chart, order[i], order[i]->name, x, level);
		x += order[i]->bytes * chart->scale;
	}
	free(order);
}

static void print_node(const struct chart *chart, const struct node *node, const char *name,
		       double x, unsigned int level)
{
	const double width = node->bytes * chart->scale;
	const unsigned int y = (chart->depth - 1 - level) * ROW_HEIGHT;
	const int room = width / CHAR_WIDTH - 1;
	char bytes[HUMAN_MAX];

	if (width < MIN_WIDTH || level >= chart->depth)
		return;
	fprintf(chart->out,
		"<g class=\"%s\"><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\" "
		"style=\"--h:%u\"/><title>",
		node->is_kernel ? "k" : "u", x, y, width, ROW_HEIGHT - 1, hash(name) % 40);
	page__text(chart->out, name, strlen(name));
	fprintf(chart->out, ": %s, %.1f %%</title>", human__bytes(bytes, node->bytes),
		100.0 * node->bytes / chart->flame->root.bytes);
	if (room >= 3) {
		fprintf(chart->out, "<text x=\"%.2f\" y=\"%u\">", x + 3, y + ROW_HEIGHT - 5);
		page__text(chart->out, name, room);
		fputs("</text>", chart->out);
	}
	fputs("</g>\n", chart->out);
	print_children(chart, node, x, level + 1);
}

void flame__print(const struct flame *flame, FILE *out)
{
	struct chart chart = { .out = out, .flame = flame };
	char bytes[HUMAN_MAX];

	chart.scale = WIDTH / flame->root.bytes;
	chart.depth = depth_of(&flame->root, WIDTH, chart.scale);
	fprintf(out, "<svg class=\"flame\" viewBox=\"0 0 %.0f %u\" role=\"img\">\n", WIDTH,
		chart.depth * ROW_HEIGHT);
	print_node(&chart, &flame->root, "all", 0, 0);
	fputs("</svg>\n", out);
	if (flame->left_out)
		page__printf(out, "<p class=\"note\">%s of stacks found no room.</p>\n",
			     human__bytes(bytes, flame->left_out));
}

static void free_nodes(struct node *node)
{
	struct node *next;

	for (; node; node = next) {
		next = node->next;
		free_nodes(node->children);
		free(node->name);
		free(node);
	}
}

void flame__free(struct flame *flame)
{
	if (flame)
		free_nodes(flame->root.children);
	free(flame);
}
