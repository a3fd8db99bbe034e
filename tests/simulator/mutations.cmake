# Planted mutations of the deciders: each must be caught, or the simulator looks in the wrong place.
#
# mutation(NAME SOURCE FIND REPLACE): a simulator with one line of a domain changed, and a test that some seed finds it out. The copy is made
# in the build's folder; nothing of it stands in the domains.
function(mutation name source find replace)
    set(copy ${CMAKE_CURRENT_BINARY_DIR}/mutations/${name}.c)
    set(words ${CMAKE_CURRENT_BINARY_DIR}/mutations/${name}.cmake)
    file(GENERATE OUTPUT ${words} CONTENT "set(NAME ${name})
set(SOURCE ${CMAKE_SOURCE_DIR}/${source})
set(OUTPUT ${copy})
set(FIND [==[${find}]==])
set(REPLACE [==[${replace}]==])
")
    add_custom_command(OUTPUT ${copy}
        COMMAND ${CMAKE_COMMAND} -DWORDS=${words} -P ${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake
        DEPENDS ${CMAKE_SOURCE_DIR}/${source} ${words} ${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake VERBATIM)
    # Its object stands before the libraries, so the linker never looks for the unchanged one.
    add_executable(simulator_${name} $<TARGET_OBJECTS:simulation> $<TARGET_OBJECTS:simulation_main> ${copy})
    target_link_libraries(simulator_${name} PRIVATE ${domains})
    set_source_files_properties(${copy} PROPERTIES COMPILE_OPTIONS -Wno-unused)
    add_test(NAME simulator_catches_${name} COMMAND simulator_${name} --seeds 20000 --expect-violation)
    set_tests_properties(simulator_catches_${name} PROPERTIES TIMEOUT 120)
endfunction()

# ── money ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

mutation(refund_before_delivery_decided payment/domain/way_back.c
    "if (!payment->cancel_requested && !payment->closing)"
    "if (payment->status == PAYMENT_APPROVED) payment_give_back(c, a, payment_telling_attempt(payment, 0)->reference, d);
        if (!payment->cancel_requested && !payment->closing)")
mutation(late_approval_not_refunded payment/domain/attempt.c
    "if (payment->closing || payment->status == PAYMENT_CLOSED)"
    "if (payment->status == PAYMENT_CLOSED)")
mutation(late_decline_not_closed payment/domain/attempt.c
    "if (payment->closing)
        payment_close(c, a, d)"
    "if (false)
        payment_close(c, a, d)")
mutation(attempt_on_closed_payment_charges payment/domain/attempt.c
    "case PAYMENT_CLOSED: return; /* the answer tells the state */"
    "return;
    case PAYMENT_CLOSED: begin(c, a, c->fresh, d); return;")
mutation(charged_again_by_a_new_key payment/domain/attempt.c
    ".key = latest->key"
    ".key = c->fresh")
mutation(refunded_again_by_a_new_key payment/domain/way_back.c
    "    if (str_absent(refund->fault_code))"
    "    if (false)")
mutation(confirmed_without_approval order/domain/paying.c
    "case PAYMENT_UNKNOWN: return;"
    "case PAYMENT_UNKNOWN: decision_event(d, a, ORDER_CONFIRMED_EVENT, &(struct order_confirmed){.at = c->now}); return;")

# ── the way back ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

mutation(cancelled_by_release_alone order/domain/cancelling.c
    "came_back(c, a, d, ORDER_RELEASED_EVENT, order_settled(order))"
    "came_back(c, a, d, ORDER_RELEASED_EVENT, true)")
mutation(cancelled_by_refund_alone order/domain/cancelling.c
    "came_back(c, a, d, ORDER_REFUNDED_EVENT, order->released)"
    "came_back(c, a, d, ORDER_REFUNDED_EVENT, true)")
mutation(approval_revives_a_cancelled_order order/domain/paying.c
    "case ORDER_CANCELLED: return; /* told twice"
    "case ORDER_CANCELLED:
        if (order->status == ORDER_CANCELLING && ((const struct record_payment *)c->data)->outcome == PAYMENT_APPROVED) confirm(c, a, d);
        return; /* told twice")
mutation(cancelled_after_dispatch delivery/domain/delivery.c
    "case DELIVERY_COMPLETED: decision_event(d, a, DELIVERY_CANCEL_REFUSED_EVENT, NULL); return;"
    "decision_event(d, a, DELIVERY_CANCELLED_EVENT, &(struct delivery_cancelled){cancel->customer, cancel->lines}); return;
    case DELIVERY_COMPLETED: decision_event(d, a, DELIVERY_CANCEL_REFUSED_EVENT, NULL); return;")
mutation(dispatched_after_cancel delivery/domain/delivery.c
    "case DELIVERY_CANCELLED: refuse_courier(d, start->by, IS_CANCELLED); return;"
    "case DELIVERY_CANCELLED: decision_event(d, a, DELIVERY_STARTED_EVENT, &started); return;")
mutation(window_never_closes order/domain/paying.c
    "if (c->now >= order->deadline) {"
    "if (false) {")

# ── stock ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

mutation(released_twice product/domain/preparation.c
    "move_lines(d, &order->lines, a + 1, STOCK_RELEASED_EVENT);"
    "move_lines(d, &order->lines, a + 1, STOCK_RELEASED_EVENT);
    move_lines(d, &order->lines, a + 1, STOCK_RELEASED_EVENT);")
mutation(tombstone_ignored product/domain/preparation.c
    "case PREPARATION_RELEASED: return; /* it is decided */"
    "return;
    case PREPARATION_RELEASED: if (rejected.count == 0) reserve(d, &order->lines, a); return;")
mutation(sold_more_than_there_is product/domain/preparation.c
    "if (rejected.count > 0)"
    "if (false)")

# ── what a crash forgets ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

mutation(no_timer_beside_the_question_to_payment order/domain/paying.c
    "decision_timer(d, a, ORDER_UNPAID_TIMER, again < pay_until ? again : pay_until);"
    "(void)again, (void)pay_until;")
mutation(no_timer_beside_the_carrier delivery/domain/delivery.c
    "decision_timer(d, a, CARRIER_TIMER, facts->at + carrier_patience);"
    "")

# ── notices ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

mutation(notice_told_twice notification/domain/notification.c
    "if (before->status != NOTICE_NONE)"
    "if (before->status == NOTICE_PENDING)")
mutation(notice_forgotten notification/domain/notification.c
    "if (dialogue->waiting && !str_absent(whole->first_item))"
    "if (false)")
