# shellcheck shell=bash
# new_service: a folder with a working service in it, from local/template: for a new team to put its own domain in the place of the example's.

NEW_SERVICE_USAGE="It is: ./jumun new-service NAME, e.g. ./jumun new-service gift-cards"

jumun_new_service() {
    (( $# == 1 )) || die "new-service takes one word, got: $*" "$NEW_SERVICE_USAGE"
    local name=$1 port
    new_service_name "$name"
    port=$(new_service_port)
    mkdir -p "$ROOT/build"
    new_service_copy "$name" "$port" "$ROOT/build/new-service"
    mv "$ROOT/build/new-service" "$ROOT/$name"
    new_service_told "$name"
}

# new_service_name NAME: dies when it is no name, or another's.
new_service_name() {
    [[ $1 =~ ^[a-z][a-z0-9]*(-[a-z0-9]+)*$ ]] || die "'$1' is no name for a service" \
        "Small letters and digits, words joined by a dash, beginning with a letter. $NEW_SERVICE_USAGE"
    (( ${#1} <= 30 )) || die "'$1' is too long for a name" "Thirty characters at most. $NEW_SERVICE_USAGE"
    [[ ! -e $ROOT/$1 ]] || die "there is a folder '$1' already" "Choose another name, or work on what is there: $1/README.md"
    [[ -z ${PORT[$1]:-} ]] || die "'$1' is the name of a process that runs beside the services" "Choose another name."
    ! new_service_target "$1" || die "'$1' is the name of something that is built here" "Choose another name: cmake would find two of it."
    ! grep -q "\"/api/$1[/\"]" "$ROOT/gateway/inbound/routes.c" || die "/api/$1 is another service's path at the gateway" "Choose another name."
}

# Libraries and programs of common/ and tests/, by what their CMakeLists.txt say; cmake's own; and the unit tests' database.
new_service_target() {
    [[ $1 =~ ^(all|clean|help|install|test|package|edit-cache|template)$ ]] ||
        grep -r -q -E --include=CMakeLists.txt "^ *(add_library|add_executable|jumun_library|jumun_service|jumun_test)\($1[ )]" \
            "$ROOT/common" "$ROOT/tests" "$ROOT"/*/CMakeLists.txt
}

# The first that is free; the admin port is a thousand above it.
new_service_port() {
    local port
    for port in {8101..8199}; do
        [[ " ${PORT[*]} " == *" $port "* ]] || { echo "$port"; return; }
    done
    die "all ports from 8101 to 8199 are given to services" "Give one up in its service.sh."
}

# new_service_copy NAME PORT FOLDER: the template, with its name and port in the place of the example's, whole or not at all.
new_service_copy() {
    local file
    rm -rf "$3"
    cp -r "$ROOT/local/template" "$3"
    while IFS= read -r -d '' file; do
        sed -i "s/loyalty/$1/g; s/8101/$2/g" "$file"
        [[ $file != *loyalty* || $1 == loyalty ]] || mv "$file" "${file/loyalty/$1}"
    done < <(find "$3" -type f -print0)
    ! command -v clang-format > /dev/null || find "$3" -name '*.[ch]' -exec clang-format -i {} +
}

new_service_told() {
    cat << TEXT
$1/ is a service that works: it counts each customer's completed orders.

  ./jumun up            builds it and starts it beside the others, with a database of its own
  ./jumun test quick    its tests, and everybody's
  GET /api/$1/{customer} is its path at the gateway

Now make it yours: $1/README.md, and docs/operations/new-service.md.
TEXT
}
