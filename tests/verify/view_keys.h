/* view_keys — how customer-view names what it keeps in Redis; from its README. */
#ifndef VERIFY_VIEW_KEYS_H
#define VERIFY_VIEW_KEYS_H

#define VIEW_GENERATION "view:1:"

#endif
