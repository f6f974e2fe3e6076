// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that a test wants to fail (MOCK_OP_FAIL). Each counter belongs to a page table or a device;
 * one lock serves all of them.
 */
#include "mock.h"

static DEFINE_SPINLOCK(fail_lock);

/**
 * mock_fail_set() - Choose which calls fail
 * @fail: the kind of call
 * @skip: calls that still succeed
 * @count: calls that fail after those; 0 cancels an earlier choice
 * @error: the negative errno they fail with
 *
 * Context: takes a spinlock.
 */
void mock_fail_set(struct mock_fail *fail, u32 skip, u32 count, int error)
{
	spin_lock(&fail_lock);
	*fail = (struct mock_fail){ .skip = skip, .count = count, .error = error };
	spin_unlock(&fail_lock);
}

/**
 * mock_fail_hit() - Count a call, and tell whether it fails
 * @fail: the kind of call
 *
 * Context: takes a spinlock.
 * Return: 0, or the error that the call has to fail with.
 */
int mock_fail_hit(struct mock_fail *fail)
{
	int ret = 0;

	spin_lock(&fail_lock);
	if (fail->skip && fail->count) {
		fail->skip--;
	} else if (fail->count) {
		fail->count--;
		ret = fail->error;
	}
	spin_unlock(&fail_lock);
	return ret;
}

/**
 * mock_fail_copy() - Let calls of one object fail as those of another one are to
 * @to: the kind of call
 * @from: the other one
 *
 * Context: takes a spinlock.
 */
void mock_fail_copy(struct mock_fail *to, const struct mock_fail *from)
{
	spin_lock(&fail_lock);
	*to = *from;
	spin_unlock(&fail_lock);
}
