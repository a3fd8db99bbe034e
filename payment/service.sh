# shellcheck shell=bash
# payment on one machine: its port, and the stores it needs; the words are explained in local/services.sh.

service payment 8083 postgres kafka
