// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU that counts the guest's instructions between two marks, for `make bench
 * PROFILE=ROW`.
 *
 *	-plugin bench-profile.so,out=FILE
 *
 * bench-ops executes a mark before and after each call, see mark.h. The plugin counts how often
 * each translated block is executed in each phase, and writes lines
 * "phase<TAB>address<TAB>count<TAB>atomic" at the end, one for each instruction; the line of a
 * phase itself has address 0 and the number of calls. Atomic is 1 for an instruction that locks a
 * cache line, otherwise 0. Only one virtual processor is supported, which is what -icount gives.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "qemu_plugin.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

/*
 * A block of instructions that was translated. QEMU may translate the same code again, which makes
 * another block; blocks are never freed, because QEMU does not say when it drops one.
 */
struct block {
	struct block *next;
	uint64_t runs[MARK_PHASES];
	size_t nr_insns;
	struct insn {
		uint64_t address;
		bool atomic;
	} insns[];
};

static struct block *blocks;
static uint64_t calls[MARK_PHASES];
static unsigned int phase; /* 0: not counting */
static const char *out_path;

static void count_block(unsigned int cpu, void *data)
{
	struct block *block = data;

	(void)cpu;
	if (phase)
		block->runs[phase]++;
}

static void set_phase(unsigned int cpu, void *data)
{
	(void)cpu;
	phase = (uintptr_t)data;
	calls[phase]++;
}

/* Recognize a mark; returns its phase, or -1. */
static int mark_of(const struct qemu_plugin_insn *insn)
{
	static const uint8_t opcode[] = { MARK_OPCODE };
	uint8_t data[sizeof(opcode) + sizeof(uint32_t)];
	uint32_t value;

	if (qemu_plugin_insn_size(insn) != sizeof(data) ||
	    qemu_plugin_insn_data(insn, data, sizeof(data)) != sizeof(data) ||
	    memcmp(data, opcode, sizeof(opcode)))
		return -1;
	memcpy(&value, data + sizeof(opcode), sizeof(value));
	return value - MARK_VALUE < MARK_PHASES ? (int)(value - MARK_VALUE) : -1;
}

/* Whether an instruction has a lock prefix, or is an xchg with memory, which needs none. */
static bool is_atomic(const struct qemu_plugin_insn *insn)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
					    0x66, 0x67, 0xf2, 0xf3, 0xf0 };
	uint8_t data[16] = {};
	size_t i = 0;

	qemu_plugin_insn_data(insn, data, sizeof(data) - 2);
	for (; memchr(prefixes, data[i], sizeof(prefixes)); i++)
		if (data[i] == 0xf0)
			return true;
	if ((data[i] & 0xf0) == 0x40)
		i++;
	return (data[i] & 0xfe) == 0x86 && data[i + 1] < 0xc0;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct block *block = calloc(1, sizeof(*block) + n * sizeof(block->insns[0]));

	(void)id;
	if (!block)
		abort();
	block->nr_insns = n;
	block->next = blocks;
	blocks = block;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		int mark = mark_of(insn);

		block->insns[i].address = qemu_plugin_insn_vaddr(insn);
		block->insns[i].atomic = is_atomic(insn);
		if (mark >= 0)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, set_phase, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)mark);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, count_block, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void write_counts(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");
	const struct block *block;
	unsigned int p;
	size_t i;

	(void)id;
	(void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	for (p = 1; p < MARK_PHASES; p++) {
		fprintf(out, "%u\t0\t%llu\n", p, (unsigned long long)calls[p]);
		for (block = blocks; block; block = block->next)
			for (i = 0; i < block->nr_insns && block->runs[p]; i++)
				fprintf(out, "%u\t%016llx\t%llu\t%d\n", p,
					(unsigned long long)block->insns[i].address,
					(unsigned long long)block->runs[p], block->insns[i].atomic);
	}
	if (fclose(out))
		perror(out_path);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "bench-profile: usage: -plugin bench-profile.so,out=FILE\n");
		return -1;
	}
	out_path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return 0;
}
