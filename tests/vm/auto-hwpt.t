#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: --mock --smp 2
exec build/tests/auto-hwpt
