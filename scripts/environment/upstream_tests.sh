#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Builds collections of the kernel's selftests: upstream_tests.sh TREE OPTIONS RESULT COLLECTION...
#
# The prepared tree stays as it is: what is made in it goes to an overlay, mounted with OPTIONS, and
# from there to RESULT, which has the parts of the tree that the tests are run from. What does not
# build is left out; whether a test can do without is seen when it is run.

set -eu

tree=$1
options=$2
result=$3
shift 3

mount -t overlay -o "$options" overlay "$tree"
cd "$tree"
tests=tools/testing/selftests
make -s headers
for collection; do
	# --keep-going ends with an error if anything did not build; the log says what.
	make --keep-going -j"$(nproc)" -C "$tests/$collection" CC=gcc-14 CLANG=clang-19 all ||
		echo "nsmux: not all of $collection builds"
done

mkdir -p "$result"
# Objects are BPF programs here, but for those that libraries were made of.
rsync --archive --relative --prune-empty-dirs \
	--exclude='/*/*/*/*/tools/' --exclude='*.[cdh]' --exclude='*.a' \
	--include='*.bpf.o' --exclude='*.o' \
	"$tests/net" "$tests/wireguard" "$tests/kselftest" "$result"
rsync --archive --relative --include='*/' --include='*.py' --exclude='*' --prune-empty-dirs \
	tools/net/ynl/pyynl "$result"
rsync --archive --relative Documentation/netlink/specs "$result"
for collection; do
	# Not every collection wants a configuration of its own.
	if [ -e "$tests/$collection/config" ]; then
		cat "$tests/$collection/config"
	fi
done >"$result/config"
