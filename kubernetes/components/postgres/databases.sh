# The databases and their roles; sourced by the image when it makes a new cluster. Passwords come by files and go in by standard input.
for name in order product payment notification delivery; do
    cat << SQL
CREATE ROLE "$name" LOGIN PASSWORD '$(cat "/run/secrets/jumun/$name")';
CREATE DATABASE "$name" OWNER "$name";
REVOKE ALL ON DATABASE "$name" FROM PUBLIC;
SQL
done | psql -X -q -v ON_ERROR_STOP=1 --username postgres --dbname postgres
