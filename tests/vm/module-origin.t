#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iosnoop --check says where iommufd and vfio come from: loaded by hand, by make install, by DKMS,
# or the kernel's own; and how to go back.
# vm: --no-load
# takes: 15
set -u
# With a /lib/modules of its own.
[[ ${1-} == private ]] || exec unshare -m "$0" private
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source tests/lib/cli.sh
built=$(realpath "${IOMMUSCOPE_MODULES:-build}")
lib=/lib/modules/$(uname -r)
stock=$(find "$lib/" -path '*/drivers/vfio/vfio.ko*' | head -n 1)
case $stock in
*.xz) xz -dc "$stock" >"$dir/vfio.ko" ;;
*) cp "$stock" "$dir/vfio.ko" ;;
esac
[[ $stock != *.xz ]] || cp "$stock" "$dir"
modprobe -q irqbypass
mkdir -p "$lib"
mount -t tmpfs tmpfs "$lib"
mkdir -p "$lib"/{updates/dkms,kernel/drivers/vfio}
load() { for m in "$@"; do insmod "$m" || return; done; }
# list FILE...: what modprobe knows
list() { printf '%s:\n' "$@" >"$lib/modules.dep"; }
check() {
	local text
	# Without privileges it loads no BPF programs, which take most of the time.
	run setpriv --bounding-set=-all --inh-caps=-all build/iosnoop --check
	text=$(<"$dir/out")
	tr -s ' ' <<<"${text//"$lib/"/LIB/}" >"$dir/text"
}
not() { ! "$@"; }
line() { grep -m1 "$1" "$dir/text"; }

load "$built"/iommufd.ko "$built"/vfio/vfio.ko
check
is "iommufd that was loaded by hand" "$(line "origin of iommufd")" \
	"ok origin of iommufd by hand; modprobe finds no file"
is "vfio that was loaded by hand" "$(line "origin of vfio ")" \
	"ok origin of vfio by hand; modprobe finds no file"
ok "how to go back" grep -q -- "-> back to the kernel's own: modprobe -r vfio-pci" "$dir/text"

strip -g -o "$lib/updates/iommufd.ko" "$built/iommufd.ko"
list updates/iommufd.ko kernel/drivers/vfio/vfio.ko.xz
check
is "by make install: the build id is that of the file" "$(line "origin of iommufd")" \
	"ok origin of iommufd by make install: LIB/updates/iommufd.ko"
is "vfio is another file than modprobe would load" "$(line "origin of vfio ")" \
	"ok origin of vfio by hand; modprobe would load LIB/kernel/drivers/vfio/vfio.ko.xz"
ok "how to go back" grep -q -- "-> back to the kernel's own: make uninstall, and reboot" "$dir/text"

strip -g -o "$dir/vfio.ko.small" "$built/vfio/vfio.ko"
xz -0c "$lib/updates/iommufd.ko" >"$lib/updates/dkms/iommufd.ko.xz"
xz -0c "$dir/vfio.ko.small" >"$lib/updates/dkms/vfio.ko.xz"
list updates/dkms/iommufd.ko.xz updates/dkms/vfio.ko.xz updates/dkms/vfio-pci.ko.xz
check
is "iommufd by DKMS, compressed" "$(line "origin of iommufd")" \
	"ok origin of iommufd by DKMS: LIB/updates/dkms/iommufd.ko.xz"
is "vfio by DKMS" "$(line "origin of vfio ")" \
	"ok origin of vfio by DKMS: LIB/updates/dkms/vfio.ko.xz"
is "a module that is not loaded" "$(line "origin of vfio_pci")" \
	"ok origin of vfio_pci not loaded; modprobe would load LIB/updates/dkms/vfio-pci.ko.xz"
ok "how to go back" grep -q "own: apt-get remove iommuscope-dkms, and reboot" "$dir/text"
ok "all of DKMS's modules are there" not grep -q "DKMS has installed" "$dir/text"

rmmod vfio
cp "$dir/${stock##*/}" "$lib/kernel/drivers/vfio"
list updates/dkms/iommufd.ko.xz "kernel/drivers/vfio/${stock##*/}"
load "$dir/vfio.ko"
check
is "the kernel's own vfio beside our iommufd is a fault" "$(line "origin of vfio ")" \
	"MISSING origin of vfio the kernel's own: LIB/kernel/drivers/vfio/${stock##*/}"
ok "with a remedy" grep -q -- "-> it does not use iommufd; install ours" "$dir/text"
is "a part of DKMS's modules is a fault, too" "$(line "MISSING modules of DKMS")" \
	"MISSING modules of DKMS DKMS has installed only a part: vfio is not there"
ok "with a remedy" grep -q -- "-> dkms install --force iommuscope/.* -k $(uname -r)" "$dir/text"
rmmod vfio iommufd
check
ok "without the module it says how to load it" grep -q -- "-> modprobe iommufd; or," "$dir/text"
# As with Secure Boot.
echo Y >"$dir/enforce"
mount --bind "$dir/enforce" /sys/module/module/parameters/sig_enforce
check
ok "where signatures are enforced, it says so" grep -q \
	"MISSING module iommufd not loaded, and this kernel loads only modules that are signed" \
	"$dir/text"
ok "and how to enrol the key" grep -q "mokutil --import /var/lib/dkms/mok.pub" "$dir/text"
umount /sys/module/module/parameters/sig_enforce
finish
