// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules: random conditions are compiled, and decide random requests as the conditions say.
 *
 * Finds these faults: a value at the edge of an interval is on the wrong side; "not", "and" and
 * "or" change what they should not; a rule decides out of its order; the patterns of a
 * cgroup match too much; a request of which not all is known is decided in another way than the
 * whole one, or a rule that does not depend on what is missing is said to.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/iopolicy/rules/cases.h"
#include "../../tools/iopolicy/rules/partial.h"
#include "../lib/tap.h"

#define FILES 450
#define REQUESTS 250
#define MAX_RULES 7
#define MAX_NODES 16
#define TEXT_MAX 16384

static unsigned long long seed = 19;

static unsigned int pick(unsigned int below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

/* ---- random conditions, which are evaluated here without the compiler ---- */

enum kind { AND, OR, NOT, UID, LENGTH, IOVA, WITHIN, WRITE, COMM, BELOW, MEMORY, BOUND, NR_KINDS };

struct node {
	enum kind kind;
	int left, right; /* numbers of nodes */
	unsigned long long first, last;
	unsigned int which;
};

struct file {
	struct node node[MAX_RULES * MAX_NODES];
	unsigned int nr_nodes;
	unsigned int nr;
	struct {
		int root;
		bool allow, audit;
		int priority;
	} rule[MAX_RULES];
	char text[TEXT_MAX];
};

static const char *const comms[] = { "a", "qemu", "qemu-system-x86", "qemuxyz", "12345678", "" };
static const char *const patterns[] = { "qemu*", "qemu", "a*", "12345678", "qemu-system*", "*" };
static const char *const cgroups[] = { "/", "/a", "/a/b", "/a/bc", "/ab", "/a/b/c/d", "/x/y" };
static const char *const paths[] = { "/a", "/a/b", "/a/b*", "/x/*", "/", "/a/b/c" };
static const unsigned int vendors[] = { 0x8086, 0x10de, 0x1234 };

static bool is_comm(const char *comm, const char *pattern)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(comm, pattern, length - 1);
	return !strcmp(comm, pattern);
}

/* Whether a path is one that the pattern names, or below it. */
static bool is_below(const char *path, const char *pattern)
{
	size_t length = strlen(pattern);

	if (!strcmp(pattern, "/"))
		return true;
	if (pattern[length - 1] == '*')
		return !strncmp(path, pattern, length - 1) &&
		       (pattern[length - 2] != '/' || path[length - 1]);
	return !strncmp(path, pattern, length) && (!path[length] || path[length] == '/');
}

static bool evaluate(const struct file *file, int number, const struct rules_case *one)
{
	const struct iommufd_policy_request *request = &one->request;
	const struct node *node = &file->node[number];
	unsigned int i;

	switch (node->kind) {
	case AND:
		return evaluate(file, node->left, one) && evaluate(file, node->right, one);
	case OR:
		return evaluate(file, node->left, one) || evaluate(file, node->right, one);
	case NOT:
		return !evaluate(file, node->left, one);
	case UID:
		return request->uid >= node->first && request->uid <= node->last;
	case LENGTH:
		return request->length > node->first;
	case IOVA:
		return request->iova >= node->first && request->iova <= node->last;
	case WITHIN:
		return request->iova >= node->first &&
		       request->iova + request->length - 1 <= node->last;
	case WRITE:
		return request->prot & IOMMUFD_PROT_WRITE;
	case COMM:
		return is_comm(request->comm, patterns[node->which]);
	case BELOW:
		return is_below(one->cgroup, paths[node->which]);
	case MEMORY:
		return request->kind == node->which;
	case BOUND:
		for (i = 0; i < one->world.nr_devices; i++)
			if (one->devices[i].vendor == vendors[node->which])
				return true;
		return false;
	case NR_KINDS:
		break;
	}
	return false;
}

__attribute__((format(printf, 2, 3))) static void add(struct file *file, const char *format, ...)
{
	size_t length = strlen(file->text);
	va_list args;

	va_start(args, format);
	vsnprintf(file->text + length, sizeof(file->text) - length, format, args);
	va_end(args);
}

static void make_leaf(struct file *file, struct node *node)
{
	static const char *const kinds[] = { "", "user", "file", "dmabuf" };

	node->first = pick(12);
	node->last = node->first + pick(4);
	switch (node->kind) {
	case UID:
		add(file, "uid in %llu..%llu", node->first, node->last);
		break;
	case LENGTH:
		add(file, "length > %llu", node->first);
		break;
	case IOVA:
		add(file, "iova in {%llu..%llu}", node->first, node->last);
		break;
	case WITHIN:
		node->last = node->first + 8;
		add(file, "range within %llu..%llu", node->first, node->last);
		break;
	case WRITE:
		add(file, "write");
		break;
	case COMM:
		node->which = pick(6);
		add(file, "comm = %s", patterns[node->which]);
		break;
	case BELOW:
		node->which = pick(6);
		add(file, "cgroup below %s", paths[node->which]);
		break;
	case MEMORY:
		node->which = 1 + pick(3);
		add(file, "memory = %s", kinds[node->which]);
		break;
	default:
		node->kind = BOUND;
		node->which = pick(3);
		add(file, "bound %04x", vendors[node->which]);
	}
}

static int make(struct file *file, unsigned int depth)
{
	int number = file->nr_nodes++;
	struct node *node = &file->node[number];

	node->kind = depth && file->nr_nodes % MAX_NODES < MAX_NODES - 3 ?
			     pick(NR_KINDS) :
			     UID + pick(NR_KINDS - UID);
	if (node->kind >= UID) {
		make_leaf(file, node);
		return number;
	}
	if (node->kind == NOT) {
		add(file, "not ");
		node->left = make(file, 0);
		return number;
	}
	add(file, "(");
	node->left = make(file, depth - 1);
	add(file, node->kind == AND ? " and " : " or ");
	node->right = make(file, depth - 1);
	add(file, ")");
	return number;
}

static void make_file(struct file *file)
{
	unsigned int i;

	memset(file, 0, sizeof(*file));
	file->nr = 1 + pick(MAX_RULES);
	for (i = 0; i < file->nr; i++) {
		file->rule[i].allow = !pick(4);
		file->rule[i].audit = !file->rule[i].allow && !pick(5);
		file->rule[i].priority = pick(2);
		add(file, "rule r%u %s map when ", i,
		    file->rule[i].allow ? "allow" :
		    file->rule[i].audit ? "audit" :
					  "deny");
		file->rule[i].root = make(file, 3);
		add(file, " priority %d\n", file->rule[i].priority);
	}
}

/* ---- requests ---- */

static void make_request(struct rules_case *one)
{
	struct iommufd_policy_request *request = &one->request;
	unsigned int i;

	case__begin(one, IOMMUFD_HOOK_IOAS_MAP);
	request->uid = pick(14);
	request->iova = pick(24);
	request->length = 1 + pick(14);
	request->prot = pick(4);
	request->kind = 1 + pick(3);
	strcpy(request->comm, comms[pick(6)]);
	strcpy(one->cgroup, cgroups[pick(7)]);
	one->world.nr_devices = pick(3);
	for (i = 0; i < one->world.nr_devices; i++)
		one->devices[i] = (struct rules_device){ vendors[pick(3)], 1, 1 };
}

/* The rule that decides: the first true one of the highest priority; -1: none. */
static int decide(const struct file *file, const struct rules_case *one)
{
	unsigned int i;
	int priority;

	for (priority = 1; priority >= 0; priority--)
		for (i = 0; i < file->nr; i++)
			if (file->rule[i].priority == priority && !file->rule[i].audit &&
			    evaluate(file, file->rule[i].root, one))
				return i;
	return -1;
}

static bool is_same(const struct file *file, const struct rules *rules,
		    const struct rules_image *image, const struct rules_case *one)
{
	struct rules_world world = one->world;
	static struct rules_verdict verdict;
	int want = decide(file, one);
	char name[16];

	world.cgroup = one->cgroup;
	world.devices = one->devices;
	rules__decide(image, &one->request, &world, NULL, &verdict);
	if (want < 0)
		return !verdict.ret && verdict.decided_by < 0;
	snprintf(name, sizeof(name), "r%d", want);
	return verdict.decided_by >= 0 && !strcmp(rules->list[verdict.decided_by].name, name) &&
	       !verdict.ret == file->rule[want].allow;
}

/* ---- requests of which not everything is known ---- */

static bool is_unknown(const struct partial_verdict *verdict, int rule)
{
	unsigned int i;

	for (i = 0; i < verdict->nr_unknown; i++)
		if (verdict->unknown[i].rule == rule)
			return true;
	return false;
}

static bool is_applied(const struct partial_verdict *verdict, int rule)
{
	unsigned int i;

	for (i = 0; i < verdict->nr_audited; i++)
		if (verdict->audited[i] == rule)
			return true;
	return verdict->decided_by == rule;
}

/* Each rule that was asked applies, does not, or cannot be told; the first two must be right. */
static bool is_right(const struct file *file, const struct rules *rules,
		     const struct rules_case *one, const struct partial *partial,
		     const struct partial_verdict *verdict)
{
	const bool has_all = partial->known == ~0ull && partial->known_flags == ~0u &&
			     partial->has_bound && partial->world.cgroup;
	unsigned int i;
	int number;
	bool truth;

	for (i = 0; i < rules->nr; i++) {
		number = atoi(rules->list[i].name + 1);
		truth = evaluate(file, file->rule[number].root, one);
		if (is_unknown(verdict, i)) {
			if (has_all)
				return false;
			continue;
		}
		if (truth != is_applied(verdict, i))
			return false;
		if (verdict->decided_by == (int)i)
			break;
	}
	return true;
}

static bool is_same_partly(const struct file *file, const struct rules *rules,
			   const struct rules_image *image, const struct rules_case *one)
{
	struct partial partial = { .request = one->request, .world = one->world };
	static struct partial_verdict verdict;
	unsigned int i;

	partial.world.devices = one->devices;
	for (i = 0; i < 3; i++) {
		partial.known = i ? (__u64)pick(1u << 31) << 31 | pick(1u << 31) : ~0ull;
		partial.known_flags = i ? pick(256) : ~0u;
		partial.has_bound = partial.has_mapped = !i || pick(2);
		partial.world.cgroup = !i || pick(2) ? one->cgroup : NULL;
		partial__decide(rules, image, &partial, NULL, &verdict);
		if (!is_right(file, rules, one, &partial, &verdict))
			return false;
	}
	return true;
}

/* Returns the number of requests that were decided, or -1 after a difference. */
static int compare_file(struct file *file)
{
	struct rules_image *image = NULL;
	struct rules_case one;
	struct rules rules;
	int i, nr = 0;

	make_file(file);
	/* A condition that is never true is an error of the file, not of the compiler. */
	if (rules__parse(&rules, "random", file->text, strlen(file->text), NULL, 0) ||
	    rules__compile(&rules, &image)) {
		rules__free(&rules);
		free(image);
		return 0;
	}
	for (i = 0; i < REQUESTS; i++) {
		make_request(&one);
		if (!is_same(file, &rules, image, &one) ||
		    !is_same_partly(file, &rules, image, &one)) {
			tap__diag("%s", file->text);
			tap__diag("uid %u iova %llu length %llu prot %u kind %u comm %s cgroup %s",
				  one.request.uid, one.request.iova, one.request.length,
				  one.request.prot, one.request.kind, one.request.comm, one.cgroup);
			nr = -1;
			break;
		}
		nr++;
	}
	rules__free(&rules);
	free(image);
	return nr;
}

static void random_rules(void)
{
	static struct file file;
	int nr, sum = 0;
	unsigned int i;

	for (i = 0; i < FILES; i++) {
		nr = compare_file(&file);
		if (nr < 0)
			break;
		sum += nr;
	}
	tap__is(i, FILES, "random rules decide as they are written");
	tap__diag("%d requests", sum);
	tap__ok(sum > FILES * REQUESTS / 2, "most files have no error");
}

int main(void)
{
	tap__start();
	random_rules();
	return tap__done();
}
