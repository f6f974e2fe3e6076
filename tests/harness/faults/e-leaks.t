#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pass, but leave a reference to the driver's module: a policy that is pinned in a mount of its own.
# takes: 20
. "$(dirname "$0")/../../lib/tap.sh"
umount /sys/fs/bpf
mount -t bpf bpffs /sys/fs/bpf
ok "a policy is loaded" build/iopolicy load build/policies/readonly.bpf.o
mkdir /tmp/kept
mount --move /sys/fs/bpf /tmp/kept
finish
