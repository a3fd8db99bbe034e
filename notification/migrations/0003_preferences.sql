-- How each customer wants to be told; who has no row has said nothing.
create table preferences (
    id          uuid primary key,  -- the customer
    version     bigint not null,
    language    text not null check (language in ('ko', 'en')),
    channels    json,              -- ["alimtalk", "email"], the best loved first
    email       text,
    phone       text,
    webhook_url text
);

-- Notices go by other channels, too, and remember those that failed them: [{"channel": "alimtalk", "reason": "no-recipient"}]
alter table notice drop constraint notice_channel_check;
alter table notice add constraint notice_channel_check check (channel in ('log', 'email', 'webhook', 'alimtalk')) not valid;
alter table notice add column failures json;
