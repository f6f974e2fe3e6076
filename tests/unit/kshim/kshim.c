// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of kshim.h: memory that fails on demand, accounting, and the part of the kernel's
 * red-black trees that is not in its headers.
 *
 * That part is the balancing. Here a node is rotated up while its scrambled address is greater than
 * its parent's (a treap: insertion keeps this order, erasing may not, and nothing relies on it). So
 * trees get all kinds of shapes, and the augmented values of the code under test go through the
 * rotations of the kernel's trees.
 */
#include <stdio.h>

#include <linux/interval_tree.h>
#include <linux/interval_tree_generic.h>
#include <linux/rbtree.h>

#include "kshim.h"
#include "trace/refuse.h"
#include "umem/internal.h"

struct kshim kshim;
struct user_struct kshim_user;
struct task_struct *current;

void kshim_reset(u32 seed)
{
	kshim = (struct kshim){ .seed = seed, .memlock = ULONG_MAX, .privileged = true };
}

static struct umem_counts counts;

/* Each umem gets an owner of its own, so that the owner's counters are those of one umem. */
struct umem_payer *umem_payer_get(struct umem_totals *totals)
{
	static struct umem_tally tally;
	struct umem_payer *payer = calloc(1, sizeof(*payer));
	struct umem_owner *owner = calloc(1, sizeof(*owner));

	refcount_set(&owner->refs, 1);
	owner->tally = &tally;
	owner->mm = current->mm;
	owner->user = get_uid(current_user());
	mmgrab(owner->mm);
	refcount_set(&payer->refs, 1);
	payer->owner = owner;
	payer->totals = totals;
	totals->counts = &counts;
	return payer;
}

void umem_set_mapper(struct umem_totals *totals)
{
	(void)totals;
}

void umem_payer_free(struct umem_payer *payer)
{
	WARN_ON(atomic_long_read(&payer->charged) || atomic_long_read(&payer->exempt));
	umem_owner_put(payer->owner);
	free(payer);
}

unsigned long umem_owner_memlock(struct umem_owner *owner)
{
	(void)owner;
	return kshim.memlock;
}

void umem_owner_put(struct umem_owner *owner)
{
	if (!refcount_dec_and_test(&owner->refs))
		return;
	WARN_ON(atomic_long_read(&owner->pages));
	mmdrop(owner->mm);
	free_uid(owner->user);
	free(owner);
}

/* The tests ask no policy. */
bool umem_growth_key;

void umem_note_growth(void)
{
}

void umem_owner_add_needs(const struct umem_owner *owner, const struct umem_scope *by,
			  unsigned long pages, struct umem_needs *needs)
{
	(void)owner;
	(void)by;
	needs->process += pages;
}

int umem_owner_move_all(struct umem_owner *to, const struct umem_totals *totals,
			struct umem_shares *shares, struct umem_grant *grant)
{
	(void)totals;
	(void)grant;
	for (unsigned int i = 0; i < shares->n; i++)
		umem_owner_move(shares->share[i].owner, to, shares->share[i].pages);
	return 0;
}

void umem_owner_move(struct umem_owner *from, struct umem_owner *to, long pages)
{
	atomic_long_add(pages, &to->pages);
	atomic_long_sub(pages, &from->pages);
}

bool umem_shares_add_owner(struct umem_shares *shares, struct umem_owner *owner,
			   unsigned long pages)
{
	refcount_inc(&owner->refs);
	shares->share[shares->n++] = (struct umem_share){ .owner = owner, .pages = pages };
	return true;
}

void umem_shares_add(struct umem_shares *shares, struct umem *umem, unsigned long pages)
{
	umem_shares_add_owner(shares, umem->payer->owner, pages);
}

void umem_shares_put(struct umem_shares *shares)
{
	while (shares->n)
		umem_owner_put(shares->share[--shares->n].owner);
}

/* The tests make no reservations. */
bool umem_reservation_covers(struct umem_reservation *reservation, const struct umem_owner *owner,
			     unsigned long pages)
{
	(void)reservation;
	(void)owner;
	(void)pages;
	return true;
}

void umem_reservation_use(struct umem_reservation *reservation, const struct umem_owner *owner,
			  unsigned long pages)
{
	(void)reservation;
	(void)owner;
	WARN_ON(pages);
}

unsigned long kshim_random(unsigned long n)
{
	u64 high;

	kshim.seed = kshim.seed * 1664525 + 1013904223;
	high = kshim.seed;
	kshim.seed = kshim.seed * 1664525 + 1013904223;
	return (high << 32 | kshim.seed) * (unsigned __int128)n >> 64;
}

bool kshim_finding(bool found, const char *file, int line, const char *text)
{
	const char *name = strrchr(file, '/');

	if (found && !kshim.findings++)
		snprintf(kshim.finding, sizeof(kshim.finding), "%s:%d: %s", name ? name + 1 : file,
			 line, text);
	return found;
}

/* The size is stored before the block, which stays aligned to 16 bytes as malloc() aligns it. */
void *kshim_alloc(size_t n, size_t size, bool zero)
{
	size_t *block;

	if (kshim.alloc_fails && !kshim_random(kshim.alloc_fails)) {
		kshim.failed++;
		return NULL;
	}
	if (n > (1UL << 31) / size)
		return NULL;
	block = malloc(16 + n * size);
	if (!block)
		return NULL;
	memset(block + 2, zero ? 0 : 0xa5, n * size);
	*block = n * size;
	kshim.blocks++;
	kshim.bytes += n * size;
	return block + 2;
}

void kshim_free(const void *mem)
{
	size_t *block = (size_t *)mem;

	if (!mem)
		return;
	block -= 2;
	kshim.blocks--;
	kshim.bytes -= *block;
	free(block);
}

int __account_locked_vm(struct mm_struct *mm, unsigned long pages, bool inc,
			struct task_struct *task, bool bypass)
{
	unsigned long limit = kshim.memlock >> PAGE_SHIFT;

	(void)task;
	WARN_ON(!mm->lock.held);
	if (!inc) {
		WARN_ON(pages > mm->locked_vm);
		mm->locked_vm -= pages;
		return 0;
	}
	if (!bypass && (pages > limit || mm->locked_vm > limit - pages))
		return -ENOMEM;
	mm->locked_vm += pages;
	return 0;
}

/* Each reading of the clock is later than the one before. */
u64 ktime_get_ns(void)
{
	static u64 now = 1000;

	return now += 7;
}

/* ---- trees ---- */

static u32 priority(const struct rb_node *node)
{
	return ((uintptr_t)node >> 4) * 0x9e3779b1u;
}

/* Rotate a node up: its parent becomes its child. */
static void turn_up(struct rb_node *node, struct rb_root *root,
		    void (*rotate)(struct rb_node *old, struct rb_node *new))
{
	struct rb_node *parent = rb_parent(node), *child;

	__rb_change_child(parent, node, rb_parent(parent), root);
	rb_set_parent(node, rb_parent(parent));
	if (parent->rb_left == node) {
		child = node->rb_right;
		node->rb_right = parent;
		parent->rb_left = child;
	} else {
		child = node->rb_left;
		node->rb_left = parent;
		parent->rb_right = child;
	}
	rb_set_parent(parent, node);
	if (child)
		rb_set_parent(child, parent);
	rotate(parent, node);
}

void __rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			   void (*rotate)(struct rb_node *old, struct rb_node *new))
{
	while (rb_parent(node) && priority(rb_parent(node)) < priority(node))
		turn_up(node, root, rotate);
}

/* Nodes have no colours here. */
void __rb_erase_color(struct rb_node *parent, struct rb_root *root,
		      void (*rotate)(struct rb_node *old, struct rb_node *new))
{
	(void)parent;
	(void)root;
	(void)rotate;
}

/* Trees without an interval in their nodes keep their shape: they are small in tests. */
void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	(void)node;
	(void)root;
}

static void change_nothing(struct rb_node *a, struct rb_node *b)
{
	(void)a;
	(void)b;
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	static const struct rb_augment_callbacks none = {
		.propagate = change_nothing,
		.copy = change_nothing,
		.rotate = change_nothing,
	};

	rb_erase_augmented(node, root, &none);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_right)
		node = node->rb_right;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	const struct rb_node *child;

	if (node->rb_right) {
		const struct rb_root right = { .rb_node = node->rb_right };

		return rb_first(&right);
	}
	do {
		child = node;
		node = rb_parent(node);
	} while (node && child == node->rb_right);
	return (struct rb_node *)node;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	const struct rb_node *child;

	if (node->rb_left) {
		const struct rb_root left = { .rb_node = node->rb_left };

		return rb_last(&left);
	}
	do {
		child = node;
		node = rb_parent(node);
	} while (node && child == node->rb_left);
	return (struct rb_node *)node;
}

#define NODE_FIRST(node) ((node)->start)
#define NODE_LAST(node) ((node)->last)

INTERVAL_TREE_DEFINE(struct interval_tree_node, rb, unsigned long, __subtree_last, NODE_FIRST,
		     NODE_LAST, , interval_tree)

/* Count refusals instead of reporting them. */
void iommufd_refuse_memlock(u32 ctx, bool per_user, unsigned long limit, unsigned long need,
			    unsigned long present)
{
	kshim.refusals++;
}

void iommufd_refuse_map(u32 ctx, struct iommufd_span map, struct iommufd_span reserved)
{
	kshim.refusals++;
}

void iommufd_refuse_device(u32 ctx, const struct device *dev, struct iommufd_span map,
			   struct iommufd_span reserved)
{
	kshim.refusals++;
}
