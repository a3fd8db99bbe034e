# shellcheck shell=bash
# loyalty on one machine: its port, the stores it needs, and where it is seen from outside. What it is told besides would be printed by a
# function loyalty_settings, a setting a line.

service loyalty 8101 postgres kafka
route loyalty /api/loyalty
