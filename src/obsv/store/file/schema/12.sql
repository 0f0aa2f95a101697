-- Schema version 12: what waits for its other half, and the counts between services, know how many calls a sampled one stands for.
alter table orphan add column calls integer not null default 1;
alter table orphan add column recorded integer not null default 1; -- 0: they were only counted
alter table orphan add column total_ns integer; -- of all of them; null: each took as long as the row
alter table request_half add column calls integer not null default 1;
alter table request_total add column unrecorded integer not null default 0; -- of `count` those that sampled ones stand for
