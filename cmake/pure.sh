#!/bin/sh
# Fails when a domain library calls anything but itself, base, decider, and the C library's memory and string functions.
set -eu
allowed='^(mem(cpy|cmp|set|move|chr)|str(n?len|n?cmp|chr)|__asan_.*|__ubsan_.*|__tsan_.*|__gcov_.*|__stack_chk_fail|__mem(cpy|set|move)_chk|_GLOBAL_OFFSET_TABLE_|(arena|str|buf|uuid|money|instant|invariant|decision|keys)_.*)$'
defined=$(nm -g --defined-only "$1" | awk 'NF == 3 {print $3}' | sort -u)
foreign=$(nm -u "$1" | awk '$1 == "U" {print $2}' | sort -u | grep -Ev "$allowed" | while read -r symbol; do
    printf '%s\n' "$defined" | grep -qxF "$symbol" || printf '%s\n' "$symbol"
done)
[ -z "$foreign" ] && exit 0
printf "%s is not pure; it calls:\n%s\n" "$1" "$foreign"
exit 1
