#!/bin/sh
# Fails when the fence does not hold: compiles, as a domain is compiled, a file that includes each header that does I/O.
# fence_test.sh COMPILER FENCE
set -eu
held=0
for header in $(cd "$2" && find . -name '*.h' | sed 's|^\./||' | sort); do
    if said=$(printf '#include <%s>\n' "$header" | "$1" -std=gnu17 -I"$2" -I/usr/include/postgresql -fsyntax-only -x c - 2>&1); then
        echo "a domain could include <$header>"
        exit 1
    fi
    case $said in
        *"The domain is pure"*) held=$((held + 1)) ;;
        *) echo "<$header> is refused for another reason: $said"; exit 1 ;;
    esac
done
printf 'int domain;\n' | "$1" -std=gnu17 -I"$2" -fsyntax-only -x c -
[ "$held" -ge 10 ] && echo "$held headers are fenced off"
