-- Cancelled orders are told of, and refunds.
alter table notice drop constraint notice_kind_check;
alter table notice add constraint notice_kind_check check (kind in ('ORDER_PLACED', 'ORDER_CONFIRMED', 'PAYMENT_DECLINED',
    'DELIVERY_READY', 'DELIVERY_STARTED', 'DELIVERY_COMPLETED',
    'CANCEL_REQUESTED', 'CANCEL_REFUSED', 'ORDER_CANCELLED', 'PAYMENT_REFUNDED')) not valid;  -- the old rows had fewer kinds to choose from

-- A refund that is heard of before its order waits in the dialogue.
alter table dialogue add column amount bigint not null default 0;
alter table dialogue add column currency text not null default '';
