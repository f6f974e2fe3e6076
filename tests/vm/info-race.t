#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Asking about an IOAS and a device while claims are exchanged and the device comes and goes.
# vm: --mock --smp 2 --append preempt=full
exec "${IOMMUSCOPE_TESTS:-build/tests}/info-race"
