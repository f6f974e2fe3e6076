#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What BPF programs see of contexts, objects, areas and policies, also while all that changes.
# vm: --mock --smp 2
exec "${IOMMUSCOPE_TESTS:-build/tests}/iterators"
